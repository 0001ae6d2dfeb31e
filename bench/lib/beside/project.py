"""A project of fettle in bench/work: one pipeline whose stages run by hand, as a user runs them."""
import json
import pathlib
import shutil
import sys
import tempfile

from beside import child, machine

PROGRAM = machine.ROOT / "bin" / "fettle"


def backends():
    """The backends of bin/fettle that compute here: go, and xla:cpu where `make build-xla` built it and its plugin is installed."""
    return ["go"] + (["xla:cpu"] if opens("xla:cpu") else [])


def opens(backend):
    """Whether the program computes with it: a model too small to matter is asked."""
    base = machine.ROOT / "pipelines" / "quickstart" / "base"
    with tempfile.TemporaryDirectory() as folder:
        ids = pathlib.Path(folder) / "ids.jsonl"
        ids.write_text('{"input_ids": [5, 6]}')
        try:
            child.run([PROGRAM, "logits", "-model", base, "-backend", backend, "-in", ids, "-out", ids.with_suffix(".safetensors")])
        except child.Failed as why:
            print(f"without {backend}: {str(why).strip().splitlines()[-1]}", file=sys.stderr)
            return False
    return True


class Project:
    def __init__(self, folder, settings):
        self.folder, self.settings = folder, settings
        (folder / "pipelines" / "bench").mkdir(parents=True, exist_ok=True)

    def stage(self, name, backend="go"):
        """Runs a stage; a training takes the backend. Gives what it cost and its report."""
        sections = self.settings
        if name == "train":
            sections = {**sections, name: {**sections[name], "backend": backend}}
        config = self.folder / "pipelines" / "bench" / "stages.yaml"
        config.write_text(json.dumps(sections))  # JSON is YAML
        run = child.run([PROGRAM, name, "-config", config], cwd=self.folder, env={"FETTLE_STORE": str(self.store)})
        return run, json.loads(run.out)

    @property
    def store(self):
        return self.folder / ".fettle"

    def forget(self, name):
        """Removes what a stage made, so that it works again."""
        shutil.rmtree(self.store / "artifacts" / name, ignore_errors=True)


def jsonl(path):
    with open(path) as f:
        return [json.loads(line) for line in f]

