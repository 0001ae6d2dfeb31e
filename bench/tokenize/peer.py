"""A peer's side of bench/tokenize: the same lines in and out as main.go. Usage: peer.py tokenizers|fastokens TOKENIZER_JSON."""

import array
import hashlib
import json
import sys
import time

kind, path = sys.argv[1:]
if kind == "tokenizers":
    from tokenizers import Tokenizer
else:
    from fastokens import Tokenizer
tok = Tokenizer.from_file(path)
docs = {}
for line in sys.stdin:
    job = json.loads(line)
    if job["docs"] not in docs:
        docs[job["docs"]] = json.load(open(job["docs"], encoding="utf-8"))
    texts, n = docs[job["docs"]], job["passes"]
    wall, cpu = time.perf_counter(), time.process_time()
    for _ in range(n):
        # One text goes in alone: a batch of one takes fastokens longer.
        out = tok.encode_batch(texts, add_special_tokens=False) if len(texts) > 1 else [tok.encode(texts[0], add_special_tokens=False)]
    wall, cpu = (time.perf_counter() - wall) / n, (time.process_time() - cpu) / n
    digest = hashlib.sha256()
    for e in out:
        digest.update(array.array("i", list(e.ids) + [-1]).tobytes())
    print(json.dumps({"wall": wall, "cpu": cpu, "digest": digest.hexdigest()}), flush=True)
