#!/usr/bin/env python3
"""Render cases.txt with Jinja2 as transformers sets it up and write want.jsonl. Needs jinja2 3.1.6 and Python 3.11.

cases.txt: one template a block, blocks divided by a line of four equals signs. Variables of all cases: VARS below.
"""
import json
import pathlib
from datetime import datetime

import jinja2
import jinja2.ext
from jinja2.sandbox import ImmutableSandboxedEnvironment

VARS = json.loads(pathlib.Path(__file__).with_name("vars.json").read_text())


class Generation(jinja2.ext.Extension):
    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return jinja2.nodes.CallBlock(self.call_method("_body"), [], [], body).set_lineno(line)

    def _body(self, caller):
        return caller()


def raise_exception(message):
    raise jinja2.exceptions.TemplateError(message)


def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def render(text):
    env = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, jinja2.ext.loopcontrols])
    env.filters["tojson"] = tojson
    env.globals["raise_exception"] = raise_exception
    env.globals["strftime_now"] = lambda f: datetime(2025, 3, 9, 4, 5, 6).strftime(f)
    try:
        return {"text": env.from_string(text).render(**VARS)}
    except Exception as e:  # the class is what is compared
        return {"error": type(e).__name__, "message": str(e)[:200]}


here = pathlib.Path(__file__).parent
with open(here / "want.jsonl", "w") as out:
    for case in (here / "cases.txt").read_bytes().decode().split("\n====\n"):
        out.write(json.dumps({"template": case, **render(case)}, ensure_ascii=False) + "\n")
