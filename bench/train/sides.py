"""One training by each side: the seconds and losses of its steps, and what the process cost."""
import dataclasses
import json
import shutil
import sys

from beside import child, machine
from beside.project import Project, jsonl

LR = 1e-3


@dataclasses.dataclass
class Training:
    seconds: list
    losses: list
    first: float  # from the start of the process to the end of its first step
    run: child.Run


class Data:
    """The folder that make.py fills for a shape."""

    def __init__(self, name, shape):
        self.shape, self.folder = shape, machine.WORK / "train" / name
        done = self.folder / "done.json"
        if not done.exists() or done.read_text() != json.dumps(shape):
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder.mkdir(parents=True)
            child.run([sys.executable, machine.ROOT / "bench" / "train" / "make.py", self.folder, json.dumps(shape)])
            done.write_text(json.dumps(shape))


def fettle(data, nf4, batch, length, steps, backend):
    """`fettle train` on one block a row, in order; the stages before it are cached after the first time."""
    kind = "nf4" if nf4 else "model"
    p = Project(data.folder / f"fettle-{kind}-{length}", {
        "ingest": {"sources": [{"files": {"name": "rows", "path": str(data.folder / f"rows-{length}.jsonl")}}]},
        "format": {"model": str(data.folder / kind), "shape": {"tokens": {}}, "pack": {"length": length, "alone": True}},
        "train": {"from": str(data.folder / "adapter"), "epochs": steps, "max_steps": steps, "batch": {"rows": batch}, "shuffle": False,
                  "optimizer": {"lr": LR, "clip": 1}, "schedule": {"name": "constant"}, "checkpoint": {"every": 100000}},
    })
    for name in ("ingest", "format"):
        p.stage(name)
    p.forget("train")
    run, report = p.stage("train", backend)
    artifact = p.folder / report["path"]
    state = json.loads((artifact / "adapters" / "seed-1" / "trainer_state.json").read_text())
    seconds = [row["step_seconds"] for row in state["log_history"] if "step_seconds" in row]
    losses = [row["loss"] for row in jsonl(artifact / "history.jsonl")]
    return Training(seconds, losses, run.wall - sum(seconds[1:]), run)


def peft(data, nf4, batch, length, steps, checkpointing=False):
    settings = {"model": str(data.folder / ("nf4" if nf4 else "model")), "adapter": str(data.folder / "adapter"), "rows": str(data.folder / f"rows-{length}.jsonl"),
                "batch": batch, "steps": steps, "lr": LR, "checkpointing": checkpointing, "threads": machine.cores()}
    run = child.run([sys.executable, machine.ROOT / "bench" / "train" / "peft_side.py", json.dumps(settings)])
    got = json.loads(run.out)
    return Training(got["seconds"], got["losses"], got["first"], run)


def furthest(a, b):
    """The largest relative difference of two trainings' losses."""
    return max(abs(x - y) / abs(y) for x, y in zip(a.losses, b.losses, strict=True))
