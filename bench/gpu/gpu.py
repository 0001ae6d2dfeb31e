"""Speed and memory of training on the GPU, beside PEFT where torch is there; prints Markdown. Standard library only.

Usage: gpu.py WORK, the folder that run.sh unpacked; it starts it. With FETTLE_TEST_BACKEND=xla:cpu a tiny model proves the harness.
FETTLE_GPU_LAYERS=4 takes so many layers of the model: the same speed a layer in a fraction of the time.
"""
import json
import os
import pathlib
import random
import shutil
import statistics
import struct
import subprocess
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
WORK = pathlib.Path(sys.argv[1])
BACKEND = os.environ["FETTLE_TEST_BACKEND"]
GPU = BACKEND == "xla:cuda"
RANK, WARM, TIMED = 16, 3, 10
PATIENCE = 900  # seconds that one training may take

# Dense bfloat16 FLOP/s by the name that nvidia-smi gives: NVIDIA's data sheets, without sparsity.
PEAKS = {"H200": 989.4e12, "H100 PCIe": 756e12, "H100 NVL": 835e12, "H100": 989.4e12, "A100": 312e12, "L40S": 362e12, "A6000": 154.8e12, "4090": 165.2e12}


def config():
    if GPU:
        c = json.loads((WORK / "stages/train/testdata/models/llama-3-8b/config.json").read_text())
        return {**c, "num_hidden_layers": int(os.environ.get("FETTLE_GPU_LAYERS", c["num_hidden_layers"]))}
    return {"model_type": "llama", "architectures": ["LlamaForCausalLM"], "hidden_size": 64, "intermediate_size": 192, "num_hidden_layers": 2, "num_attention_heads": 4,
            "num_key_value_heads": 2, "vocab_size": 512, "max_position_embeddings": 512, "rms_norm_eps": 1e-5, "hidden_act": "silu", "tie_word_embeddings": False}


def tensors(c):
    h, f, v = c["hidden_size"], c["intermediate_size"], c["vocab_size"]
    kv = h // c["num_attention_heads"] * c["num_key_value_heads"]
    yield "model.embed_tokens.weight", (v, h)
    for i in range(c["num_hidden_layers"]):
        p = f"model.layers.{i}."
        yield from ((p + "self_attn.q_proj.weight", (h, h)), (p + "self_attn.k_proj.weight", (kv, h)), (p + "self_attn.v_proj.weight", (kv, h)),
                    (p + "self_attn.o_proj.weight", (h, h)), (p + "mlp.gate_proj.weight", (f, h)), (p + "mlp.up_proj.weight", (f, h)),
                    (p + "mlp.down_proj.weight", (h, f)), (p + "input_layernorm.weight", (h,)), (p + "post_attention_layernorm.weight", (h,)))
    yield "model.norm.weight", (h,)
    yield "lm_head.weight", (v, h)


def size(shape):
    n = 1
    for d in shape:
        n *= d
    return n


def bf16(x):
    return struct.pack("<f", x)[2:]


def make(folder, c, shard=4 << 30):
    """A model directory with weights of a fixed draw: a megabyte of normal numbers over and over, norms of one."""
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps({**c, "torch_dtype": "bfloat16"}))
    rng = random.Random(1)
    draw = b"".join(bf16(rng.gauss(0, 0.02)) for _ in range(1 << 19))
    ones = bf16(1.0) * (1 << 19)
    shards, total = [[]], 0
    for name, shape in tensors(c):
        if sum(2 * size(s) for _, s in shards[-1]) > shard:
            shards.append([])
        shards[-1].append((name, shape))
    where = {}
    for i, held in enumerate(shards):
        file = f"model-{i + 1:05}-of-{len(shards):05}.safetensors"
        header, at = {}, 0
        for name, shape in held:
            where[name] = file
            header[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [at, at + 2 * size(shape)]}
            at += 2 * size(shape)
        total += at
        text = json.dumps({"__metadata__": {"format": "pt"}, **header}).encode()
        text += b" " * (-len(text) % 8)
        with open(folder / file, "wb") as out:
            out.write(struct.pack("<Q", len(text)) + text)
            for name, shape in held:
                unit, left = (ones if "norm" in name else draw), 2 * size(shape)
                while left > 0:
                    left -= out.write(unit[:min(left, len(unit))])
    (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {"total_size": total}, "weight_map": where}))


def rows(path, c, count, length):
    rng = random.Random(2)
    with open(path, "w") as f:
        for _ in range(count):
            f.write(json.dumps({"input_ids": [rng.randrange(c["vocab_size"]) for _ in range(length)]}) + "\n")


class Peak:
    """The most memory that the card has in use while a program runs, in GiB; None without a card."""

    def __enter__(self):
        self.most, self.on = None, GPU
        self.before = self.used()
        self.thread = threading.Thread(target=self.watch)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.on = False
        self.thread.join()

    def used(self):
        if not GPU:
            return None
        out = subprocess.run(["nvidia-smi", "--query-gpu=memory.used", "--format=csv,noheader,nounits", "-i", "0"], capture_output=True, text=True)
        return int(out.stdout.split()[0]) / 1024

    def watch(self):
        while self.on:
            self.most = max(self.most or 0, self.used() - self.before)
            time.sleep(0.2)


