"""`make cuts`: many runs whose links are cut at random, and resumed or stopped at either of two servers.

Two servers in processes of their own, with a Valkey; their upstream and clients are here. A frame that is missing or
comes twice, a turn that is asked twice, and whatever is left at the end, in a server or in Valkey, is a fault.
"""

import argparse
import asyncio
import random
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any, Final

import uvloop
from support.client import Client, Frame, connected, text_of
from support.ports import free_port
from support.process import ServerProcess, running
from support.redis import RedisServer, redis_server
from support.upstream import Upstream
from websockets.exceptions import ConnectionClosed

from bench.faults import plays_by_name
from bench.soak import OBSERVED, SETTINGS, State, open_streams, state_of

GRACE: Final = 10.0
TEXTS: Final = {
    "none": "".join(f"piece {number} " for number in range(20)),
    "a short answer": "Hello world",
    "a long answer": "x" * 200_000,
    "thoughts": "Yes.",
    "silence": "Hello",
    "cut": "Hello",
    "500": "",
    "functions": "Let me look. It is noon.",
    "sources": "😀 the sky is blue.",
}
"""An upstream's behaviour, and the text that then comes."""
FAIL: Final = ("silence", "cut", "500")
"""Those that end in an error."""
TOOLS: Final[dict[str, list[Any]]] = {"functions": [{"name": "look"}], "sources": ["search"]}
PARTS: Final = {"functions": {"tool_call": 2}, "sources": {"source": 1, "citation": 1}}
"""The frames beside text that a whole answer has."""
LEAVES: Final = {"breaks": 8, "goes away": 3, "closes": 1, "stops": 2, "sends the chat again": 2}
MOST_SECONDS: Final = 60.0
GONE: Final = "gone"
"""A server that does not run for most of a second counts as dead: on a busy machine, that happens."""
SLACK: Final = {
    "DELTAWIRE_CONNECT_TIMEOUT": "10",
    "DELTAWIRE_FIRST_TOKEN_TIMEOUT": "10",
    "DELTAWIRE_TOKEN_TIMEOUT": "3",
    "DELTAWIRE_TURN_TIMEOUT": "25",
    "DELTAWIRE_SEND_TIMEOUT": "10",
    "DELTAWIRE_PING_INTERVAL": "20",
    "DELTAWIRE_PING_TIMEOUT": "20",
}
"""The upstream and the callers share a process, which a busy machine holds up: only `silence` may become a time-out."""
POOL: Final = 64
"""Connections to Valkey that a server may open meanwhile, and keep."""


class Cuts:
    """One run of it all."""

    def __init__(self, turns: int, callers: int, seconds: float, seed: int) -> None:
        self.turns = turns
        self.callers = callers
        self.seconds = seconds
        self.faults: list[str] = []
        self.drawn: Counter[str] = Counter()
        """The cuts, and the runs that were `gone`."""
        self._chance = random.Random(seed)

    async def run(self) -> None:
        """Do it all."""
        async with AsyncExitStack() as stack:
            upstream = await stack.enter_async_context(Upstream())
            upstream.plays(plays_by_name)
            redis = await stack.enter_async_context(redis_server(free_port()))
            servers = [await stack.enter_async_context(_server(upstream, redis)) for _ in range(2)]
            addresses = [server.address for server in servers]
            await asyncio.gather(*(self._call(addresses, f"first-{number}") for number in range(self.callers)))
            before = await self._settled(servers, upstream, redis)
            early = await self._talk(addresses, servers)
            after = await self._settled(servers, upstream, redis)
            for number, server in enumerate(servers):
                if after[number].tasks > before[number].tasks:
                    self.faults.append(f"server {number}: {before[number]} before, {after[number]} after")
                if after[number].descriptors > before[number].descriptors + POOL:
                    self.faults.append(f"server {number}: {before[number]} before, {after[number]} after")
                if after[number].resident_kib > early[number].resident_kib * 1.1:
                    self.faults.append(f"server {number}: memory grew from {early[number]} to {after[number]}")
                if any(line["event"] == "bug" for line in server.lines):
                    self.faults.append(f"server {number}: bugs")
            if self.drawn[GONE] > self.turns / 100:
                self.faults.append(f"{self.drawn[GONE]} runs were gone")
            ends = Counter(turn["turn"] for server in servers for turn in server.turns)
            self.faults += [f"{turn} ended {times} times" for turn, times in ends.items() if times > 1][:5]

    async def _talk(self, addresses: list[str], servers: list[ServerProcess]) -> list[State]:
        """Ask all the turns at an even pace; return the states after a third."""
        due: asyncio.Queue[str] = asyncio.Queue()
        callers = [asyncio.create_task(self._calls(addresses, due)) for _ in range(self.callers)]
        loop = asyncio.get_running_loop()
        began, early = loop.time(), []
        for number in range(self.turns):
            due.put_nowait(f"t{number}")
            await asyncio.sleep(began + (number + 1) * self.seconds / self.turns - loop.time())
            if number == self.turns // 3:
                early = [await state_of(server) for server in servers]
        await due.join()
        for caller in callers:
            caller.cancel()
        await asyncio.gather(*callers, return_exceptions=True)
        return early

    async def _calls(self, addresses: list[str], due: "asyncio.Queue[str]") -> None:
        while True:
            await self._call(addresses, await due.get())
            due.task_done()

    async def _call(self, addresses: list[str], turn: str) -> None:
        try:
            async with asyncio.timeout(MOST_SECONDS):
                await Turn(addresses, turn, self._chance, self.drawn).run()
        except Exception as fault:  # noqa: BLE001 - each is told
            self.faults.append(f"{turn}: {fault!r}")

    async def _settled(self, servers: list[ServerProcess], upstream: Upstream, redis: RedisServer) -> list[State]:
        """Wait until all runs are forgotten; return the states, and note what is left of the runs."""
        left = [""]
        loop = asyncio.get_running_loop()
        deadline = loop.time() + MOST_SECONDS
        while (left or open_streams(upstream)) and loop.time() < deadline:
            await asyncio.sleep(0.2)
            async with redis.client() as client:
                left = [key for key in await client.keys("deltawire:run:*") if ":process:" not in key]
        if left:
            self.faults.append(f"keys are left: {left[:5]}")
        if streams := open_streams(upstream):
            self.faults.append(f"{streams} upstream streams are open")
        return [await state_of(server) for server in servers]


