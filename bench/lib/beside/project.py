"""A project of fettle in bench/work: one pipeline whose stages run by hand, as a user runs them."""
import json
import shutil

from beside import child, machine

BACKENDS = {"go": "bin/fettle", "xla:cpu": "bin/fettle-xla"}


def program(backend):
    """The program that has this backend; None where it was not built."""
    path = machine.ROOT / BACKENDS[backend]
    return path if path.exists() else None


def backends():
    """The backends that can run here: go, and xla:cpu where `make build-xla` left its program."""
    return [b for b in BACKENDS if program(b)]


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
        run = child.run([program(backend), name, "-config", config], cwd=self.folder, env={"FETTLE_STORE": str(self.store)})
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

