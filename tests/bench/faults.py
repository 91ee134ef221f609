"""The faults of an upstream in a turn, each by the name that the turn's message gives it."""

import asyncio
import json
from typing import Any

from support.upstream import Exchange, Script, answer, fails, floods, is_silent, says, starts_and_is_silent


async def speaks(exchange: Exchange) -> None:
    """An answer in pieces that take their time."""
    await exchange.start()
    for number in range(20):
        await exchange.text(f"piece {number} ")
        await asyncio.sleep(0.005)
    await exchange.text("", finish="STOP", usage={"promptTokenCount": 3, "totalTokenCount": 23})
    await exchange.finish()


async def thinks(exchange: Exchange) -> None:
    await exchange.start()
    await exchange.text("Hmm.", thought=True)
    await exchange.text("Yes.", finish="MAX_TOKENS")
    await exchange.finish()


async def falls_silent(exchange: Exchange) -> None:
    await exchange.start()
    await exchange.text("Hello")


async def breaks_off(exchange: Exchange) -> None:
    await falls_silent(exchange)
    exchange.cut()


async def resets(exchange: Exchange) -> None:
    await falls_silent(exchange)
    exchange.reset()


async def resets_at_once(exchange: Exchange) -> None:
    exchange.reset()


async def forgets_to_finish(exchange: Exchange) -> None:
    await falls_silent(exchange)
    await exchange.finish()


async def babbles(exchange: Exchange) -> None:
    await exchange.start()
    await exchange.send(b"data: {not json}\r\n\r\n")
    await exchange.finish()


async def fails_late(exchange: Exchange) -> None:
    await falls_silent(exchange)
    await exchange.event({"error": {"code": 500, "status": "INTERNAL", "message": "x"}})
    await exchange.finish()


async def blocks(exchange: Exchange) -> None:
    await exchange.start()
    await exchange.event({"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": {"promptTokenCount": 3}})
    await exchange.finish()


async def dribbles(exchange: Exchange) -> None:
    """A byte at a time."""
    await exchange.start()
    body = b"data: " + json.dumps(answer("Hello", finish="STOP")).encode() + b"\n\n"
    for byte in body:
        await exchange.send(bytes([byte]))
    await exchange.finish()


async def calls_functions(exchange: Exchange) -> None:
    """Two calls in parallel; the answer once their results have come."""
    last = exchange.body["contents"][-1]["parts"]
    results = [part["functionResponse"]["response"]["result"] for part in last if "functionResponse" in part]
    if results not in ([], ["a", "b"]):
        await exchange.fail(400, "INVALID_ARGUMENT")
        return
    await exchange.start()
    if results:
        await exchange.text("It is ")
        await exchange.text("noon.", finish="STOP", usage={"promptTokenCount": 9, "totalTokenCount": 12})
    else:
        await exchange.text("Let me look. ")
        for call in ("a", "b"):
            part = {"functionCall": {"name": "look", "id": call, "args": {}}, "thoughtSignature": "s"}
            await exchange.event({"candidates": [{"content": {"parts": [part], "role": "model"}}]})
        await exchange.text("", finish="STOP", usage={"promptTokenCount": 3, "totalTokenCount": 5})
    await exchange.finish()


async def rests_on_pages(exchange: Exchange) -> None:
    """An answer whose source comes with its end."""
    last = answer("😀 the sky is blue.", finish="STOP")
    segment = {"startIndex": 5, "endIndex": 12, "text": "the sky"}
    last["candidates"][0]["groundingMetadata"] = {
        "groundingChunks": [{"web": {"uri": "https://a.example/", "title": "A"}}],
        "groundingSupports": [{"segment": segment, "groundingChunkIndices": [0]}],
    }
    await exchange.start()
    await exchange.event(last)
    await exchange.finish()


FAULTS: dict[str, Script] = {
    "none": speaks,
    "a short answer": says("Hello", " world"),
    "a long answer": says("x" * 200_000),
    "thoughts": thinks,
    "a byte at a time": dribbles,
    "a flood": floods,
    "no headers": is_silent,
    "no token": starts_and_is_silent,
    "silence": falls_silent,
    "cut": breaks_off,
    "reset": resets,
    "reset at once": resets_at_once,
    "no finish": forgets_to_finish,
    "no JSON": babbles,
    "an error in the stream": fails_late,
    "a blocked prompt": blocks,
    "429": fails(429, "RESOURCE_EXHAUSTED", details=[{"retryDelay": "0.1s"}]),
    "429 for long": fails(429, "RESOURCE_EXHAUSTED", details=[{"retryDelay": "60s"}]),
    "500": fails(500, "INTERNAL"),
    "400": fails(400, "INVALID_ARGUMENT"),
}
WITH_TOOLS: dict[str, Script] = {"functions": calls_functions, "sources": rests_on_pages}
"""Scripts for clients that name tools, and answer calls."""


async def plays_by_name(exchange: Exchange) -> None:
    """The script that the last message names; after it, there may be calls and their results."""
    questions = [
        part["text"] for content in exchange.body["contents"] for part in content["parts"] if _is_question(content)
    ]
    await {**FAULTS, **WITH_TOOLS}[questions[-1]](exchange)


def _is_question(content: dict[str, Any]) -> bool:
    return content["role"] == "user" and "text" in content["parts"][0]
