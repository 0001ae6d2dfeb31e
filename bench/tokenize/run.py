"""Runs the sides of bench/tokenize in turn and writes a table. run.sh calls it."""

import argparse
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).parent
SHARED = pathlib.Path(os.environ["FETTLE_SHARED"])
TOKENIZERS = {
    "qwen3": "data/tokenizers/qwen3/tokenizer.json",
    "gpt2": "data/tokenizers/gpt2_vocab/examples/NLG/vocab/tokenizer.json",
}
TEXTS = {
    "English": ["data/qa-kb/medquad_niddk_ninds/kb.jsonl", "data/qa-kb/xquad_en_A/kb.jsonl"],
    "Chinese": ["data/qa-kb/drcd_dev_hant/kb.jsonl", "data/qa-kb/law_zh/kb.jsonl", "data/qa-kb/xquad_zh_A/kb.jsonl"],
}
SIDES = ["fettle", "tokenizers", "fastokens"]
AIM = 0.3  # seconds that one measurement should take at least


def cut(data, size):
    return data[:size].decode("utf-8", "ignore")


def texts(work):
    """Writes the sets: one text of 1 MB, and 5,000 of at most 200 bytes."""
    sets = {}
    for language, files in TEXTS.items():
        pages = [json.loads(line)["text"] for f in files for line in open(SHARED / f, encoding="utf-8")]
        short = []
        for page in pages:
            while page and len(short) < 5000:
                short.append(cut(page.encode(), 200))
                page = page[len(short[-1]):]
        for kind, docs in {"1 MB": [cut("\n".join(pages).encode(), 1_000_000)], "200 B": short}.items():
            path = pathlib.Path(work) / f"{language}-{kind.replace(' ', '')}.json"
            path.write_text(json.dumps(docs, ensure_ascii=False), encoding="utf-8")
            sets[language, kind] = (str(path), sum(len(d.encode()) for d in docs))
    return sets


class Side:
    """One program at work, told by lines."""

    def __init__(self, name, tokenizer, threads, work):
        command = [os.path.join(work, "ours"), tokenizer] if name == "fettle" else [sys.executable, str(HERE / "peer.py"), name, tokenizer]
        env = dict(os.environ, GOMAXPROCS=str(threads), RAYON_NUM_THREADS=str(threads), TOKENIZERS_PARALLELISM="true")
        self.process = subprocess.Popen(command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.passes = {}

    def measure(self, docs, passes):
        self.process.stdin.write(json.dumps({"docs": docs, "passes": passes}) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            sys.exit("a side ended without an answer")
        return json.loads(line)

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def compare(name, threads, sets, rounds, work):
    """Rounds over all sets, the sides in turn; the first answer of each, with nothing known, is kept apart."""
    sides = {s: Side(s, str(SHARED / TOKENIZERS[name]), threads, work) for s in SIDES}
    rows = []
    for (language, kind), (docs, size) in sets.items():
        first, warm, passes = {}, {s: [] for s in SIDES}, {}
        for s in SIDES:
            first[s] = sides[s].measure(docs, 1)
            passes[s] = max(1, round(AIM / max(first[s]["cpu"], 1e-3)))
            if first[s]["digest"] != first[SIDES[0]]["digest"]:
                sys.exit(f"{name}, {language}, {kind}: the ids of {s} differ from those of fettle")
        for r in range(rounds):
            for i in range(len(SIDES)):
                s = SIDES[(r + i) % len(SIDES)]
                answer = sides[s].measure(docs, passes[s])
                if answer["digest"] != first[s]["digest"]:
                    sys.exit(f"{name}, {language}, {kind}: the ids of {s} change from pass to pass")
                warm[s].append(answer)
        rows.append((name, language, kind, threads, size / 1e6, first, warm))
        print(".", end="", file=sys.stderr, flush=True)
    for s in sides.values():
        s.close()
    return rows


def rate(size, answers, clock):
    return size / statistics.median(a[clock] for a in answers)


def table(rows, rounds):
    model = next((l.split(":")[1].strip() for l in open("/proc/cpuinfo") if l.startswith("model name")), platform.processor()) if os.path.exists("/proc/cpuinfo") else platform.processor()
    out = [
        f"Machine: {model}, {os.cpu_count()} processors, {platform.system()} {platform.machine()}; load {os.getloadavg()[0]:.1f} at the end.",
        f"MB of text a second: median of {rounds} rounds, the sides in turn. *wall* is by the clock, *CPU* by processor time; *first* is the",
        "first pass of all, CPU, with the words of the sets before known. Ids were equal everywhere.",
        "",
        "| tokenizer | text | size | threads | clock | " + " | ".join(SIDES) + " | fettle / tokenizers | fettle / fastokens |",
        "|---" * (7 + len(SIDES)) + "|",
    ]
    for name, language, kind, threads, size, first, warm in rows:
        for clock in ["wall", "CPU", "first"]:
            got = [rate(size, [first[s]] if clock == "first" else warm[s], "wall" if clock == "wall" else "cpu") for s in SIDES]
            cells = " | ".join(f"{g:.1f}" for g in got)
            out.append(f"| {name} | {language} | {kind} | {threads} | {clock} | {cells} | {got[0] / got[1]:.1f} | {got[0] / got[2]:.2f} |")
    return "\n".join(out) + "\n"


def main():
    args = argparse.ArgumentParser()
    args.add_argument("-work", required=True)
    args.add_argument("-rounds", type=int, default=3)
    args.add_argument("-out", help="file for the table (default: stdout)")
    args = args.parse_args()
    sets = texts(args.work)
    rows = [row for name in TOKENIZERS for threads in [1, 2] for row in compare(name, threads, sets, args.rounds, args.work)]
    print(file=sys.stderr)
    if args.out:
        pathlib.Path(args.out).write_text(table(rows, args.rounds), encoding="utf-8")
    else:
        print(table(rows, args.rounds), end="")


main()
