"""Functions: an upstream that calls them, and the words of a client that answers."""

import json
from collections.abc import Callable
from typing import Any

from support.upstream import Exchange, Script

COUNTED = {"promptTokenCount": 3, "candidatesTokenCount": 2, "totalTokenCount": 5}
TOOLS: list[dict[str, Any]] = [
    {
        "name": "weather",
        "description": "The weather of a city.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
    {"name": "clock"},
]


def call(name: str, args: dict[str, Any], *, named: str | None = None, signature: str | None = None) -> bytes:
    """A part with a call, spaced as no encoder here would space it."""
    inner = f'{{"name":  "{name}", "args": {json.dumps(args)}' + (f', "id": "{named}"}}' if named else "}")
    signed = f', "thoughtSignature" : "{signature}"' if signature else ""
    return f'{{ "functionCall": {inner}{signed} }}'.encode()


def calls(*parts: bytes, text: str = "") -> Script:
    """A script for an answer of this text and these parts, each in an event of its own."""

    async def script(exchange: Exchange) -> None:
        await exchange.start()
        if text:
            await exchange.text(text)
        for part in parts:
            await exchange.send(b'data: {"candidates":[{"content":{"role":"model","parts":[%b]}}]}\r\n\r\n' % part)
        await exchange.text("", finish="STOP", usage=COUNTED)
        await exchange.finish()

    return script


def contents_of(exchange: Exchange) -> list[dict[str, Any]]:
    """The contents that were sent to the upstream."""
    contents: list[dict[str, Any]] = exchange.body["contents"]
    return contents


def came_back_byte_for_byte(exchange: Exchange, rounds: list[list[bytes]]) -> list[dict[str, Any]]:
    """Assert that a request brings the parts of all these rounds back as they came; return its contents."""
    contents = contents_of(exchange)
    assert len(contents) == 1 + 2 * len(rounds)
    for parts, content in zip(rounds, contents[1::2], strict=True):
        assert content["parts"] == [json.loads(part) for part in parts]
        for part in parts:
            assert part in exchange.raw_body, "byte for byte"
    return contents


def results_of(frames: list[dict[str, Any]], function: Callable[[dict[str, Any]], Any]) -> list[dict[str, Any]]:
    """The results of the calls in these frames, in the opposite order."""
    called = [frame for frame in frames if frame["type"] == "tool_call"]
    return [
        {"type": "tool_result", "id": frame["id"], "call": frame["call"], "result": function(frame)}
        for frame in reversed(called)
    ]
