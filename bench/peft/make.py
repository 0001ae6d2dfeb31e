"""Makes small random models of every family by transformers, and token rows.

Usage: make.py FOLDER. All float32, in FOLDER/<family>; columns are multiples of 64, where bitsandbytes' CPU code is right.
"""
import json
import math
import pathlib
import sys

import torch
from transformers import AutoConfig, AutoModelForCausalLM

VOCAB, LENGTH, ROWS = 256, 24, 8
COMMON = dict(vocab_size=VOCAB, hidden_size=64, intermediate_size=128, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
              max_position_embeddings=128, bos_token_id=None, eos_token_id=None, pad_token_id=None, tie_word_embeddings=False)
FAMILIES = {
    "llama": ("llama", {}),
    "llama_tied": ("llama", {"tie_word_embeddings": True}),
    "llama_bias": ("llama", {"attention_bias": True, "mlp_bias": True}),
    "mistral": ("mistral", {"sliding_window": 8}),
    "qwen2": ("qwen2", {}),
    "qwen3": ("qwen3", {"head_dim": 32}),
    "phi3": ("phi3", {}),
    "gemma2": ("gemma2", {"head_dim": 32, "tie_word_embeddings": True, "query_pre_attn_scalar": 32}),
    "gemma3": ("gemma3_text", {"head_dim": 32, "tie_word_embeddings": True, "query_pre_attn_scalar": 32}),
    "smollm3": ("smollm3", {}),
    "olmo2": ("olmo2", {}),
    "glm4": ("glm4", {"head_dim": 16}),
}


def main(folder):
    torch.manual_seed(1)
    for name, (kind, more) in FAMILIES.items():
        model = AutoModelForCausalLM.from_config(AutoConfig.for_model(kind, **{**COMMON, **more}), dtype=torch.float32)
        with torch.no_grad():
            for weight, p in model.named_parameters():
                p.normal_(0, 0.1 if p.dim() == 1 else 1 / math.sqrt(p.shape[1]))
                if p.dim() == 1 and "norm" in weight and "gemma" not in name:
                    p.add_(1)
        model.save_pretrained(folder / name)
    rows = torch.randint(0, VOCAB, (ROWS, LENGTH)).tolist()
    (folder / "rows.jsonl").write_text("".join(json.dumps({"input_ids": ids}) + "\n" for ids in rows))


main(pathlib.Path(sys.argv[1]))
