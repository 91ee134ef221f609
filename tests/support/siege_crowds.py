"""Attacks, as those of `support.siege`, by very many connections and runs: each thing by itself is small."""

import asyncio
import itertools
import json
import secrets
from collections.abc import Iterator, Sequence
from contextlib import suppress

from support.siege import MANY, MIB, SOCKETS, Attack, Attacker, again, chat, drops, frame, sends

CROWD = 300
"""Connections of an attack, each of which does little."""

GRACE = 5
"""Seconds for which a run that goes on may outlive its listeners: all has to be back ten seconds after the siege."""


async def _asks(attacker: Attacker, requests: Sequence[bytes]) -> None:
    """Send these requests over one connection again and again, each when the one before is answered."""
    reader, writer = await attacker.connect()
    try:
        while True:
            for request in requests:
                writer.write(request)
                head = await reader.readuntil(b"\r\n\r\n")
                _, is_sized, rest = head.lower().partition(b"content-length:")
                if not is_sized:
                    return
                left = int(rest.split(b"\r\n")[0])
                while left > 0 and (piece := await reader.read(left)):
                    left -= len(piece)
    finally:
        writer.close()


async def small_requests(attacker: Attacker) -> None:
    """The cheapest requests, over many connections."""
    paths = ("/models", "/conversations?limit=1", "/runs", "/files", "/usage", "/none", "/v1/models")
    await again(CROWD, lambda: _asks(attacker, [attacker.head("GET", path) for path in paths]))


async def refused_requests(attacker: Attacker) -> None:
    """Bodies that are refused, over many connections."""
    bodies = (b"{", b'{"message":1}', b'{"message":"a","grace":-1}', b'{"message":"a","files":["none"]}')
    await again(CROWD, lambda: _asks(attacker, [attacker.request("POST", "/chat", body) for body in bodies]))


async def small_turns(attacker: Attacker) -> None:
    """The shortest turns, over many connections."""
    await again(CROWD, lambda: _asks(attacker, [attacker.request("POST", "/chat", b'{"message":"hi"}')]))


async def small_frames(attacker: Attacker) -> None:
    """Frames that are refused, on many sockets; on each fewer than are too many."""
    frames = [
        json.dumps(fields).encode()
        for fields in (
            {"type": "resume", "run": secrets.token_urlsafe(24), "after": 0},
            {"type": "cancel", "run": secrets.token_urlsafe(24)},
            {"type": "cancel", "id": "none"},
            {"type": "tool_result", "id": "none", "call": "x", "result": 1},
            {"type": "auth", "token": attacker.key},
            {"type": "x"},
        )
    ]

    messages = b"".join(frame(each) + frame(b"x", 0x89) for each in frames)
    await again(CROWD, lambda: sends(attacker, itertools.repeat(messages), 0.65))


async def forgotten_runs(attacker: Attacker) -> None:
    """Turns with grace, to whose ends nobody listens."""

    async def once() -> None:
        body = json.dumps({"message": "hi", "grace": 120}).encode()
        await _asks(attacker, [attacker.request("POST", "/chat", body, "Prefer: respond-async")])

    await again(CROWD, once)


async def many_listeners(attacker: Attacker) -> None:
    """One run that goes on, and very many who listen to it; half of them do not read."""
    body = json.dumps({"message": "drip", "grace": GRACE}).encode()
    run = "none"

    async def starts() -> None:
        nonlocal run
        reader, writer = await attacker.connect()
        try:
            writer.write(attacker.request("POST", "/chat", body, "Prefer: respond-async"))
            head = await reader.readuntil(b"\r\n\r\n")
            run = head.partition(b"/runs/")[2].partition(b"\r\n")[0].decode() or run
        finally:
            writer.close()

    async def listens() -> None:
        reader, writer = await attacker.connect()
        try:
            writer.write(attacker.head("GET", f"/runs/{run}/events"))
            await drops(reader)
        finally:
            writer.close()

    async with asyncio.TaskGroup() as group:
        group.create_task(again(1, starts, pause=5))
        await asyncio.sleep(0.5)
        group.create_task(again(CROWD, listens, pause=0.5))
        group.create_task(again(MANY, lambda: attacker.unread(f"/runs/{run}/events"), pause=0.5))


async def unread_runs(attacker: Attacker) -> None:
    """A run with a long answer, and many who ask for it from its beginning, and never read."""
    reader, writer = await attacker.connect()
    body = json.dumps({"message": "go on for ever", "grace": GRACE}).encode()
    writer.write(attacker.request("POST", "/chat/stream", body))
    run = ""
    received = 0
    try:
        while received < 12 * MIB and (piece := await reader.read(2**16)):
            received += len(piece)
            if not run and b'"run":"' in piece:
                run = piece.partition(b'"run":"')[2].partition(b'"')[0].decode()
    finally:
        writer.close()
    await again(MANY * 3, lambda: attacker.unread(f"/runs/{run}/events"))


async def long_heads(attacker: Attacker) -> None:
    """Requests with as many headers as are taken."""
    fields = [f"X-{number}: y" for number in range(2_500)]
    await again(MANY, lambda: _asks(attacker, [attacker.head("GET", "/models", *fields)]))


