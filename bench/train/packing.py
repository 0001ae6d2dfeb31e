"""How full the blocks are: fettle's packing and TRL's best-fit decreasing on the same tokenised conversations (not timed).

The conversations are those of $FETTLE_SHARED/data/instruct; without that folder the part is left out.
"""
import json
import os
import pathlib
import sys

from beside import child, machine, table
from beside.project import Project

LENGTHS = (512, 1024, 2048)
SETS = (
    ("Alpaca, English, 51k", "alpaca_52k_split_en_zh/history/原始英文数据/*.json"),
    ("Alpaca, Chinese", "alpaca_52k_split_en_zh/history/翻译后的中文数据/*.json"),
    ("LLaMA-Factory demos, tools and chats", "llamafactory_data/data/*_demo.json"),
    ("Self-Instruct seeds", "self_instruct/data/*.jsonl"),
)


def page(tiny=False):
    root = os.environ.get("FETTLE_SHARED")
    if not root:
        return "## Packing\n\nLeft out: FETTLE_SHARED names no folder of data."
    rows = []
    for title, pattern in SETS[-1:] if tiny else SETS:
        for length in LENGTHS:
            print(f"packing: {title}, {length}", file=sys.stderr)
            rows.append(compare(title, pathlib.Path(root) / "data" / "instruct", pattern, length))
    return TEXT + table.markdown(["conversations", "block", "kept", "tokens", "fettle: blocks", "full", "TRL: blocks", "full"], rows)


def compare(title, root, pattern, length):
    folder = machine.WORK / "packing" / f"{pattern.split('/')[0]}-{pattern.split('/')[-2]}-{length}"
    folder.mkdir(parents=True, exist_ok=True)
    base = machine.ROOT / "pipelines" / "quickstart" / "base"
    script = machine.ROOT / "bench" / "train" / "trl_side.py"
    theirs = json.loads(child.run([sys.executable, script, json.dumps({
        "files": sorted(str(f) for f in root.glob(pattern)), "tokenizer": str(base), "length": length, "rows": str(folder / "rows.jsonl")})]).out)
    p = Project(folder, {
        "ingest": {"sources": [{"files": {"name": "rows", "path": str(folder / "rows.jsonl")}}]},
        "format": {"model": str(base), "shape": {"tokens": {}}, "loss": "all", "pack": {"length": length}},
    })
    p.stage("ingest")
    figures = p.stage("format")[1]["figures"]
    blocks, tokens = figures["blocks"], figures["tokens"]
    if tokens != theirs["tokens"]:
        sys.exit(f"{title}: fettle packed {tokens} tokens, TRL {theirs['tokens']}")
    full = lambda n: f"{tokens / n / length:.2%}"
    return [title, length, f"{theirs['kept']:,} of {theirs['all']:,}", f"{tokens:,}", f"{blocks:,}", full(blocks), f"{theirs['blocks']:,}", full(theirs["blocks"])]


TEXT = """## Packing

Both sides get the same token rows (the bundled base's tokenizer); rows longer than a block are left out before,
and files that are no whole JSON. TRL packs by its
default, best-fit decreasing in groups of a thousand rows; fettle by first-fit decreasing in windows of 65,536.

"""
