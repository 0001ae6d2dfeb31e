"""lm-evaluation-harness on one model: by its own Hugging Face backend, or by asking a server.

Usage: harness.py FOLDER hf|URL MODEL. Prints what was measured: {"scores": [[task, row, [log-likelihoods or text]]], "results": {...}}.
"""
import json
import pathlib
import sys

import lm_eval
from lm_eval.tasks import TaskManager


def main(folder, where, model):
    kind, settings = "hf", {"pretrained": model, "dtype": "float32", "device": "cpu"}
    if where != "hf":
        kind, settings = "local-completions", {
            "model": "base", "base_url": where + "/v1/completions", "tokenizer": model, "tokenizer_backend": "huggingface", "max_length": 1024, "max_retries": 1}
    tasks = TaskManager(include_path=folder)
    got = lm_eval.simple_evaluate(model=kind, model_args=settings, tasks=["choices", "pages", "answers"], task_manager=tasks, bootstrap_iters=0, log_samples=True)
    scores = [[name, s["doc_id"], [flat(r) for r in s["filtered_resps"]]] for name, samples in got["samples"].items() for s in samples]
    json.dump({"scores": scores, "results": got["results"]}, sys.stdout, default=str)


def flat(response):
    """A log-likelihood comes with whether it is greedy, a rolling one alone, an answer as text."""
    return [float(response[0]), str(response[1])] if isinstance(response, (tuple, list)) else response


main(pathlib.Path(sys.argv[1]), *sys.argv[2:])
