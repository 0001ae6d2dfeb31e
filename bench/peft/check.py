"""Loads what fettle wrote by transformers, PEFT and bitsandbytes, and compares the logits with fettle's.

Usage: check.py CASES.json. Prints a list of {"difference", "spread", "error"}: largest difference of any logit, their deviation.
"""
import json
import sys

import torch
from peft import PeftModel
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM


@torch.inference_mode()
def check(case):
    model = AutoModelForCausalLM.from_pretrained(case["model"], dtype=torch.float32, device_map="cpu")
    if case.get("adapter"):
        model = PeftModel.from_pretrained(model, case["adapter"])
    # On processors with AVX512-BF16, bitsandbytes computes answers from bfloat16 in eval mode, 0.05 off its own float32. Nothing here drops out.
    model.train(case["quantised"])
    ours, worst = load_file(case["logits"]), 0.0
    with open(case["rows"]) as f:
        rows = [json.loads(line)["input_ids"] for line in f]
    for i, ids in enumerate(rows):
        theirs = model(input_ids=torch.tensor([ids])).logits[0]
        worst = max(worst, (theirs - ours[f"logits.{i}"]).abs().max().item())
    return {"difference": worst, "spread": theirs.std().item()}


def main(path):
    results = []
    with open(path) as f:
        cases = json.load(f)
    for case in cases:
        try:
            results.append(check(case))
        except Exception as why:  # a peer that refuses a file is a finding, not the end
            results.append({"error": f"{type(why).__name__}: {why}"[:300]})
    json.dump(results, sys.stdout)


main(sys.argv[1])
