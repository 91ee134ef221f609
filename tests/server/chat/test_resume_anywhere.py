"""A turn with grace that is started, lost, resumed and stopped, each over another transport, in each state."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import aiohttp
import pytest
from support.client import Frame, connected
from support.functions import TOOLS, call, calls
from support.log import Log
from support.serving import serving
from support.transports import listening
from support.upstream import (
    AT_ONCE,
    Exchange,
    Upstream,
    fails,
    is_silent,
    says_and_is_silent,
    starts_and_is_silent,
)

PHASES: dict[str, Callable[[Exchange], Awaitable[None]]] = {
    "before headers": is_silent,
    "before the first token": starts_and_is_silent,
    "in a retry's back-off": fails(503),
    "between tokens": says_and_is_silent("Hello"),
    "while its client thinks": calls(call("clock", {}, signature="s")),
}
QUESTION: dict[str, Any] = {"message": "hi", "id": "t1", "grace": 60, "tools": TOOLS}
Frames = AsyncIterator[Frame]
STARTS = ("socket", "sse", "rest")
RESUMES = ("socket", "sse")
STOPS = ("socket", "rest")
DAILY = {("between tokens", "sse", "socket", "rest"), ("while its client thinks", "socket", "sse", "socket")}
CELLS = [
    pytest.param(*cell, marks=() if cell in DAILY else pytest.mark.nightly, id=", ".join(cell))
    for cell in itertools.product(PHASES, STARTS, RESUMES, STOPS)
    if cell[0] != "while its client thinks" or cell[1] == "socket"  # over HTTP such a turn ends with its calls
]


async def starts(address: str, over: str) -> Callable[[], None]:
    """Ask over a transport; return what loses its link."""
    if over == "socket":
        client = await connected(address).__aenter__()
        await client.chat(**QUESTION)
        return client.socket.transport.abort
    path = "/chat/stream" if over == "sse" else "/chat"
    fields = {name: value for name, value in QUESTION.items() if name not in ("message", "id")}
    return (await listening(address, path, **fields)).reset


async def reached(http: aiohttp.ClientSession, phase: str, exchange: Exchange) -> str:
    """Wait until the turn is in this phase; return the name of its run."""
    if phase in ("in a retry's back-off", "while its client thinks"):
        await exchange.closes()
    while True:
        async with http.get("/runs") as response:
            [run] = (await response.json())["runs"]
        is_there = phase != "between tokens" or run["seq"] > 1
        is_there &= phase != "while its client thinks" or run["state"] == "waiting"
        if is_there:
            return str(run["run"])


@asynccontextmanager
async def resumed(
    http: aiohttp.ClientSession, address: str, over: str, run: str
) -> AsyncIterator[AsyncIterator[Frame]]:
    """Listen to a run from its beginning; yield its frames once the first has come."""
    if over == "socket":
        async with connected(address) as client:
            await client.send(type="resume", run=run, id="mine")
            assert (await client.receive())["type"] == "started"

            async def frames() -> AsyncIterator[Frame]:
                while True:
                    yield await client.receive()

            yield frames()
        return
    async with http.get(f"/runs/{run}/events") as response:
        assert b"event: started" in await response.content.readuntil(b"\n\n")

        async def events() -> AsyncIterator[Frame]:
            async for line in response.content:
                if line.startswith(b"data: "):
                    yield json.loads(line.removeprefix(b"data: "))

        yield events()


async def stops(http: aiohttp.ClientSession, address: str, over: str, run: str) -> None:
    """Stop a run from a connection that does not listen to it."""
    if over == "rest":
        async with http.delete(f"/runs/{run}") as response:
            assert response.status == 204
    else:
        async with connected(address) as other:
            await other.send(type="cancel", run=run)


async def end_of(frames: AsyncIterator[Frame]) -> Frame:
    """The end of a run, after which nothing comes."""
    async for frame in frames:
        if frame["type"] in ("usage", "error"):
            return frame
    raise AssertionError("there is no end")


@pytest.mark.parametrize("phase, start, resume, stop", CELLS)
async def test_a_lost_run_is_resumed_and_stopped_over_any_transport(
    upstream: Upstream, log: Log, phase: str, start: str, resume: str, stop: str
) -> None:
    upstream.plays(PHASES[phase])
    connector = aiohttp.TCPConnector(force_close=True)
    async with (
        serving(upstream, retry_max_delay=30, retries=9) as address,
        aiohttp.ClientSession(f"http://{address}", connector=connector) as http,
        AsyncExitStack() as stack,
    ):
        lose = await starts(address, start)
        exchange = await upstream.wait_for_request()
        run = await reached(http, phase, exchange)
        lose()
        await log.line("run", happening="lost")
        streams = [await stack.enter_async_context(resumed(http, address, over, run)) for over in (resume, *RESUMES)]
        await stops(http, address, stop, run)
        await asyncio.wait_for(exchange.closed.wait(), AT_ONCE)
        ends = [await end_of(frames) for frames in streams]
        assert {(end["type"], end["finish_reason"]) for end in ends} == {("usage", "cancelled")}
        async with http.get(f"/runs/{run}/events", headers={"Last-Event-ID": f"{run}:{ends[0]['seq']}"}) as response:
            assert response.status == 204
        line = await log.line("turn_ended")
    assert (line["end"], line["reason"]) == ("cancelled", "user_cancel")
    assert len([line for line in log.lines if line["event"] == "turn_ended"]) == 1
    assert len(upstream.exchanges) == 1
