"""A random Llama, made the same way each time. Imports torch: for the programs that a bench starts, not for the bench itself."""
import math

import torch
from transformers import LlamaConfig, LlamaForCausalLM


def random(shape, seed=1, tied=False):
    """Weights are drawn so that logits spread by about two: a wrong attention or a wrong scale shows."""
    torch.manual_seed(seed)
    m = LlamaForCausalLM(LlamaConfig(
        vocab_size=shape["vocab"], hidden_size=shape["dim"], intermediate_size=shape["ff"], num_hidden_layers=shape["layers"],
        num_attention_heads=shape["heads"], num_key_value_heads=shape["kv"], max_position_embeddings=8192, tie_word_embeddings=tied,
        bos_token_id=None, eos_token_id=None, pad_token_id=None, dtype="float32",
    ))
    spread = 2 / math.sqrt(shape["dim"])
    with torch.no_grad():
        for name, p in m.named_parameters():
            if "norm" in name:
                p.fill_(1)
            elif "embed" in name:
                p.normal_(0, spread if tied else 1)
            else:
                p.normal_(0, spread if "lm_head" in name else 1 / math.sqrt(p.shape[1]))
    return m
