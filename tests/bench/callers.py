"""A client that asks, listens or not, and leaves by a departure that is drawn for it."""

import asyncio
import random
from collections import Counter
from contextlib import suppress

import aiohttp
from support.client import Client, Frame, connected, masked, raw_socket
from support.transports import Listener, ask_rest, ask_sse, listening, posting
from websockets.exceptions import ConnectionClosed

from bench.faults import FAULTS

SOCKET_DEPARTURES = {
    "stays": 30,
    "cancels": 10,
    "closes": 5,
    "resets": 5,
    "never answers a ping": 1,
    "does not read": 1,
}
HTTP_DEPARTURES = {"reads the stream": 8, "leaves the stream": 4, "reads the answer": 8, "leaves the answer": 4}
DEPARTURES_FROM_A_FLOOD = ("cancels", "closes", "resets", "does not read", "leaves the stream")
MOST_SECONDS = 30.0
"""No turn takes this long, whatever happens to it."""


class Ends:
    """The callers that were drawn, and the turns that were seen to end: once, and nothing of theirs after that."""

    def __init__(self) -> None:
        self.drawn: Counter[str] = Counter()
        self.of: Counter[str] = Counter()
        self.kinds: Counter[str] = Counter()
        self.wrong: list[str] = []

    def take(self, frame: Frame) -> None:
        """Look at a frame that came."""
        turn = frame["id"]
        if frame.get("code") == "unknown_turn":
            return  # a cancel that came after the end
        if self.of[turn]:
            self.wrong.append(f"{frame['type']} after the end of {turn}")
        if frame["type"] in ("usage", "error"):
            self.of[turn] += 1
            self.kinds[frame.get("code") or frame["finish_reason"]] += 1


class Caller:
    """One of many; it keeps one socket open."""

    def __init__(self, address: str, number: int, ends: Ends, chance: random.Random) -> None:
        self._address = address
        self._number = number
        self._ends = ends
        self._chance = chance
        self._turns = 0

    async def run(self, turns: "asyncio.Queue[None]") -> None:
        """Ask once for each turn of the queue, until cancelled."""
        while True:
            with suppress(ConnectionClosed, ConnectionError, asyncio.IncompleteReadError):
                async with connected(self._address, max_size=None) as client:
                    while await self._ask(client, turns):
                        pass

    async def _ask(self, client: Client, turns: "asyncio.Queue[None]") -> bool:
        """Ask once; return whether the socket is still there."""
        await turns.get()
        try:
            async with asyncio.timeout(MOST_SECONDS):
                return await self._draw(client)
        except TimeoutError:
            self._ends.wrong.append(f"turn {self._turns} of caller {self._number} never ended")
            return False
        finally:
            turns.task_done()

    async def _draw(self, client: Client) -> bool:
        fault = self._chance.choice(list(FAULTS))
        departures = SOCKET_DEPARTURES | HTTP_DEPARTURES
        departure = self._chance.choices(list(departures), list(departures.values()))[0]
        if fault == "a flood":
            departure = self._chance.choice(DEPARTURES_FROM_A_FLOOD)
        if departure in ("never answers a ping", "does not read"):
            fault = "a flood" if departure == "does not read" else "silence"
        self._ends.drawn[f"{departure}, {fault}"] += 1
        self._turns += 1
        turn = f"{self._number}-{self._turns}"
        if departure in HTTP_DEPARTURES:
            await self._over_http(departure, fault, turn)
        elif departure in ("resets", "never answers a ping", "does not read"):
            await self._over_a_raw_socket(departure, fault, turn)
        else:
            return await self._over(client, departure, fault, turn)
        return True

    async def _over(self, client: Client, departure: str, fault: str, turn: str) -> bool:
        await client.chat(fault, id=turn)
        if departure != "stays":
            await self._listen_a_little(client)
        if departure == "closes":
            await client.socket.close()
            return False
        if departure == "cancels" and not self._ends.of[turn]:
            await client.send(type="cancel", id=turn)
        while not self._ends.of[turn]:
            self._ends.take(await client.receive())
        return True

    async def _listen_a_little(self, client: Client) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self._chance.uniform(0, 0.1)):
                while True:
                    self._ends.take(await client.receive())

    async def _over_a_raw_socket(self, departure: str, fault: str, turn: str) -> None:
        reader, writer = await raw_socket(self._address, limit=1)
        listener = Listener(reader, writer)
        writer.write(masked(b'{"type": "chat", "message": "%b", "id": "%b"}' % (fault.encode(), turn.encode())))
        if departure == "resets":
            await asyncio.sleep(self._chance.uniform(0, 0.1))
            listener.reset()
            return
        if departure == "never answers a ping":
            with suppress(ConnectionError):
                while await reader.read(2**16):
                    pass
        else:
            # The server gives up on it; how long that takes is SEND_TIMEOUT and its second of grace.
            await asyncio.sleep(2)
        listener.close()

    async def _over_http(self, departure: str, fault: str, turn: str) -> None:
        if departure.startswith("reads"):
            ask = ask_sse if departure == "reads the stream" else ask_rest
            for frame in await ask(self._address, fault, id=turn):
                self._ends.take(frame)
        elif departure == "leaves the stream":
            with suppress(TimeoutError, aiohttp.ClientError):
                async with asyncio.timeout(self._chance.uniform(0, 0.1)):
                    async with posting(self._address, "/chat/stream", fault, id=turn) as response:
                        await response.content.read()
        else:
            listener = await listening(self._address, "/chat", fault, turn)
            await asyncio.sleep(self._chance.uniform(0, 0.1))
            listener.close()
