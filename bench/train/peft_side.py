"""PEFT on torch: the same steps as fettle train, as its users write them (sdpa attention, fused AdamW, clipping at 1).

Usage: peft_side.py JSON. Prints {"losses", "norms", "seconds", "first"}: first is from the start of the process to the end of step 1.
"""
import json
import os
import sys
import time

import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM


def main(a):
    torch.set_num_threads(a["threads"])
    model = AutoModelForCausalLM.from_pretrained(a["model"], dtype=torch.float32, device_map="cpu")
    model = PeftModel.from_pretrained(model, a["adapter"], is_trainable=True)
    if a["checkpointing"]:
        model.gradient_checkpointing_enable({"use_reentrant": False})
        model.enable_input_require_grads()
    model.train()
    with open(a["rows"]) as f:
        rows = torch.tensor([json.loads(line)["input_ids"] for line in f])
    trained = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=a["lr"], weight_decay=0, fused=True)
    done = {"losses": [], "norms": [], "seconds": []}
    for step in range(a["steps"]):
        began = time.perf_counter()
        at = step * a["batch"] % len(rows)
        batch = rows[at:at + a["batch"]]
        loss = model(input_ids=batch, labels=batch, use_cache=False).loss
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        done["losses"].append(loss.item())
        done["norms"].append(norm.item())
        done["seconds"].append(time.perf_counter() - began)
        if step == 0:
            done["first"] = age()
    json.dump(done, sys.stdout)


def age():
    """Seconds since this process began, Python's start and all imports with it."""
    with open("/proc/self/stat") as f:
        ticks = int(f.read().rsplit(")", 1)[1].split()[19])
    return time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")


main(json.loads(sys.argv[1]))
