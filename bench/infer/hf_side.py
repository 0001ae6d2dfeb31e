"""transformers on torch: prefill and decode by generate(), as fettle serve's answers are timed (run.py says how).

Usage: hf_side.py JSON. Prints {"ready", "prefill", "decode", "text"}: seconds; text is the greedy answer to the short prompt.
"""
import json
import os
import sys
import time

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer


def age():
    """Seconds since this process began, Python's start and all imports with it."""
    with open("/proc/self/stat") as f:
        ticks = int(f.read().rsplit(")", 1)[1].split()[19])
    return time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")


@torch.inference_mode()
def main(a):
    torch.set_num_threads(a["threads"])
    tokenizer = AutoTokenizer.from_pretrained(a["model"])
    model = AutoModelForCausalLM.from_pretrained(a["model"], dtype=torch.float32)

    def answer(ids, n):
        prompt = torch.tensor([ids])
        began = time.perf_counter()
        out = model.generate(prompt, attention_mask=torch.ones_like(prompt), max_new_tokens=n, min_new_tokens=n, do_sample=False, pad_token_id=0)
        return time.perf_counter() - began, out[0, len(ids):].tolist()

    answer(a["short"], 1)
    done = {"ready": age()}
    answer(a["long"][0], 1)
    done["prefill"] = [answer(ids, 1)[0] for ids in a["long"]]
    done["decode"] = []
    for _ in a["long"]:
        one, (whole, tokens) = answer(a["short"], 1)[0], answer(a["short"], 1 + a["new"])
        done["decode"].append(whole - one)
    done["tokens"], done["text"] = tokens, tokenizer.decode(tokens)
    json.dump(done, sys.stdout)


main(json.loads(sys.argv[1]))
