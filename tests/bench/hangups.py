"""`make hangups`: how long an upstream stays open after its listener has left, phase by phase, departure by departure.

A server in a process of its own, an upstream and raw clients here. Each cell is measured several times,
from the client's last act to the moment at which the upstream sees its connection closed, and checked:
one request, the right reason in the log, the turn over. Writes docs/measurements/hangups.md; exit code 1 if a cell
fails.
"""

import asyncio
import json
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

import uvloop
from support.client import masked, raw_socket
from support.functions import call, calls
from support.paths import MEASUREMENTS
from support.process import ServerProcess, running
from support.transports import Listener, listening
from support.upstream import (
    Exchange,
    Upstream,
    fails,
    floods,
    is_silent,
    says_and_is_silent,
    starts_and_is_silent,
    until_blocked,
)

PAGE = MEASUREMENTS / "hangups.md"
ROUNDS = 20
PING_SECONDS = 0.2
LIMIT_MS = 50.0
HALF_OPEN_LIMIT_MS = 2 * PING_SECONDS * 1000 + LIMIT_MS

PHASES: dict[str, Callable[[Exchange], Awaitable[None]]] = {
    "before the upstream's headers": is_silent,
    "before its first token": starts_and_is_silent,
    "between tokens": says_and_is_silent("Hello"),
    "in a silent stall": says_and_is_silent("Hello"),
    "in a retry's back-off": fails(429, details=[{"retryDelay": "20s"}]),
    "blocked in a send": floods,
    "while its client thinks": calls(call("clock", {}, signature="s")),
}
NOTHING_OPEN = ("in a retry's back-off", "while its client thinks")
CLOSE_OF_RUN = "close frame, with `grace`"
STOP_ELSEWHERE = "lost, resumed, Stop from a third socket"
HTTP_PATHS = {
    "SSE client gone": "/chat/stream",
    "REST client gone": "/chat",
    "chat completion's stream left": "/v1/chat/completions streamed",
    "response's stream left": "/v1/responses streamed",
}
"""The paths of the departures over HTTP."""
DEPARTURES = ("close frame", "TCP reset", "half-open peer", "`cancel` frame", *HTTP_PATHS, CLOSE_OF_RUN, STOP_ELSEWHERE)
LOGGED = {"`cancel` frame": "user_cancel", STOP_ELSEWHERE: "user_cancel"}
CANNOT_BE = {
    ("blocked in a send", "REST client gone"): "its answer is sent at its end",
    **{("while its client thinks", departure): "it ends in its calls" for departure in HTTP_PATHS},
}


async def arrive(address: str, departure: str) -> Listener:
    """A client that has asked its question."""
    if departure in HTTP_PATHS:
        return await listening(address, HTTP_PATHS[departure])
    reader, writer = await raw_socket(address)
    grace = 60 if departure in (CLOSE_OF_RUN, STOP_ELSEWHERE) else 0
    turn = f"t{time.monotonic_ns()}"  # the same chat again would join its run
    chat = {"type": "chat", "message": "hi", "id": turn, "grace": grace, "tools": [{"name": "clock"}]}
    writer.write(masked(json.dumps(chat).encode()))
    return Listener(reader, writer)


async def say(address: str, frame: dict[str, Any]) -> Listener:
    """A further socket that has sent this frame."""
    reader, writer = await raw_socket(address)
    writer.write(masked(json.dumps(frame).encode()))
    return Listener(reader, writer)


async def lose_and_resume(address: str, listener: Listener, run: str) -> Listener:
    """Lose the link, and listen on another socket; return a third one, which is there."""
    listener.reset()
    again = await say(address, {"type": "resume", "run": run})
    listener.reader, listener.writer = again.reader, again.writer
    await listener.reads_until(b'"started"')
    third = await say(address, {"type": "cancel", "id": "none"})
    await third.reads_until(b"unknown_turn")
    return third


def leave(listener: Listener, departure: str) -> None:
    """Take the departure. A half-open peer just never answers again."""
    if departure in ("close frame", CLOSE_OF_RUN):
        listener.writer.write(b"\x88\x82\0\0\0\0\x03\xe8")
    elif departure == "TCP reset":
        listener.reset()
    elif departure == "`cancel` frame":
        listener.writer.write(masked(b'{"type": "cancel"}'))
    elif departure != "half-open peer":
        listener.close()


async def settle(phase: str, departure: str, listener: Listener, exchange: Exchange) -> None:
    """Wait until the turn is in its phase."""
    if phase in ("between tokens", "in a silent stall") and departure != "REST client gone":
        await listener.reads_until(b"Hello")
    if phase in NOTHING_OPEN:
        await exchange.closed.wait()
    if phase == "blocked in a send":
        await until_blocked(exchange)
    await asyncio.sleep(0.5 if phase == "in a silent stall" else 0.02)


