"""What fettle writes, loaded by the real peers: bench/run.sh peft, about three minutes; a difference beyond 1e-4 is exit 3.

Small random models of every family are tuned by `fettle train`, exported, and asked by `fettle logits`; then PEFT loads the
adapters, transformers the merged models, bitsandbytes the 4-bit bases, and all logits are compared.
"""
import json
import shutil
import sys

from beside import child, machine, table
from beside.project import PROGRAM, Project

LIMIT = 1e-4
ALL = {"rank": 4, "alpha": 8, "targets": ["all-linear"]}
VARIANTS = {
    "rslora": {**ALL, "rslora": True},
    "dora": {**ALL, "dora": True},
    "rank and alpha pattern": {**ALL, "rank_pattern": [{"match": "o_proj", "value": 2}, {"match": "layers.1.mlp.down_proj", "value": 6}],
                               "alpha_pattern": [{"match": "down_proj", "value": 3}]},
    "modules_to_save lm_head": {"rank": 4, "targets": ["o_proj", "down_proj"], "modules_to_save": ["lm_head"]},
    "modules_to_save embed_tokens": {"rank": 4, "targets": ["o_proj"], "modules_to_save": ["embed_tokens"]},
    "embedding and lm_head": {"rank": 4, "targets": ["o_proj", "embed_tokens", "lm_head"]},
    "dora on embedding": {"rank": 4, "dora": True, "targets": ["o_proj", "embed_tokens"]},
    "regular expression": {"rank": 4, "targets": [r"/.*layers\.1\..*(o|down)_proj/"]},
    "layers, exclude": {**ALL, "layers": [1], "exclude": ["down_proj"]},
    "pissa": {**ALL, "init": "pissa"},
    "bias lora_only": {**ALL, "bias": "lora_only"},
    "bias all": {**ALL, "bias": "all"},
}
PLAIN = ["llama", "llama_tied", "llama_bias", "mistral", "qwen2", "qwen3", "phi3", "gemma2", "gemma3", "smollm3", "olmo2", "glm4"]
VARIED = ["llama", "qwen2", "phi3"]
EXTRA = [("llama_bias", "lora_bias", {**ALL, "lora_bias": True}), ("llama_tied", "modules_to_save lm_head, tied", VARIANTS["modules_to_save lm_head"])]


def cases():
    for family in PLAIN:
        yield family, "plain", ALL, None
    for family in VARIED:
        for name, lora in VARIANTS.items():
            yield family, name, lora, None
    for family, name, lora in EXTRA:
        yield family, name, lora, None
    for family in ("llama", "llama_tied", "qwen2", "phi3"):
        for double in (True, False):
            yield family, f"NF4{', double quantisation' if double else ''}", ALL, {"load": "nf4", "double": double}


def attempt(argv):
    """Runs fettle; what it refuses is told in one line."""
    try:
        child.run([PROGRAM, *argv], timeout=300)
        return None
    except child.Failed as why:
        return str(why).strip().splitlines()[-1]


def logits(model, adapter, rows, out):
    adapted = ["-adapter", adapter] if adapter else []
    return attempt(["logits", "-model", model, *adapted, "-backend", "go", "-in", rows, "-out", out])


def write(root, number, family, lora, quant):
    """Tunes and exports one case: the checks that the peers shall make, and what fettle refused."""
    rows, base, out = root / "rows.jsonl", root / family, root / "out" / str(number)
    out.mkdir(parents=True)
    p = Project(root / "projects" / family, {
        "ingest": {"sources": [{"files": {"name": "rows", "path": str(rows)}}]},
        "format": {"model": str(base), "shape": {"tokens": {}}, "pack": {"length": 24, "alone": True}},
        "train": {"lora": lora, "epochs": 3, "batch": {"rows": 4}, "optimizer": {"lr": 0.02}, **({"quant": quant} if quant else {})},
    })
    for name in ("ingest", "format"):
        p.stage(name)
    try:
        artifact = p.stage("train")[1]
    except child.Failed as why:
        return [], {"train": str(why).strip().splitlines()[-1]}
    adapter = f"{artifact['path']}/adapters/seed-1"
    checks, refused = [], {}
    if quant:
        why = attempt(["export", artifact["artifact"], "-store", p.store, "-format", "bnb", "-to", out / "bnb"])
        if why:
            return [], {"bnb": why}
        base = out / "bnb"
        refused["bnb alone"] = logits(base, None, rows, out / "base.safetensors")
        checks.append({"kind": "4-bit base", "model": str(base), "logits": str(out / "base.safetensors")})
    refused["adapter"] = logits(base, adapter, rows, out / "adapter.safetensors")
    checks.append({"kind": "adapter", "model": str(base), "adapter": adapter, "logits": str(out / "adapter.safetensors")})
    if not quant:
        why = refused["merged"] = attempt(["export", "-model", base, "-adapter", adapter, "-backend", "go", "-format", "merged", "-dtype", "f32", "-to", out / "merged"])
        if not why:
            checks.append({"kind": "merged", "model": str(out / "merged"), "logits": str(out / "adapter.safetensors")})
    return [{**c, "rows": str(rows), "quantised": quant is not None} for c in checks], {k: v for k, v in refused.items() if v}


def main():
    machine.threads(2)
    root = machine.WORK / "peft"
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    child.run([sys.executable, machine.ROOT / "bench" / "peft" / "make.py", root])
    all, found = list(cases()), []
    for number, (family, name, lora, quant) in enumerate(all):
        print(f"{family}: {name}", file=sys.stderr)
        found.append(write(root, number, family, lora, quant))
    checks = [c for some, _ in found for c in some]
    (root / "cases.json").write_text(json.dumps(checks))
    results = iter(json.loads(child.run([sys.executable, machine.ROOT / "bench" / "peft" / "check.py", root / "cases.json"]).out))
    rows, wrong = [], 0
    for (family, name, _, _), (some, refused) in zip(all, found):
        cells = {"adapter": "", "merged": "", "4-bit base": ""}
        for c in some:
            r = next(results)
            wrong += "error" in r or not r["difference"] <= LIMIT
            cells[c["kind"]] = r.get("error") or f"{r['difference']:.1e}"
        rows.append([family, name, *cells.values(), "; ".join(f"{k}: {v}" for k, v in refused.items())])
    table.write("peft", "# What fettle writes, loaded by PEFT, transformers and bitsandbytes", machine.facts(["torch", "transformers", "peft", "bitsandbytes"]),
                TEXT + f" {wrong} of {len(checks)} differ.", table.markdown(["model", "adapter", "PEFT", "merged", "4-bit base", "fettle refuses"], rows))
    sys.exit(3 if wrong else 0)


TEXT = """The largest difference of any logit between the peer and `fettle logits`, after three epochs of `fettle train` at a rate that moves
the adapters far; float32, logits spread by about one; 1e-4 is allowed. 4-bit models answer in training mode: in eval mode bitsandbytes computes in
bfloat16 on this processor, 0.05 off its own float32."""

if __name__ == "__main__":
    main()
