"""A run whose link is cut at any frame, or at any byte, and is resumed: nothing is missing, nothing comes twice."""

import asyncio
import json
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random
from typing import Any

import aiohttp
import pytest
from support.bodies import Reading, all_bodies
from support.client import Frame, connected, text_of
from support.serving import sharing
from support.tool_streams import drawn
from support.upstream import Exchange, Script, Upstream

BODIES = all_bodies()
NAMES = [
    name
    for name in (
        "thoughts",
        "every width of UTF-8",
        "an error in an event",
        "streaming-success-utf8",
        "streaming-success-thinking-reply-thought-summary",
        "streaming-success-basic-reply-long",
    )
    if name in BODIES
]
"""The unit test of the log reads all bodies."""
STREAMS = {f"tools, drawn with {seed}": drawn(Random(seed), calls=False) for seed in (102, 137)}
"""Answers with sources, code and pictures."""
OPTIONS = {"grace": 5, "thinking": "low"}
OFFERED = "search,url_context,code"
WITH_TOOLS = {**OPTIONS, "tools": ["search", "url_context", "code"], "model": "gemini-flash-latest"}
PIECE_BYTES = 512
RANDOM_CUTS = 8

recorded = pytest.mark.parametrize("name", NAMES)
everything = pytest.mark.parametrize(
    "name",
    [*NAMES, *STREAMS, *(pytest.param(name, marks=pytest.mark.nightly) for name in BODIES if name not in NAMES)],
)


def in_pieces(body: bytes) -> Script:
    """A script that sends a body in pieces, and lets others run after each."""

    async def script(exchange: Exchange) -> None:
        await exchange.start()
        for start in range(0, len(body), PIECE_BYTES):
            await exchange.send(body[start : start + PIECE_BYTES])
            await asyncio.sleep(0.001)
        await exchange.finish()

    return script


def are_whole(frames: list[Frame], body: bytes) -> None:
    """See that these are all frames of an answer, each once."""
    reading = Reading(body, [])
    assert (text_of(frames), text_of(frames, "thought")) == (reading.text, reading.thoughts)
    numbers = [frame["seq"] for frame in frames]
    assert numbers == sorted(set(numbers))
    assert [frame["type"] for frame in frames if frame["type"] not in ("delta", "thought")] == [
        "started",
        "error" if reading.failure else "usage",
    ]
    assert frames[-1]["type"] in ("usage", "error")


def joined(frames: list[Frame]) -> list[tuple[str, Any]]:
    """Frames with neighbouring texts joined, without what differs from run to run; each comes once, and one end."""
    numbers = [frame["seq"] for frame in frames]
    assert numbers == sorted(set(numbers))
    assert [frame["type"] in ("usage", "error") for frame in frames] == [False] * (len(frames) - 1) + [True]
    whole: list[tuple[str, Any]] = []
    for frame in frames:
        kind = frame["type"]
        if kind in ("delta", "thought") and whole and whole[-1][0] == kind:
            whole[-1] = (kind, whole[-1][1] + frame["text"])
        elif kind in ("delta", "thought"):
            whole.append((kind, frame["text"]))
        elif kind in ("usage", "error", "started"):
            whole.append((kind, frame.get("finish_reason") or frame.get("code")))
        else:
            whole.append((kind, {name: frame[name] for name in frame.keys() - {"id", "seq", "file"}}))
    return whole


@everything
async def test_a_socket_that_is_cut_at_any_frame_goes_on_after_it(upstream: Upstream, name: str) -> None:
    upstream.plays(in_pieces((BODIES | STREAMS)[name]))
    fields = WITH_TOOLS if name in STREAMS else OPTIONS
    async with sharing(upstream, retries=0, tools=OFFERED) as address, connected(address) as other:
        uncut = await other.ask(name, id="socket", **fields)
        if name in NAMES:
            are_whole(uncut, BODIES[name])
        for cut in range(len(uncut)):
            turn = f"socket-{cut}"
            async with connected(address) as client:
                await client.chat(name, id=turn, **fields)
                received = [await client.receive() for _ in range(cut)]
                client.socket.transport.abort()
            if received:
                await other.send(type="resume", run=received[0]["run"], after=cut)
            else:
                await other.chat(name, id=turn, **fields)
            rest = await other.until_end(turn)
            assert joined([*received, *rest]) == joined(uncut)
    assert len(upstream.exchanges) == 1 + len(uncut)


