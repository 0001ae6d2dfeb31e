"""Tokenises conversations, writes those that fit a block as rows, packs them as TRL's SFTTrainer does.

Usage: trl_side.py JSON. Prints {"all", "kept", "tokens", "blocks"}.
"""
import json
import sys

from datasets import Dataset, disable_progress_bars
from tokenizers import Tokenizer
from trl import pack_dataset


def texts(x):
    """All strings of a row, in order: which of them are prompts does not matter to packing."""
    if isinstance(x, str):
        yield x
    elif isinstance(x, (list, dict)):
        for y in x.values() if isinstance(x, dict) else x:
            yield from texts(y)


def rows(path):
    try:
        with open(path, encoding="utf-8-sig") as f:
            return [json.loads(line) for line in f] if path.endswith("l") else json.load(f)
    except json.JSONDecodeError as err:  # some translations were left unfinished
        print(f"left out: {path}: {err}", file=sys.stderr)
        return []


def main(a):
    disable_progress_bars()
    tokenizer = Tokenizer.from_file(a["tokenizer"] + "/tokenizer.json")
    all = [r.ids for r in tokenizer.encode_batch(["\n".join(texts(row)) for path in a["files"] for row in rows(path)])]
    kept = [ids for ids in all if 1 < len(ids) <= a["length"]]
    with open(a["rows"], "w") as f:
        for ids in kept:
            f.write(json.dumps({"input_ids": ids}) + "\n")
    packed = pack_dataset(Dataset.from_dict({"input_ids": kept}), a["length"], "bfd")
    json.dump({"all": len(all), "kept": len(kept), "tokens": sum(map(len, kept)), "blocks": len(packed)}, sys.stdout)


main(json.loads(sys.argv[1]))
