"""Makes what both sides read: a random Llama, an adapter on all its linears, its NF4 form, and token rows.

Usage: make.py FOLDER JSON-of-the-shape.
"""
import json
import pathlib
import sys

import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, BitsAndBytesConfig

from beside import llama

LINEARS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


def rows(shape, count, length):
    """Token rows of a Zipf-like draw: there is something to learn."""
    weights = 1 / torch.arange(1, shape["vocab"] + 1, dtype=torch.float64)
    return torch.multinomial(weights, count * length, replacement=True).view(count, length).tolist()


def main(folder, shape):
    folder = pathlib.Path(folder)
    m = llama.random(shape)
    m.save_pretrained(folder / "model")
    torch.manual_seed(2)
    adapter = get_peft_model(m, LoraConfig(r=shape["rank"], lora_alpha=2 * shape["rank"], target_modules=LINEARS, task_type="CAUSAL_LM"))
    adapter.save_pretrained(folder / "adapter")
    nf4 = BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True, bnb_4bit_compute_dtype=torch.float32)
    AutoModelForCausalLM.from_pretrained(folder / "model", quantization_config=nf4, dtype=torch.float32, device_map="cpu").save_pretrained(folder / "nf4")
    for batch, length in shape["batches"]:
        with open(folder / f"rows-{length}.jsonl", "w") as f:
            for ids in rows(shape, 2 * batch, length):
                f.write(json.dumps({"input_ids": ids}) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], json.loads(sys.argv[2]))
