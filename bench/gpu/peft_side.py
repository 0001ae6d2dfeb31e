"""PEFT on torch as its users write it: bf16, sdpa attention, gradient checkpointing, fused AdamW, clipping at 1.

Usage: peft_side.py JSON. Prints {"seconds", "losses"} of the steps, and the "bytes" of the device that torch had given out at most.
"""
import json
import sys
import time

import torch
from peft import LoraConfig, get_peft_model, prepare_model_for_kbit_training
from transformers import AutoModelForCausalLM, BitsAndBytesConfig


def main(a):
    device = "cuda" if a["cuda"] else "cpu"
    torch.manual_seed(1)
    more = {}
    if a["nf4"]:
        more["quantization_config"] = BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True, bnb_4bit_compute_dtype=torch.bfloat16)
    model = AutoModelForCausalLM.from_pretrained(a["model"], dtype=torch.bfloat16, device_map=device, attn_implementation="sdpa", **more)
    if a["nf4"]:
        model = prepare_model_for_kbit_training(model, gradient_checkpointing_kwargs={"use_reentrant": False})
    else:
        model.gradient_checkpointing_enable({"use_reentrant": False})
        model.enable_input_require_grads()
    model = get_peft_model(model, LoraConfig(r=a["rank"], lora_alpha=2 * a["rank"], target_modules="all-linear", task_type="CAUSAL_LM"))
    model.train()
    with open(a["rows"]) as f:
        rows = torch.tensor([json.loads(line)["input_ids"] for line in f], device=device)
    trained = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=1e-4, weight_decay=0, fused=True)
    done = {"seconds": [], "losses": []}
    for step in range(a["steps"]):
        began = time.perf_counter()
        row = rows[step:step + 1]
        loss = model(input_ids=row, labels=row, use_cache=False).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        done["losses"].append(loss.item())  # waits for the device
        done["seconds"].append(time.perf_counter() - began)
    done["bytes"] = torch.cuda.max_memory_allocated() if a["cuda"] else 0
    json.dump(done, sys.stdout)


main(json.loads(sys.argv[1]))
