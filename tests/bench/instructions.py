"""`make bench-instructions OTHER=folder`: the instructions of a delta and of a turn, beside another checkout.

CPU time tells what a change costs on one machine, and only on a quiet one. Instructions outside the kernel, counted by
callgrind, are the same on a busy one, to a hundredth. Takes some minutes; needs valgrind.
"""

import argparse
import asyncio
import json
import re
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Final

import msgspec
import uvloop
import websockets
from support.paths import ROOT
from support.process import ServerProcess, running
from support.transports import listening
from support.upstream import Exchange, Upstream

from bench.against import source_of

_ROUNDS: Final = 4
_FEW_DELTAS: Final = 100
_MANY_DELTAS: Final = 400
_FEW_TURNS: Final = 1
_MANY_TURNS: Final = 4
_QUIET_SECONDS: Final = 4.0
"""Seconds after which the usage of the turns before is written, and its connection closed."""
_TOTALS: Final = re.compile(r"^(?:summary|totals): (\d+)", re.MULTILINE)


class Cost(msgspec.Struct, frozen=True):
    """Instructions outside the kernel; each count is the least of several, because what comes beside only adds."""

    delta: float
    turn: float
    """With its socket and a single delta."""


class Lockstep:
    """An upstream that sends each piece of text when the client has the one before, so that no two are joined."""

    def __init__(self) -> None:
        """Start with nothing to send."""
        self._deltas = 0
        self._read = asyncio.Event()

    async def __call__(self, exchange: Exchange) -> None:
        """Answer one request."""
        await exchange.start()
        for number in range(self._deltas):
            self._read.clear()
            await exchange.text(f"word number {number} ")
            await self._read.wait()
        await exchange.text("end", finish="STOP")
        await exchange.finish()

    async def turn(self, socket: websockets.ClientConnection, deltas: int) -> None:
        """Ask for so many deltas, and read them."""
        self._deltas = deltas
        await socket.send('{"type":"chat","id":"turn","message":"hello","history":[]}')
        while (frame := json.loads(await socket.recv()))["type"] != "usage":
            assert frame["type"] == "delta", frame
            self._read.set()

    async def stream(self, address: str, deltas: int) -> None:
        """Ask for so many deltas as server-sent events, over a new connection, and read them."""
        self._deltas = deltas
        listener = await listening(address, "/chat/stream", "hello")
        while b"event: usage" not in (event := await listener.reader.readuntil(b"\n\n")):
            assert b"event: delta" in event, event
            self._read.set()
        listener.close()


class Counter:
    """callgrind, as it is told to count a server."""

    def __init__(self, server: ServerProcess, folder: Path) -> None:
        """Its files are in the folder."""
        self._server = server
        self._folder = folder

    async def of(self, work: Callable[[], Awaitable[None]]) -> int:
        """Count what the server does meanwhile, and nothing that it did not finish before."""
        await asyncio.sleep(_QUIET_SECONDS)
        await self._control("--instr=on")
        await work()
        await self._control("--instr=off")
        await self._control("--dump")
        counted = 0
        for file in self._folder.glob("counts*"):
            counted += max((int(total) for total in _TOTALS.findall(file.read_text())), default=0)
            file.unlink()
        return counted

    async def _control(self, order: str) -> None:
        pid = str(self._server.process.pid)
        process = await asyncio.create_subprocess_exec(
            "callgrind_control", order, pid, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
        )
        assert await process.wait() == 0, f"callgrind_control {order} failed"


@asynccontextmanager
async def counted(checkout: Path, upstream: Upstream) -> AsyncIterator[tuple[ServerProcess, Counter]]:
    """A server of this checkout under callgrind, which counts nothing yet."""
    with tempfile.TemporaryDirectory() as folder:
        valgrind = ("valgrind", "--tool=callgrind", "--instr-atstart=no", f"--callgrind-out-file={folder}/counts")
        command = (*valgrind, sys.executable, "-c", source_of(checkout))
        unhurried = {"DELTAWIRE_TURN_TIMEOUT": "3600", "DELTAWIRE_TOKEN_TIMEOUT": "600"}
        asks = {"GEMINI_API_KEY": "none", "GOOGLE_GEMINI_BASE_URL": upstream.url, "PYTHONHASHSEED": "0"}
        async with running(*command, **unhurried, **asks) as server:
            await server.ready()
            yield server, Counter(server, Path(folder))


async def cost_of(checkout: Path) -> Cost:
    """Count a delta and a turn, each as the difference between many and few."""
    lockstep = Lockstep()
    async with Upstream() as upstream, counted(checkout, upstream) as (server, counter):
        upstream.plays(lockstep)

        @asynccontextmanager
        async def socket() -> AsyncIterator[websockets.ClientConnection]:
            address = f"ws://{server.address}/ws"
            async with websockets.connect(address, open_timeout=None, ping_interval=None) as opened:
                yield opened

        async def turns(number: int) -> None:
            for _ in range(number):
                async with socket() as opened:
                    await lockstep.turn(opened, 1)

        async with socket() as opened:
            await lockstep.turn(opened, _FEW_DELTAS)
            many, few = [
                min([await counter.of(partial(lockstep.turn, opened, deltas)) for _ in range(_ROUNDS)])
                for deltas in (_MANY_DELTAS, _FEW_DELTAS)
            ]
        await turns(_MANY_TURNS)
        several, one = [
            min([await counter.of(partial(turns, number)) for _ in range(_ROUNDS)])
            for number in (_MANY_TURNS, _FEW_TURNS)
        ]
    return Cost((many - few) / (_MANY_DELTAS - _FEW_DELTAS), (several - one) / (_MANY_TURNS - _FEW_TURNS))


async def run(other: Path | None) -> str:
    """Return the table."""
    here = await cost_of(ROOT)
    lines = [f"delta: {here.delta:,.0f} instructions", f"turn with its socket: {here.turn:,.0f} instructions"]
    if other is not None:
        there = await cost_of(other)
        lines[0] += f", there {there.delta:,.0f}; here ÷ there {here.delta / there.delta:.3f}"
        lines[1] += f", there {there.turn:,.0f}; here ÷ there {here.turn / there.turn:.3f}"
    return "\n".join(lines) + "\n"


def main() -> None:
    """Count and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("other", type=Path, nargs="?", help="another checkout")
    other = parser.parse_args().other
    sys.stdout.write(uvloop.run(run(other.resolve() if other else None)))


if __name__ == "__main__":
    main()