async def measure(server: ServerProcess, upstream: Upstream, phase: str, departure: str) -> float:
    """Milliseconds from the departure to the upstream's end; raise AssertionError when anything else is wrong."""
    upstream.plays(PHASES[phase])
    lines_before = len(server.turns)
    listener = await arrive(server.address, departure)
    arrived = asyncio.get_running_loop().time()
    exchange = await upstream.wait_for_request()
    run = (await listener.reader.readuntil(b'","conv')).split(b'"')[-3].decode() if departure == STOP_ELSEWHERE else ""
    await settle(phase, departure, listener, exchange)
    third = await lose_and_resume(server.address, listener, run) if run else None
    # A half-open peer falls silent when it has arrived: its first ping is the one that it does not answer.
    left = arrived if departure == "half-open peer" else asyncio.get_running_loop().time()
    if third is None:
        leave(listener, departure)
    else:
        third.writer.write(masked(json.dumps({"type": "cancel", "run": run}).encode()))
    async with asyncio.timeout(5):
        await exchange.closed.wait()
        if phase == "blocked in a send" and departure in LOGGED:
            listener.reset()  # its end waits to be read
        line = await server.turn(lines_before)
        ended = asyncio.get_running_loop().time()
    listener.close()
    if third is not None:
        third.close()
    assert len(upstream.exchanges) == 1, "a further request was made"
    assert line["reason"] == LOGGED.get(departure, "client_gone"), f"the log says {line['reason']}"
    return ((ended if phase in NOTHING_OPEN else exchange.closed_at) - left) * 1000


async def cell(
    address_of: dict[bool, ServerProcess], upstream: Upstream, phase: str, departure: str
) -> tuple[str, bool]:
    """Return the table's cell for a phase and a departure, and True if it is as promised."""
    if (phase, departure) in CANNOT_BE:
        return f"cannot be: {CANNOT_BE[phase, departure]}", True
    half_open = departure == "half-open peer"
    rounds = ROUNDS // 5 if half_open or phase == "blocked in a send" else ROUNDS
    try:
        times = [await measure(address_of[half_open], upstream, phase, departure) for _ in range(rounds)]
    except (AssertionError, TimeoutError) as wrong:
        return f"**wrong: {str(wrong) or 'never'}**", False
    fine = max(times) <= (HALF_OPEN_LIMIT_MS if half_open else LIMIT_MS)
    text = f"{statistics.median(times):.1f} / {max(times):.1f}"
    return text if fine else f"**{text}**", fine


async def main() -> int:
    environment: dict[str, Any] = {
        "GEMINI_API_KEY": "none",
        "DELTAWIRE_RETRY_MAX_DELAY": "30",
        "DELTAWIRE_RETRIES": "9",
        "DELTAWIRE_MAX_HANDSHAKES_PER_MINUTE": "100000",
    }
    pings = {"DELTAWIRE_PING_INTERVAL": str(PING_SECONDS), "DELTAWIRE_PING_TIMEOUT": str(PING_SECONDS)}
    async with Upstream() as upstream:
        environment["GOOGLE_GEMINI_BASE_URL"] = upstream.url
        async with running(**environment) as calm, running(**environment, **pings) as pinging:
            for server in (calm, pinging):
                await server.ready()
            rows = [
                (
                    phase,
                    [await cell({False: calm, True: pinging}, upstream, phase, departure) for departure in DEPARTURES],
                )
                for phase in PHASES
            ]
    table = "\n".join(f"| {phase} | " + " | ".join(text for text, _ in cells) + " |" for phase, cells in rows)
    PAGE.write_text(TEXT.format(heads=" | ".join(DEPARTURES), rules=" | ".join(["---"] * len(DEPARTURES)), table=table))
    sys.stdout.write(table + "\n")
    return 0 if all(fine for _, cells in rows for _, fine in cells) else 1


TEXT = f"""\
# How long the upstream stays open after its client has left

Milliseconds, median / longest of {ROUNDS} ({ROUNDS // 5} for the slow cells), from the client's last action to
the moment when the upstream sees its connection closed. In a retry's back-off, and while a client works on the
model's calls, no connection is open; there the time runs to the end of the turn. `make hangups` repeats it, with a
server in a process of its own. A cell over {LIMIT_MS:.0f} ms, a second upstream request or the wrong reason in the
log fails it. A half-open peer can only be noticed by the ping that it does not answer: its limit is
`PING_INTERVAL + PING_TIMEOUT`, here {PING_SECONDS:g} s + {PING_SECONDS:g} s, from its last sign of life.

| the turn is | {{heads}} |
| --- | {{rules}} |
{{table}}

`POST /chat` sends nothing before its end, so its column is measured while it waits.
"""

if __name__ == "__main__":
    sys.exit(uvloop.run(main()))
