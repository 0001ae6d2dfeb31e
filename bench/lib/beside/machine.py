"""The machine that a table was made on, and whether it was quiet."""
import argparse
import importlib.metadata
import os
import pathlib
import platform
import subprocess
import sys
import time

from beside import child

ROOT = pathlib.Path(__file__).resolve().parents[3]
WORK = ROOT / "bench" / "work"


def threads(n):
    """Keeps this process and all that it starts on the first n cores, with n threads each."""
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:n])
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "GOMAXPROCS"):
        os.environ[name] = str(n)


def arguments():
    """The command line of a bench of two sides: it keeps to its cores, and waits for a quiet machine."""
    p = argparse.ArgumentParser()
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--tiny", action="store_true")
    a = p.parse_args()
    threads(a.threads)
    quiet()
    return a


def cores():
    """How many cores this process may use: threads() says so."""
    return len(os.sched_getaffinity(0))


def quiet(limit=0.05, patience=90):
    """Waits until other programs leave the cores alone; FORCE=1 takes what there is. A noisy machine ends the bench."""
    deadline = time.monotonic() + patience
    while True:
        began, before = time.monotonic(), child.busy()
        time.sleep(2)
        share = (child.busy() - before) / (time.monotonic() - began) / os.cpu_count()
        if share <= limit or os.environ.get("FORCE") == "1":
            return share
        if time.monotonic() > deadline:
            sys.exit(f"other programs take {share:.0%} of the cores: times would mean nothing (FORCE=1 measures all the same)")


def facts(packages):
    """Lines of Markdown: what this machine is and which versions ran."""
    info = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.split(":")[1].strip() for line in info if line.startswith("model name")), platform.machine())
    flags = next((line.split() for line in info if line.startswith("flags")), [])
    memory = int(pathlib.Path("/proc/meminfo").read_text().split()[1]) / 2**20
    wide = next((w for w in ("avx512f", "avx2", "avx") if w in flags), "no AVX")
    versions = ", ".join(f"{p} {importlib.metadata.version(p)}" for p in packages)
    return "\n".join((
        f"- {model} ({wide}), {os.cpu_count()} cores, {cores()} of them used by every side, {memory:.0f} GB, Linux {platform.release().split('-')[0]}",
        f"- fettle {fettle()}; Python {platform.python_version()}, {versions}",
        f"- load average at the start {os.getloadavg()[0]:.2f}; {time.strftime('%Y-%m-%d')}",
    ))


def fettle():
    """The commit that bin/fettle was built from."""
    return subprocess.run([ROOT / "bin" / "fettle", "version"], capture_output=True, text=True, check=True).stdout.split()[-1]