class Turn:
    """One turn: asked, cut several times, and received to its end."""

    def __init__(self, addresses: list[str], turn: str, chance: random.Random, drawn: Counter[str]) -> None:
        self._addresses = addresses
        self._chance = chance
        self._drawn = drawn
        self._kind = chance.choice(list(TEXTS))
        self._chat = {"message": self._kind, "id": turn, "grace": GRACE, "thinking": "low", "history": []}
        self._chat |= {"tools": TOOLS[self._kind]} if self._kind in TOOLS else {}
        self._received: list[Frame] = []
        self._is_stopped = False

    async def run(self) -> None:
        """Receive it to its end, with cuts between; raise AssertionError for a frame that is missing or twice."""
        while not self._has_ended:
            async with self._connected() as client:
                await self._asks(client)
                await self._listens(client)
        first, last = self._received[0], self._received[-1]
        assert [frame["type"] for frame in self._received].count("started") == (first["type"] == "started")
        if "seq" not in last:  # refused, as one that is gone
            assert last["code"] == "gone", last
            self._drawn[GONE] += not self._is_stopped
            return
        numbers = [frame["seq"] for frame in self._received]
        assert numbers == sorted(set(numbers)), "frames come once, in their order"
        text, whole = text_of(self._received), TEXTS[self._kind]
        is_whole = last.get("finish_reason") == "stop"
        assert text == whole if is_whole else whole.startswith(text), (self._kind, last)
        counts = Counter(frame["type"] for frame in self._received)
        assert not is_whole or all(counts[kind] == most for kind, most in PARTS.get(self._kind, {}).items()), counts
        assert self._is_stopped or last.get("finish_reason") != "cancelled", last
        assert last["type"] == "usage" or self._kind in FAIL, (self._kind, last)

    @property
    def _has_ended(self) -> bool:
        return bool(self._received) and self._received[-1]["type"] in ("usage", "error")

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[Client]:
        with suppress(ConnectionClosed):
            async with connected(self._chance.choice(self._addresses), max_size=None, close_timeout=0.5) as client:
                yield client

    async def _asks(self, client: Client) -> None:
        """Go on after the last frame; before the first, send the chat again."""
        if not self._received:
            await client.send(type="chat", **self._chat)
        else:
            run, after = self._received[0]["run"], self._received[-1]["seq"]
            await client.send(type="resume", run=run, after=after, id=self._chat["id"])
            for frame in self._received:
                await self._answers(client, frame)  # nobody knows if a result has arrived before the cut

    async def _receive(self, client: Client) -> None:
        """Receive the next frame of the turn; that a result has come before is none."""
        frame = await client.receive()
        while frame["id"] is None and frame.get("field") in ("call", "id"):
            frame = await client.receive()
        self._received.append(frame)
        await self._answers(client, frame)

    async def _answers(self, client: Client, frame: Frame) -> None:
        if frame["type"] == "tool_call":
            await client.send(type="tool_result", id=self._chat["id"], call=frame["call"], result=frame["call"])

    async def _listens(self, client: Client) -> None:
        """Receive some frames, and leave, by one of the ways."""
        most = self._chance.choice((0, 1, 2, 5, 10, 100))
        for _ in range(most):
            await self._receive(client)
            if self._has_ended:
                return
        way = self._chance.choices(list(LEAVES), list(LEAVES.values()))[0]
        self._drawn[f"{way}, {self._kind}"] += 1
        if way == "goes away":
            await client.socket.close(1001)
        elif way == "closes" and self._received:
            self._is_stopped = True
            await client.socket.close(1000)
        elif way == "stops" and self._received:
            self._is_stopped = True
            async with connected(self._chance.choice(self._addresses)) as other:
                await other.send(type="cancel", run=self._received[0]["run"])
                while not self._has_ended:
                    await self._receive(client)
        else:
            client.socket.transport.abort()
            if way == "sends the chat again":
                self._received.clear()


@asynccontextmanager
async def _server(upstream: Upstream, redis: RedisServer) -> AsyncIterator[ServerProcess]:
    settings = SETTINGS | SLACK | {"DELTAWIRE_TOOLS": "search"}
    settings |= {"GOOGLE_GEMINI_BASE_URL": upstream.url, "DELTAWIRE_REDIS_URL": redis.url}
    async with running(sys.executable, str(OBSERVED), **settings) as server:
        await server.ready()
        yield server


async def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=20_000)
    parser.add_argument("--callers", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    options = parser.parse_args()
    cuts = Cuts(**vars(options))
    await cuts.run()
    sys.stdout.write(f"seed {options.seed}: {cuts.turns} turns, {sum(cuts.drawn.values())} cuts\n")
    sys.stdout.write("\n".join([*cuts.faults[:20], ""]))
    return 1 if cuts.faults else 0


if __name__ == "__main__":
    sys.exit(uvloop.run(main()))
