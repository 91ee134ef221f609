"""Attacks, as those of `support.siege`, through files, imports, functions, links and OpenAI's wire."""

import asyncio
import itertools
import json
from typing import Any

from support.siege import MANY, MIB, SOCKETS, Attack, Attacker, again, chat, frame, sends

TOOLS: list[dict[str, Any]] = [{"name": "f", "parameters": {"type": "object"}}]


def nested(depth: int) -> dict[str, Any]:
    """A schema of objects in objects."""
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(depth):
        schema = {"type": "object", "properties": {"a": schema}, "required": ["a"]}
    return schema


def _mapping(rows: int, size: int) -> bytes:
    """An import of ChatGPT's form: rows of answers, from each of which a branch goes off."""
    nodes: dict[str, Any] = {}
    for row in range(rows):
        above = None
        for each in range(50):
            name = f"{row}.{each}"
            for role, key, parent in (("assistant", name, above), ("user", f"q{name}", name)):
                content = {"content_type": "text", "parts": ["x" * size]}
                nodes[key] = {"parent": parent, "message": {"author": {"role": role}, "content": content}}
            above = name
    return json.dumps({"mapping": nodes}).encode()


async def stalled_uploads(attacker: Attacker) -> None:
    """Files of 20 MB of which 8 come, and no more."""

    async def once() -> None:
        reader, writer = await attacker.connect()
        fields = ("Content-Type: text/plain", f"Content-Length: {20 * MIB}")
        writer.write(attacker.head("POST", "/files", *fields))
        try:
            for _ in range(8):
                writer.write(b"a line of text\n" * (MIB // 15))
                await writer.drain()
            await reader.read(-1)
        finally:
            writer.close()

    await again(MANY, once)


async def uploads(attacker: Attacker) -> None:
    """Files of all kinds of beginnings, kept and deleted at once."""
    beginnings = (b"<!--" * 1_000, b"%PDF-1.7\n", b"\x89PNG\r\n\x1a\n", b"{[" * 1_000, b"PK\x03\x04", b"a,b\n" * 1_000)

    async def once() -> None:
        for beginning in beginnings:
            status, body = await attacker.ask("POST", "/files?name=x.txt", beginning + b"line\n" * (MIB // 2))
            if status == 201:
                await attacker.ask("DELETE", f"/files/{json.loads(body)['id']}")

    await again(SOCKETS, once)


async def imports(attacker: Attacker) -> None:
    """Imports of far too many conversations, of very many messages, and of branches that repeat one answer."""
    message = {"parent": None, "role": "user", "text": "x"}
    bodies = (
        b"[" + b"{}," * (4 * MIB // 3 - 10) + b"{}]",
        b"[" + b"{}," * 9_000 + b"{}]",
        json.dumps({"messages": [{**message, "id": str(number)} for number in range(9_900)]}).encode(),
        _mapping(rows=4, size=9_000),
        json.dumps({"prompts": [{"name": str(n), "text": "x"} for n in range(50_000)], "conversations": [{}]}).encode(),
    )

    async def once() -> None:
        for body in bodies:
            await attacker.ask("POST", "/conversations/import", body)
        status, found = await attacker.ask("GET", "/conversations?limit=100")
        for each in json.loads(found)["conversations"] if status == 200 else ():
            if each["id"] != attacker.large:
                await attacker.ask("DELETE", f"/conversations/{each['id']}")

    await again(2, once)


async def unread_archives(attacker: Attacker) -> None:
    """A large conversation with its files as an archive, and everything at once, never read."""
    await _keep_long_prompts(attacker)
    async with asyncio.TaskGroup() as group:
        group.create_task(
            again(MANY, lambda: attacker.unread(f"/conversations/{attacker.large}/export?format=json&files=true"))
        )
        group.create_task(again(MANY, lambda: attacker.unread("/conversations/export")))


async def _keep_long_prompts(attacker: Attacker) -> None:
    """Keep as many prompts as may be, each as long as it may be."""
    for number in range(30):
        await attacker.ask("POST", "/prompts", json.dumps({"name": f"p{number}", "text": "\x01" * 20_000}).encode())


async def unread_prompts(attacker: Attacker) -> None:
    """Prompts as long as they may be, in lists that nobody reads."""
    await _keep_long_prompts(attacker)
    await again(MANY, lambda: attacker.unread("/prompts"))


async def _send_results(attacker: Attacker, results: list[bytes]) -> None:
    """Ask for calls on one socket, and send these results of them again and again."""
    chats = b"".join(chat(message="call a function", tools=TOOLS, id=f"t{number}") for number in range(8))
    batches = itertools.repeat(b"".join(results)) if results else []
    await sends(attacker, itertools.chain([chats], batches), pause=0.05)


def _result(number: int, call: str, result: Any) -> bytes:
    return frame(json.dumps({"type": "tool_result", "id": f"t{number}", "call": call, "result": result}).encode())


async def waiting_turns(attacker: Attacker) -> None:
    """Turns that wait for results which nobody sends, as many as may be."""
    await again(MANY, lambda: _send_results(attacker, []))


async def tool_results(attacker: Attacker) -> None:
    """Results that are too long, that nobody waits for, and that lead to the next round."""
    results = [_result(1, "f", "x" * 150_000), _result(2, "none", [[]] * 10_000)]
    results += [_result(3, f"f{'' if number < 2 else f'-{number}'}", "x" * 99_000) for number in range(1, 9)]
    await again(SOCKETS, lambda: _send_results(attacker, results))


async def schemas(attacker: Attacker) -> None:
    """Schemas and functions that are as deep and as many as a body takes."""
    wide = {"type": "object", "properties": {f"p{number}": {"type": "string"} for number in range(9_000)}}
    functions = [{"name": f"f{number}", "parameters": {**wide, "properties": {}}} for number in range(128)]
    bodies = [
        json.dumps({"message": "hi", **fields}).encode()
        for fields in (
            {"response_schema": nested(200)},
            {"response_schema": wide},
            {"tools": [{"name": "f", "parameters": wide}]},
            {"tools": functions},
            {"response_schema": {"enum": ["x"] * 35_000}},
        )
    ]

    async def once() -> None:
        for body in bodies:
            await attacker.ask("POST", "/chat", body)

    await again(SOCKETS, once)


async def openai_requests(attacker: Attacker) -> None:
    """Requests to OpenAI's wire with as many messages, calls and parts as they take."""
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    messages = {
        "many": [{"role": "user", "content": "x"}] * 9_900,
        "parts": [{"role": "user", "content": [{"type": "text", "text": "x"}] * 20_000}],
        "calls": [{"role": "assistant", "tool_calls": [call] * 5_000}, {"role": "user", "content": "x"}],
        "long": [{"role": "user", "content": "x" * (4 * MIB - 1_000)}],
    }
    bodies = [json.dumps({"model": "gemini-flash-latest", "messages": each}).encode() for each in messages.values()]
    inputs = [{"role": "user", "content": [{"type": "input_text", "text": "x"}]}] * 9_900

    async def once() -> None:
        for body in bodies:
            await attacker.ask("POST", "/v1/chat/completions", body)
        await attacker.ask("POST", "/v1/responses", json.dumps({"model": "x", "input": inputs}).encode())

    await again(2, once)


async def links_by_strangers(attacker: Attacker) -> None:
    """A public link to a large branch, read by many who have no key and do not read on."""
    wanted = {"message": f"{attacker.large}-0", "public": True}
    status, body = await attacker.ask("POST", f"/conversations/{attacker.large}/shares", json.dumps(wanted).encode())
    path = f"/shared/{json.loads(body)['token']}" if status == 201 else "/shared/p_none"
    request = f"GET {path} HTTP/1.1\r\nHost: {attacker.address}\r\n\r\n".encode()
    await again(4 * MANY, lambda: attacker.send_unread(request))


FEATURES: tuple[Attack, ...] = (
    *(stalled_uploads, uploads, imports, unread_archives, unread_prompts, waiting_turns, tool_results),
    *(schemas, openai_requests, links_by_strangers),
)
