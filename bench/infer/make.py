"""Makes a random Llama with a tokenizer of as many tokens, and prompts.

Usage: make.py FOLDER JSON-of-the-shape. The tokenizer is learnt from the quickstart's pages and shaped as the bundled base's.
"""
import json
import pathlib
import sys
import tarfile

import torch
from transformers import AutoTokenizer

from beside import llama, machine

SHORT, LONG, LONGS = 16, 512, 3


def pages(path):
    with tarfile.open(path) as t:
        for member in t:
            if member.isfile():
                yield t.extractfile(member).read().decode("utf-8", "replace")


def main(folder, shape):
    folder = pathlib.Path(folder)
    quickstart = machine.ROOT / "pipelines" / "quickstart"
    tokenizer = AutoTokenizer.from_pretrained(quickstart / "base").train_new_from_iterator(pages(quickstart / "data" / "tldr-pages.tar.gz"), shape["vocab"])
    if len(tokenizer) != shape["vocab"]:
        sys.exit(f"the tokenizer has {len(tokenizer)} tokens, not {shape['vocab']}")
    tokenizer.save_pretrained(folder / "model")
    m = llama.random(shape, seed=3, tied=True)
    m.config.eos_token_id = m.generation_config.eos_token_id = tokenizer.eos_token_id
    m.save_pretrained(folder / "model")
    draw = lambda n: torch.randint(300, shape["vocab"], (n,)).tolist()
    torch.manual_seed(4)
    (folder / "prompts.json").write_text(json.dumps({"short": draw(SHORT), "long": [draw(LONG) for _ in range(LONGS)]}))


if __name__ == "__main__":
    main(sys.argv[1], json.loads(sys.argv[2]))
