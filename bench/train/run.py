"""Training beside PEFT, in one run: about 15 minutes on two quiet cores (bench/run.sh train; --tiny proves the harness in two).

Both sides read the same files and do the same steps; a loss that differs by more than 1e-3 ends the bench. A round runs every
side once, each in a process of its own, and every round begins with another side.
"""
import statistics
import sys

from beside import machine, table
from beside.project import backends

import packing
import sides

TOLERANCE = 1e-3
L4 = {"layers": 4, "dim": 256, "heads": 8, "kv": 2, "ff": 688, "vocab": 4096, "rank": 8}
L4Q = {**L4, "ff": 704}  # where columns are a multiple of 16 but not of 64, bitsandbytes 0.50.2 dequantises wrongly on AVX512
L12 = {"layers": 12, "dim": 768, "heads": 12, "kv": 4, "ff": 2048, "vocab": 32000, "rank": 8}
TINY = {"layers": 2, "dim": 64, "heads": 4, "kv": 2, "ff": 192, "vocab": 512, "rank": 8}

# title, folder, shape, NF4, rows, tokens a row, steps before the clock, steps on the clock
FULL = [
    ("LoRA, 4 layers, d 256", "L4", L4, False, 4, 256, 3, 12),
    ("LoRA, 12 layers, d 768", "L12", L12, False, 1, 512, 2, 5),
    ("QLoRA, 4 layers, d 256", "L4Q", L4Q, True, 4, 256, 3, 12),
    ("QLoRA, 12 layers, d 768", "L12", L12, True, 1, 512, 2, 5),
]
SMALL = [("LoRA, tiny", "tiny", TINY, False, 2, 32, 1, 3), ("QLoRA, tiny", "tiny", TINY, True, 2, 32, 1, 3)]
MEMORY = [(8, 512), (4, 1024), (2, 2048), (1, 4096)]
MEMORY_TINY = [(2, 64), (1, 128)]


def competitors(data, nf4, batch, length, steps):
    """Name to a function that trains once."""
    ours = {f"fettle {b}": lambda b=b: sides.fettle(data, nf4, batch, length, steps, b) for b in backends()}
    peer = "bitsandbytes + PEFT" if nf4 else "PEFT"
    return {**ours, peer: lambda: sides.peft(data, nf4, batch, length, steps)}


def interleave(runs, rounds):
    got = {name: [] for name in runs}
    names = list(runs)
    for n in range(rounds):
        for name in names[n % len(names):] + names[:n % len(names)]:
            got[name].append(runs[name]())
            print(f"  round {n + 1}: {name} {got[name][-1].run.wall:.1f} s", file=sys.stderr)
    return got


def agree(title, got, peer):
    """Ends the bench where the two sides do not train alike; else the largest difference of their losses."""
    worst = max(sides.furthest(t, got[peer][0]) for name, all in got.items() for t in all if name != peer)
    if worst > TOLERANCE:
        sys.exit(f"{title}: losses differ by {worst:.1e}: {[(n, t[0].losses) for n, t in got.items()]}")
    return worst


def speed(data, workload, rounds):
    title, _, _, nf4, batch, length, warm, timed = workload
    print(title, file=sys.stderr)
    got = interleave(competitors(data, nf4, batch, length, warm + timed), rounds)
    peer = list(got)[-1]
    worst = agree(title, got, peer)
    rate = {name: [batch * length / statistics.median(t.seconds[warm:]) for t in all] for name, all in got.items()}
    rows = []
    for name, all in got.items():
        rows.append([title, name, table.rounds(rate[name], 0), table.ratio(rate[name], rate[peer]), table.rounds([t.first for t in all], 1),
                     table.number(max(t.run.peak for t in all), 0), table.number(statistics.median(t.run.cpu for t in all), 0)])
        title = ""
    others = max(t.run.others for all in got.values() for t in all)
    return rows, f"{workload[0]}: losses of all sides and rounds within {worst:.0e} of {peer}'s; other programs took at most {others:.0%} of the cores."


def memory(data, shapes):
    rows = []
    for batch, length in shapes:
        print(f"memory, {batch} rows of {length} tokens", file=sys.stderr)
        runs = competitors(data, False, batch, length, 3)
        runs["PEFT, checkpointing"] = lambda: sides.peft(data, False, batch, length, 3, checkpointing=True)
        got = interleave(runs, 1)
        agree(f"memory {length}", got, "PEFT")
        rows.append([f"{batch} × {length}", *(table.number(t[0].run.peak, 0) for t in got.values())])
    return table.markdown(["rows × tokens", *got], rows)


def main():
    a = machine.arguments()
    head = machine.facts(["torch", "transformers", "peft", "bitsandbytes", "trl"])
    packed = packing.page(a.tiny)  # not timed: what fails, fails before the clock runs
    rows, notes = [], []
    workloads, lengths = (SMALL, MEMORY_TINY) if a.tiny else (FULL, MEMORY)
    folders = {}
    for _, folder, shape, _, batch, length, _, _ in workloads:
        folders.setdefault(folder, {**shape, "batches": []})["batches"].append([batch, length])
    first = workloads[0][1]
    folders[first]["batches"] += lengths
    data = {folder: sides.Data(folder, shape) for folder, shape in folders.items()}
    for workload in workloads:
        more, note = speed(data[workload[1]], workload, a.rounds)
        rows += more
        notes.append(f"- {note}")
    table.write("train", "# Training beside PEFT", head, SPEED, table.markdown(["", "side", "tokens a second", "ratio", "start to first step, s", "peak memory, MB", "CPU s"], rows),
                "\n".join(notes), MEMORY_TEXT, memory(data[first], lengths), packed, tiny=a.tiny)


SPEED = """
Random Llamas in float32, rank 8 on all seven linears, AdamW, clipping; NF4 with double quantisation. No gradient checkpointing in PEFT;
fettle by its default (remat: auto: only where layers would keep more than 1 GiB). Tokens a second are of the median step after the warm-up, a figure for each round; the ratio is of medians, against the
last line of each group (above 1: fettle is faster). Start to first step counts from the start of the process: imports, loading,
compiling, and for fettle the writing of its artifact. QLoRA's 4-layer model has ff 704 instead of 688, where bitsandbytes 0.50.2's
AVX512 code dequantises wrongly (losses 2e-3 off). Peak memory is the process's largest resident size, torch's own libraries
(about 0.9 GB) with it. CPU seconds are those of the whole process."""

MEMORY_TEXT = """
## Memory over the length of rows

Peak resident MB of three LoRA steps of the 4-layer model at a constant number of tokens; one run each."""

if __name__ == "__main__":
    main()
