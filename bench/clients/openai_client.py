"""Talks to a running `fettle serve` with OpenAI's own client and checks what comes back.

Usage: openai_client.py http://127.0.0.1:8080 [KEY]
"""
import sys

import openai

base = sys.argv[1] + "/v1"
client = openai.OpenAI(base_url=base, api_key=sys.argv[2] if len(sys.argv) > 2 else "none", max_retries=0)
messages = [{"role": "system", "content": "Answer with a command."}, {"role": "user", "content": "list files"}]


def models():
    names = [m.id for m in client.models.list()]
    assert names and client.models.retrieve(names[0]).id == names[0]
    return names


def chat(model):
    ask = dict(model=model, messages=messages, max_tokens=24, temperature=0, seed=1)
    whole = client.chat.completions.create(**ask, logprobs=True, top_logprobs=2)
    said, usage = "", None
    for chunk in client.chat.completions.create(**ask, stream=True, stream_options={"include_usage": True}):
        said += chunk.choices[0].delta.content or "" if chunk.choices else ""
        usage = chunk.usage or usage
    assert said == whole.choices[0].message.content, (said, whole)
    assert usage == whole.usage and usage.total_tokens == usage.prompt_tokens + usage.completion_tokens
    assert len(whole.choices[0].logprobs.content) == usage.completion_tokens
    assert whole.choices[0].finish_reason in ("stop", "length")
    return said


def stop(model):
    ask = dict(model=model, prompt="list files", max_tokens=24, temperature=0)
    text = client.completions.create(**ask).choices[0].text
    mark = text[4:6]
    cut = client.completions.create(**ask, stop=mark).choices[0]
    assert mark and cut.text == text.split(mark)[0] and cut.finish_reason == "stop", (text, cut)


def score(model):
    """What lm-evaluation-harness' local-completions asks and reads."""
    reply = client.completions.create(model=model, prompt=[[5, 6, 7, 8], [9, 10, 11]], max_tokens=1, temperature=0, logprobs=1, echo=True, seed=1234)
    for choice, length in zip(sorted(reply.choices, key=lambda c: c.index), (4, 3)):
        scores = choice.logprobs.token_logprobs
        assert len(scores) == length + 1 and scores[0] is None and all(s <= 0 for s in scores[1:])
        assert all(max(top.values()) >= s for s, top in zip(scores[1:], choice.logprobs.top_logprobs[1:]))


def tools(model):
    tool = {"type": "function", "function": {"name": "run", "parameters": {"type": "object", "properties": {"command": {"type": "string"}}}}}
    reply = client.chat.completions.create(model=model, messages=messages, tools=[tool], max_completion_tokens=4, temperature=0)
    assert reply.choices[0].message.role == "assistant"


def tool_choice(model):
    """A tool that must be called is called, whole and streamed; a template that prints no calls is refused by name."""
    tool = lambda name: {"type": "function", "function": {"name": name, "parameters": {"type": "object", "properties": {"command": {"type": "string"}}}}}
    for choice in ("required", {"type": "function", "function": {"name": "run"}}):
        ask = dict(model=model, messages=messages, tools=[tool("run"), tool("stop")], tool_choice=choice, max_tokens=24, temperature=0)
        try:
            call = client.chat.completions.create(**ask).choices[0].message.tool_calls[0]
        except openai.BadRequestError as e:
            assert e.param == "tool_choice" and e.code == "unsupported_value", e.body
            return "tool_choice refused"
        assert call.function.name in ("run", "stop") and call.function.arguments.startswith("{"), call
        assert choice == "required" or call.function.name == "run", call
        name, arguments = "", ""
        for chunk in client.chat.completions.create(**ask, stream=True):
            for part in chunk.choices[0].delta.tool_calls or []:
                name, arguments = name + (part.function.name or ""), arguments + (part.function.arguments or "")
        assert (name, arguments) == (call.function.name, call.function.arguments), (name, arguments, call)
    return "tool_choice " + name


def refusals(model):
    for kind, ask in (
        (openai.NotFoundError, dict(model="no such model", messages=messages)),
        (openai.BadRequestError, dict(model=model, messages=[])),
        (openai.BadRequestError, dict(model=model, messages=messages, max_tokens=10**9)),
    ):
        try:
            client.chat.completions.create(**ask)
        except kind as e:
            assert e.body["message"] and e.body["type"], e.body
        else:
            raise AssertionError(f"{ask} was answered")


for name in models():
    print(f"{name}: {chat(name)!r}")
    stop(name)
    score(name)
    tools(name)
    print(tool_choice(name))
    refusals(name)
print("ok")
