"""lm-evaluation-harness asks `fettle serve` and its own Hugging Face backend: bench/run.sh eval-harness, about two minutes.

Three tasks on the bundled base, made here from the bundled pages: choices (log-likelihoods of four continuations), pages (rolling
log-likelihood), answers (greedy text). Scores that differ by more than 1e-3, or another text, is exit 3.
"""
import contextlib
import json
import re
import shutil
import socket
import sys
import tarfile
import time

from beside import child, machine, table
from beside.project import PROGRAM

LIMIT = 1e-3
ROWS = 40
BASE = machine.ROOT / "pipelines" / "quickstart" / "base"
TASKS = {
    "choices": {"output_type": "multiple_choice", "doc_to_text": "{{question}}", "doc_to_choice": "{{choices}}", "doc_to_target": "{{answer}}", "target_delimiter": "\n",
                "metric_list": [{"metric": "acc"}, {"metric": "acc_norm"}]},
    "pages": {"output_type": "loglikelihood_rolling", "doc_to_text": "", "doc_to_target": "{{page}}", "metric_list": [{"metric": "byte_perplexity"}]},
    "answers": {"output_type": "generate_until", "doc_to_text": "{{question}}\n", "doc_to_target": "{{target}}", "generation_kwargs": {"until": ["\n"], "max_gen_toks": 24, "do_sample": False},
                "metric_list": [{"metric": "exact_match"}]},
}


def rows():
    """Pages in both languages with an example and its command."""
    with tarfile.open(machine.ROOT / "pipelines" / "quickstart" / "data" / "tldr-pages.tar.gz") as t:
        for member in t:
            if member.isfile() and re.search(r"pages(\.zh)?/common/.*\.md$", member.name):
                page = t.extractfile(member).read().decode()
                found = re.search(r"^- (.*)\n\n(`.*`)$", page, re.M)
                if found:
                    yield {"page": page, "question": f"{page.splitlines()[0]}\n\n- {found[1]}\n", "target": found[2]}


def write(folder):
    every = list(rows())
    picked = every[:: len(every) // ROWS][:ROWS]
    with open(folder / "rows.jsonl", "w") as f:
        for i, row in enumerate(picked):
            others = [picked[(i + k) % len(picked)]["target"] for k in (1, 2, 3)]
            at = i % 4
            f.write(json.dumps({**row, "choices": others[:at] + [row["target"]] + others[at:], "answer": at}) + "\n")
    for name, task in TASKS.items():
        task = {"task": name, "dataset_path": "json", "dataset_kwargs": {"data_files": {"test": str(folder / "rows.jsonl")}}, "test_split": "test", **task}
        (folder / f"{name}.yaml").write_text(json.dumps(task))  # JSON is YAML


@contextlib.contextmanager
def served():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    with child.started([PROGRAM, "serve", "-model", BASE, "-listen", f"127.0.0.1:{port}"]) as server:
        while server.process.poll() is None:
            with contextlib.suppress(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", port)).close()
                break
            time.sleep(0.01)
        yield f"http://127.0.0.1:{port}"
        server.end(stop=True)


def ask(folder, where):
    return json.loads(child.run([sys.executable, machine.ROOT / "bench" / "eval-harness" / "harness.py", folder, where, BASE]).out.splitlines()[-1])


def compare(ours, theirs):
    """By task: log-likelihoods compared, the largest difference, what is not equal at all (greedy or not, texts)."""
    found = {name: [0, 0.0, 0] for name in TASKS}
    for (name, row, mine), (name2, row2, other) in zip(sorted(ours["scores"]), sorted(theirs["scores"]), strict=True):
        if (name, row) != (name2, row2):
            sys.exit(f"{name} {row} beside {name2} {row2}")
        for a, b in zip(mine, other, strict=True):
            a, b = (x if isinstance(x, list) else [x, ""] for x in (a, b))
            count = found[name]
            count[0] += 1
            if isinstance(a[0], str):
                count[2] += a[0] != b[0]
            else:
                count[1] = max(count[1], abs(a[0] - b[0]))
                count[2] += a[1] != b[1]
    return found


def metrics(result):
    return ", ".join(f"{k.split(',')[0]} {v:.4f}" for k, v in sorted(result.items()) if isinstance(v, float) and "stderr" not in k)


def main():
    machine.threads(2)
    folder = machine.WORK / "eval-harness"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    write(folder)
    theirs = ask(folder, "hf")
    with served() as url:
        ours = ask(folder, url)
    found = compare(ours, theirs)
    lines = [[name, n, f"{worst:.1e}" if name != "answers" else "", unequal, metrics(ours["results"][name]), metrics(theirs["results"][name])]
             for name, (n, worst, unequal) in found.items()]
    bad = sum(worst > LIMIT or unequal > 0 for _, worst, unequal in found.values())
    table.write("eval-harness", "# fettle serve under lm-evaluation-harness", machine.facts(["lm-eval", "transformers", "torch"]), TEXT,
                table.markdown(["task", "compared", "largest difference", "otherwise unequal", "local-completions, fettle serve", "hf"], lines))
    sys.exit(3 if bad else 0)


TEXT = f"""The bundled base, {ROWS} rows of its own pages. `local-completions` asks `fettle serve`, `hf` computes in the harness itself, in
float32. The largest difference is of a log-likelihood in nats, over whole continuations and whole pages; otherwise unequal counts
"is greedy" and answers that differ."""

if __name__ == "__main__":
    main()