def fettle(base, c, nf4, length, steps):
    """The road from rows to adapter, by the program itself; gives seconds and losses of the steps, and the bytes of the device that
    were in use at most, as XLA counts them."""
    name = ("qlora" if nf4 else "lora") + f"-{length}"
    root = WORK / "speed" / name
    shutil.rmtree(root, ignore_errors=True)
    (root / "pipelines" / "bench").mkdir(parents=True)
    rows(root / "rows.jsonl", c, steps, length)
    settings = {
        "ingest": {"sources": [{"files": {"name": "rows", "path": str(root / "rows.jsonl")}}]},
        "format": {"model": str(base), "shape": {"tokens": {}}, "loss": "all", "pack": {"length": length, "alone": True}},
        "train": {"lora": {"rank": RANK, "alpha": 2 * RANK}, "quant": {"load": "nf4" if nf4 else "none"}, "max_steps": steps, "batch": {"rows": 1},
                  "shuffle": False, "optimizer": {"lr": 1e-4, "clip": 1}, "schedule": {"name": "constant"}, "checkpoint": {"every": 100000}, "backend": BACKEND},
    }
    path = root / "pipelines" / "bench" / "stages.yaml"
    path.write_text(json.dumps(settings))  # JSON is YAML
    report = None
    for stage in ("ingest", "format", "train"):
        began = time.monotonic()
        done = subprocess.run([WORK / "bin/fettle", stage, "-config", path], cwd=root, env={**os.environ, "FETTLE_STORE": str(root / ".fettle")}, capture_output=True, text=True,
                              timeout=PATIENCE)
        print(f"{name}, {stage}: {time.monotonic() - began:.0f} s\n{done.stderr[-3000:]}", file=sys.stderr, flush=True)
        if done.returncode != 0:
            raise RuntimeError(f"fettle {stage}: exit {done.returncode}: {done.stderr[-2000:]}")
        report = json.loads(done.stdout)
    state = json.loads(next((root / report["path"]).rglob("trainer_state.json")).read_text())
    log = [r for r in state["log_history"] if "step_seconds" in r]
    return [r["step_seconds"] for r in log], [r["loss"] for r in log], report["figures"].get("device_peak_bytes")


def peft(base, c, nf4, length, steps):
    path = WORK / "speed" / "peft-rows.jsonl"
    rows(path, c, steps, length)
    done = subprocess.run([sys.executable, HERE / "peft_side.py", json.dumps({"model": str(base), "rows": str(path), "nf4": nf4, "rank": RANK, "steps": steps, "cuda": GPU})],
                          capture_output=True, text=True, timeout=PATIENCE)
    if done.returncode != 0:
        raise RuntimeError(f"PEFT: {done.stderr[-2000:]}")
    got = json.loads(done.stdout)
    return got["seconds"], got["losses"], got["bytes"]


def has(*modules):
    return subprocess.run([sys.executable, "-c", "import " + ", ".join(modules)], capture_output=True).returncode == 0


def card():
    out = subprocess.run(["nvidia-smi", "--query-gpu=name", "--format=csv,noheader", "-i", "0"], capture_output=True, text=True) if GPU else None
    return out.stdout.strip() if out else ""


def main():
    c = config()
    base = WORK / "speed" / "model"
    shutil.rmtree(WORK / "speed", ignore_errors=True)
    make(base, c)
    weights = sum(size(s) for n, s in tensors(c) if len(s) == 2 and "embed" not in n)
    name = card()
    peak = next((p for key, p in PEAKS.items() if all(word in name for word in key.split())), None)
    print("## Speed and memory\n")
    print(f"Llama of {c['num_hidden_layers']} layers, {c['hidden_size']} wide, random weights; LoRA rank {RANK} on all linears, one row a step, AdamW; median of {TIMED}")
    print(f"steps after {WARM}. MFU counts 4N operations a token for the N = {weights:,} weights of matrices: twice forward, twice for the gradient of")
    print(f"activations; attention and the recomputed layers are not counted. Card: {name or 'none'}, {f'{peak / 1e12:,.0f} TFLOP/s dense bf16' if peak else 'peak not known'}.\n")
    print("Memory: what the side's own allocator had given out at most, and by how much the card's use rose (nvidia-smi: with what allocators keep")
    print("in reserve, and CUDA's context). Start: seconds from start to the end of the first step, without what makes the data.\n")
    print("| training | side | tokens a second | MFU (4N) | GiB in use | GiB on the card | start, s | last loss |\n|---|---|---|---|---|---|---|---|")
    failed = False
    for nf4 in (True, False):
        for length in (2048,) if GPU else (64,):
            sides = [("fettle", fettle)]
            if has("torch", "peft", "transformers") and (not nf4 or has("bitsandbytes")):
                sides.append(("bitsandbytes + PEFT" if nf4 else "PEFT", peft))
            for side, train in sides:
                label = f"{'QLoRA NF4' if nf4 else 'LoRA bf16'}, {length} tokens"
                try:
                    began = time.monotonic()
                    with Peak() as memory:
                        seconds, losses, used = train(base, c, nf4, length, WARM + TIMED)
                    start = time.monotonic() - began - sum(seconds[1:])
                    speed = length / statistics.median(seconds[WARM:])
                    mfu = f"{speed * 4 * weights / peak:.1%}" if peak else "-"
                    print(f"| {label} | {side} | {speed:,.0f} | {mfu} | {f'{used / 2**30:.2f}' if used else '-'} | {f'{memory.most:.1f}' if memory.most else '-'} | {start:.0f} | {losses[-1]:.4f} |", flush=True)
                    print(f"{label}, {side}: seconds {[round(x, 4) for x in seconds]}", file=sys.stderr, flush=True)
                except (RuntimeError, StopIteration, KeyError, subprocess.TimeoutExpired) as e:
                    failed = True
                    print(f"| {label} | {side} | failed: see logs/speed.log | | | | | |", flush=True)
                    print(f"{label}, {side}: {e}", file=sys.stderr)
    print("\nTargets, not results: on an H100, LoRA bf16 of 8B 1.5 times PEFT at an MFU (4N) of 45 % or more; QLoRA twice bitsandbytes + PEFT at 30 % of its memory or less.")
    sys.exit(failed)


main()
