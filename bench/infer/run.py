"""Answering beside transformers and llama.cpp, in one run: about 5 minutes on two quiet cores (bench/run.sh infer; --tiny proves it in two).

Every side answers one client. prefill: a prompt of 512 tokens and one new token; decode: 128 more tokens after a prompt of 16 (the
time for 129 less the time for one). A round starts every side once, in a process of its own, asks each three times, takes the
median, and begins with another side than the round before.
"""
import dataclasses
import http.client
import json
import socket
import statistics
import sys
import time

from beside import child, machine, table
from beside.project import PROGRAM, backends

SHAPE = {"layers": 12, "dim": 768, "heads": 12, "kv": 4, "ff": 2048, "vocab": 32000}  # 100 million weights, embedding tied
TINY = {"layers": 2, "dim": 64, "heads": 4, "kv": 2, "ff": 192, "vocab": 2048}
PEER, LLAMA = "transformers f32", "llama.cpp {}"
ALIKE = 16  # tokens that all sides in float32 must answer alike


@dataclasses.dataclass
class Answers:
    ready: float
    prefill: list
    decode: list
    run: child.Run
    text: str = None
    tokens: list = None


def make(shape):
    folder = machine.WORK / "infer" / f"L{shape['layers']}-{shape['dim']}"
    if not (folder / "done").exists():
        folder.mkdir(parents=True, exist_ok=True)
        child.run([sys.executable, machine.ROOT / "bench" / "infer" / "make.py", folder, json.dumps(shape)])
        for dtype in ("f32", "f16"):
            child.run([PROGRAM, "export", "-model", folder / "model", "-format", "gguf", "-dtype", dtype, "-name", "bench", "-to", folder])
        (folder / "done").touch()
    return folder


def fettle(folder, prompts, new, backend):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    began = time.perf_counter()
    with child.started([PROGRAM, "serve", "-model", folder / "model", "-backend", backend, "-listen", f"127.0.0.1:{port}", "-slots", "1"]) as server:
        def answer(ids, n):
            body = json.dumps({"model": "model", "prompt": ids, "max_tokens": n, "temperature": 0, "ignore_eos": True})
            began = time.perf_counter()
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
            connection.request("POST", "/v1/completions", body, {"Content-Type": "application/json"})
            reply = json.loads(connection.getresponse().read())
            if reply.get("usage", {}).get("completion_tokens") != n:
                sys.exit(f"fettle serve: {reply}")
            return time.perf_counter() - began, reply["choices"][0]["text"]

        wait(port, server)
        answer(prompts["short"], 1)
        ready = time.perf_counter() - began
        answer(prompts["long"][0], 1)
        prefill = [answer(ids, 1)[0] for ids in prompts["long"]]
        decode = []
        for _ in prompts["long"]:
            one, (whole, text) = answer(prompts["short"], 1)[0], answer(prompts["short"], 1 + new)
            decode.append(whole - one)
        return Answers(ready, prefill, decode, server.end(stop=True), text)


def wait(port, server):
    while server.process.poll() is None:
        try:
            with socket.create_connection(("127.0.0.1", port)) as s:
                if s.getsockname() != s.getpeername():  # Linux may connect a port that nobody listens on to itself
                    return
        except ConnectionRefusedError:
            pass
        time.sleep(0.005)
    sys.exit(f"fettle serve ended: {server.text(server.err)}")


def told(argv, settings):
    run = child.run([*argv, json.dumps(settings)])
    return Answers(run=run, **{"text": None, **json.loads(run.out)})


def competitors(folder, new):
    prompts = json.loads((folder / "prompts.json").read_text())
    settings = {"threads": machine.cores(), "new": new, **prompts}
    hf = [sys.executable, machine.ROOT / "bench" / "infer" / "hf_side.py"]
    llama = ["node", machine.ROOT / "bench" / "gguf" / "speed.mjs"]
    sides = {f"fettle {b}": lambda b=b: fettle(folder, prompts, new, b) for b in backends()}
    sides[PEER] = lambda: told(hf, {**settings, "model": str(folder / "model")})
    for dtype in ("f32", "f16"):
        sides[LLAMA.format(dtype)] = lambda d=dtype: told(llama, {**settings, "model": str(folder / f"bench-{d}.gguf")})
    return sides


def alike(got):
    """Ends the bench where the sides in float32 do not answer alike; else says how far they do."""
    peer, notes = got[PEER][0], []
    for name, all in got.items():
        mine = all[0]
        if name == PEER:
            continue
        same = common(mine.tokens, peer.tokens) if mine.tokens else common(mine.text, peer.text)
        unit, least = ("tokens", ALIKE) if mine.tokens else ("characters", 3 * ALIKE)
        if same < least and "f16" not in name:
            sys.exit(f"{name} answers otherwise than {PEER} after {same} {unit}:\n{mine.text or mine.tokens}\n{peer.text if mine.text else peer.tokens}")
        notes.append(f"- {name}: the first {same} of {len(mine.tokens or mine.text)} {unit} of the greedy answer are those of {PEER}")
    return "\n".join(notes)


def common(a, b):
    return next((i for i, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))


def main():
    a = machine.arguments()
    head = machine.facts(["torch", "transformers"]) + f"\n- node-llama-cpp {llama_version()}"
    new = 16 if a.tiny else 128
    sides = competitors(make(TINY if a.tiny else SHAPE), new)
    got, names = {name: [] for name in sides}, list(sides)
    for n in range(a.rounds):
        for name in names[n % len(names):] + names[:n % len(names)]:
            got[name].append(sides[name]())
            print(f"  round {n + 1}: {name} {got[name][-1].run.wall:.1f} s", file=sys.stderr)
    prefill = {name: [512 / statistics.median(t.prefill) for t in all] for name, all in got.items()}
    decode = {name: [new / statistics.median(t.decode) for t in all] for name, all in got.items()}
    f32 = LLAMA.format("f32")
    rows = [[name, table.rounds(prefill[name]), table.ratio(prefill[name], prefill[PEER]), table.ratio(prefill[name], prefill[f32]),
             table.rounds(decode[name]), table.ratio(decode[name], decode[PEER]), table.ratio(decode[name], decode[f32]),
             table.rounds([t.ready for t in all]), table.number(max(t.run.peak for t in all), 0)] for name, all in got.items()]
    others = max(t.run.others for all in got.values() for t in all)
    table.write("infer", "# Answering beside transformers and llama.cpp", head + f"\n- other programs took at most {others:.0%} of the cores", TEXT,
                table.markdown(["side", "prefill, tokens/s", "to transformers", "to llama.cpp f32", "decode, tokens/s", "to transformers", "to llama.cpp f32", "start to first token, s", "peak memory, MB"], rows),
                alike(got), tiny=a.tiny)


def llama_version():
    return json.loads((machine.ROOT / "bench" / "gguf" / "package.json").read_text())["dependencies"]["node-llama-cpp"]


TEXT = """
A random Llama of 100 million weights (12 layers, d 768, 32,000 tokens) answers one client. prefill: a prompt of 512 tokens and one
new token; decode: 128 more tokens. fettle is asked over HTTP, the others inside their process. A figure for each round (the median
of three answers) and their median; ratios are of medians (above 1: this side is faster). The f16 line has half the bytes to read."""

if __name__ == "__main__":
    main()