async def large_v1_bodies(attacker: Attacker) -> None:
    """Requests to OpenAI's wire with a picture as long as it may be, refused at its end."""
    picture = "data:image/png;base64," + "A" * (26 * MIB)
    content = [{"type": "image_url", "image_url": {"url": picture}}]
    body = json.dumps({"model": "gemini-flash-latest", "messages": [{"role": "user", "content": content}]}).encode()
    await again(2, lambda: _once(attacker, "/v1/chat/completions", body))


async def _once(attacker: Attacker, path: str, body: bytes) -> None:
    await attacker.ask("POST", path, body)


async def deep_bodies(attacker: Attacker) -> None:
    """Bodies that are nested as deep as may be, or hold very many fields."""
    deep = b'{"message":"a","response_schema":' + b'{"anyOf":[' * 190 + b"{}" + b"]}" * 190 + b"}"
    wide = json.dumps({"message": "a", **{f"x{n}": n for n in range(15_000)}}).encode()
    keys = json.dumps(
        {"message": "a", "tools": [{"name": "f", "parameters": {f"x{n}": {} for n in range(4_900)}}]}
    ).encode()
    numbers = b'{"message":"a","temperature":[' + b"1," * 2_000_000 + b"1]}"
    await again(
        SOCKETS, lambda: _asks(attacker, [attacker.request("POST", "/chat", b) for b in (deep, wide, keys, numbers)])
    )


async def many_conversations(attacker: Attacker) -> None:
    """Very many small conversations, listed, searched and exported together."""
    many = json.dumps(
        [{"messages": [{"id": "m", "parent": None, "role": "user", "text": f"word {n}"}]} for n in range(2_000)]
    )
    await attacker.ask("POST", "/conversations/import", many.encode())

    async def lists() -> None:
        for path in ("/conversations?limit=100", "/conversations?q=word&limit=100", "/conversations?q=w"):
            await attacker.ask("GET", path)

    async with asyncio.TaskGroup() as group:
        group.create_task(again(MANY, lists))
        group.create_task(again(SOCKETS, lambda: attacker.ask("GET", "/conversations/export")))  # type: ignore[arg-type, return-value]


async def odd_searches(attacker: Attacker) -> None:
    """Searches for one letter, for signs, and for a thousand characters."""
    queries = ("f", "%22", "%25", "f*", "%22".join("f" * 150), "%F0%9F%98%80" * 80, "a%20" * 20, "%E4%B8%AD" * 300)

    async def once() -> None:
        for query in queries:
            await attacker.ask("GET", f"/conversations?q={query}")

    await again(SOCKETS, once)


async def small_writes(attacker: Attacker) -> None:
    """Prompts, folders, titles and links made and deleted over many connections."""

    async def once() -> None:
        for path, body in (
            ("/prompts", {"name": secrets.token_hex(8), "text": "x" * 20_000}),
            ("/folders", {"name": secrets.token_hex(8)}),
            ("/conversations", {"title": "x"}),
        ):
            status, answer = await attacker.ask("POST", path, json.dumps(body).encode())
            if status == 201:
                await attacker.ask("DELETE", f"{path}/{json.loads(answer)['id']}")
        with suppress(ValueError, KeyError):
            await attacker.ask("PATCH", f"/conversations/{attacker.large}", json.dumps({"title": "t" * 200}).encode())

    await again(MANY, once)


async def slow_sockets(attacker: Attacker) -> None:
    """Handshakes and requests that come byte by byte."""

    async def once() -> None:
        reader, writer = await attacker.connect()
        reading = asyncio.ensure_future(drops(reader))
        try:
            for byte in attacker.head("GET", "/ws", "X: " + "y" * 30_000):
                writer.write(bytes([byte]))
                await writer.drain()
                await asyncio.sleep(0)
                if reading.done():
                    return
        finally:
            reading.cancel()
            writer.close()

    await again(MANY, once)


async def fragments(attacker: Attacker) -> None:
    """Messages in a thousand fragments of one byte."""
    whole = frame(b'"', 0x01) + frame(b"a", 0x00) * 900 + frame(b'"', 0x80)
    await again(MANY, lambda: sends(attacker, itertools.repeat(whole), 0.5))


async def floods_of_turns(attacker: Attacker) -> None:
    """Turns over sockets that end at once and begin anew, at the rate of a socket."""

    def eight_at_a_time() -> Iterator[bytes]:
        for first in itertools.count(1, 8):
            yield b"".join(chat(id=f"t{number}", history=[]) for number in range(first, first + 8))

    await again(MANY, lambda: sends(attacker, eight_at_a_time(), 0.45))


CROWDS: tuple[Attack, ...] = (
    *(small_requests, refused_requests, small_turns, small_frames, forgotten_runs, many_listeners, unread_runs),
    *(long_heads, large_v1_bodies, deep_bodies, many_conversations, odd_searches, small_writes, slow_sockets),
    *(fragments, floods_of_turns),
)