@asynccontextmanager
async def client(address: str) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(f"http://{address}", connector=aiohttp.TCPConnector(force_close=True)) as session:
        yield session


def events_in(stream: bytes) -> list[tuple[str, Frame]]:
    """The ids and frames of the whole events of a stream that may be cut."""
    events = [event.split(b"\n") for event in stream.split(b"\n\n")[:-1] if not event.startswith(b":")]
    return [(name.decode().removeprefix("id: "), json.loads(data.removeprefix(b"data: "))) for name, _, data in events]


async def until_cut(address: str, question: dict[str, object], most: int, *, events: int | None = None) -> bytes:
    """Ask for a stream; leave after so many bytes of it, or so many events."""
    host, _, port = address.partition(":")
    reader, writer = await asyncio.open_connection(host, int(port), limit=2**24)
    body = json.dumps(question).encode()
    # HTTP/1.0 has no chunks, so every byte after the head is one of the stream.
    head = f"POST /chat/stream HTTP/1.0\r\nHost: {address}\r\nContent-Type: application/json\r\n"
    writer.write(head.encode() + b"Content-Length: %d\r\n\r\n" % len(body) + body)
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
    try:
        if events is None:
            stream = await reader.readexactly(most)
        else:
            stream = b"".join([await reader.readuntil(b"\n\n") for _ in range(events)])
    except asyncio.IncompleteReadError as whole:
        stream = whole.partial
    writer.transport.abort()
    return stream


async def rest_of(
    http: aiohttp.ClientSession, question: dict[str, object], received: list[tuple[str, Frame]]
) -> list[Frame]:
    """Return what comes after the last event that was received; without one, the same question is asked again."""
    if received:
        last, first = received[-1][0], received[0][1]
        asking = http.get(f"/runs/{first['run']}/events", headers={"Last-Event-ID": last})
    else:
        asking = http.post("/chat/stream", json=question)
    async with asking as response:
        return [frame for _, frame in events_in(await response.read())] if response.status == 200 else []


@everything
async def test_an_event_stream_that_is_cut_at_any_event_goes_on_after_it(upstream: Upstream, name: str) -> None:
    upstream.plays(in_pieces((BODIES | STREAMS)[name]))
    question = {"message": name, "id": "events", **(WITH_TOOLS if name in STREAMS else OPTIONS)}
    async with sharing(upstream, retries=0, tools=OFFERED) as address, client(address) as http:
        uncut = [frame for _, frame in events_in(await until_cut(address, question, 2**24))]
        for cut in range(len(uncut)):
            question["id"] = f"events-{cut}"
            received = events_in(await until_cut(address, question, 0, events=cut))
            assert len(received) == cut
            rest = await rest_of(http, question, received)
            assert joined([*(frame for _, frame in received), *rest]) == joined(uncut)
    assert len(upstream.exchanges) == 1 + len(uncut)


@recorded
async def test_an_event_stream_that_is_cut_at_any_byte_goes_on_after_its_last_event(
    upstream: Upstream, name: str
) -> None:
    body = BODIES[name]
    upstream.plays(in_pieces(body))
    async with sharing(upstream, retries=0, tools=OFFERED) as address, client(address) as http:
        question = {"message": name, "id": "stream", **OPTIONS}
        uncut = await until_cut(address, question, 2**24)
        are_whole([frame for _, frame in events_in(uncut)], body)
        for number in range(RANDOM_CUTS):
            question["id"] = f"stream-{number}"
            received = events_in(await until_cut(address, question, random.randrange(len(uncut))))
            rest = await rest_of(http, question, received)
            are_whole([*(frame for _, frame in received), *rest], body)
    assert len(upstream.exchanges) == 1 + RANDOM_CUTS
