"""Five callers who ask over every transport, in conversations or not, leave in every way, and come back if refused."""

import asyncio
import json
import random
import socket
import struct
from collections.abc import Awaitable, Callable
from contextlib import suppress
from hashlib import sha256
from typing import Any, NamedTuple

import aiohttp
from support.client import Client, Frame, connected
from support.transports import events
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidMessage

from bench.chaos.provider import KINDS
from bench.chaos.tools import TOOLS

NAMES = ("ann", "ben", "cid", "dan", "eve")
KEYS = {name: f"chaos-key-of-{name}" for name in NAMES}
API_KEYS = ",".join(f"{name}:{sha256(key.encode()).hexdigest()}" for name, key in KEYS.items())
GONE = (
    *(aiohttp.ClientError, ConnectionClosed, InvalidHandshake, InvalidMessage, OSError, EOFError),
    *(json.JSONDecodeError, asyncio.IncompleteReadError),
)
"""The exceptions that a client meets when its server has died."""
TURN_SECONDS = 45.0
"""No turn takes this long, whatever happens to it."""
TRIES = 3
DEPARTURES = {"stays": 60, "cancels": 10, "closes": 8, "resets": 8, "at once": 8, "does not read": 1}
REFUSALS = ("rate_limited", "budget_exhausted", "overloaded", "draining", "store_unavailable", "too_many_turns")


class ClientTurn:
    """One turn as its client saw it."""

    def __init__(self, turn: str, caller: str, kind: str, transport: str, life: int) -> None:
        self.id = turn
        self.caller = caller
        self.kind = kind
        self.transport = transport
        self.life = life
        self.frames: list[Frame] = []
        self.is_wrong: str | None = None

    def receive(self, frame: Frame) -> None:
        """Take a frame of this turn."""
        if self.end is not None:
            self.is_wrong = f"{frame['type']} after the end"
        self.frames.append(frame)

    @property
    def end(self) -> Frame | None:
        ended = [frame for frame in self.frames if frame["type"] in ("usage", "error")]
        return ended[0] if ended else None

    @property
    def text(self) -> str:
        return "".join(frame["text"] for frame in self.frames if frame["type"] == "delta")

    @property
    def usage(self) -> Frame | None:
        """The figures that its client was told."""
        end = self.end
        return end["usage"] if end is not None and end["type"] == "error" else end


class Home(NamedTuple):
    """The server's present address, and the number of its life."""

    address: str
    life: int


class Person:
    """One client of a caller; several run at once."""

    def __init__(
        self, name: str, number: int, models: list[str], home: Callable[[], Awaitable[Home]], chance: random.Random
    ) -> None:
        self.turns: list[ClientTurn] = []
        self._name = name
        self._number = number
        self._models = models
        self._home = home
        self._chance = chance
        self._headers = {"Authorization": f"Bearer {KEYS[name]}"}
        self._conversation: str | None = None
        self._count = 0

    async def run(self, until: float) -> None:
        """Ask until then, on the loop's clock."""
        while asyncio.get_running_loop().time() < until:
            await self._ask_until_accepted()

    async def _ask_until_accepted(self) -> None:
        for _ in range(TRIES):
            turn = await self._ask()
            end = turn.end
            if end is None or end.get("code") not in REFUSALS or end["usage"] is not None:
                return
            await asyncio.sleep(min(end["retry_after"] or 0.2, 1.0))

    async def _ask(self) -> ClientTurn:
        chance = self._chance
        kind = chance.choices(list(KINDS), [weight for weight, _ in KINDS.values()])[0]
        departure = chance.choices(list(DEPARTURES), list(DEPARTURES.values()))[0]
        if kind == "flood":
            departure = chance.choice(("cancels", "closes", "resets", "does not read"))
        transport = chance.choice(("socket", "sse", "rest"))
        if departure == "cancels":
            transport = "socket"
        home = await self._home()
        self._count += 1
        name = f"{self._name}-{self._number}-{self._count}"
        turn = ClientTurn(name, self._name, kind, transport, home.life)
        fields: dict[str, Any] = {
            "message": f"{kind}|{self._name}|{name}",
            "id": name,
            "model": chance.choice(self._models),
        }
        if kind in TOOLS:
            fields["tools"] = TOOLS[kind]
        ask = self._over_a_socket if transport == "socket" else self._over_http
        try:
            async with asyncio.timeout(TURN_SECONDS):
                if chance.random() < 0.3:
                    fields["conversation"] = await self._a_conversation(home.address)
                self.turns.append(turn)
                await ask(home.address, turn, departure, fields)
        except TimeoutError:
            turn.is_wrong = f"it never ended ({departure})"
        except GONE:
            self._conversation = None
            await asyncio.sleep(0.1)
        return turn

    async def _a_conversation(self, address: str) -> str:
        if self._conversation is None or self._chance.random() < 0.1:
            async with (
                aiohttp.ClientSession(headers=self._headers) as session,
                session.post(f"http://{address}/conversations", json={}) as response,
            ):
                body = await response.json(content_type=None)
                if response.status != 201:
                    raise aiohttp.ClientConnectionError(str(body.get("code")))
                self._conversation = str(body["id"])
        return self._conversation

    def _a_moment(self) -> float:
        return self._chance.choice((self._chance.uniform(0, 0.005), self._chance.uniform(0, 0.2)))

    async def _over_a_socket(self, address: str, turn: ClientTurn, departure: str, fields: dict[str, Any]) -> None:
        async with connected(address, max_size=None, additional_headers=self._headers) as client:
            await client.chat(**fields)
            if departure in ("at once", "does not read"):
                await asyncio.sleep(0 if departure == "at once" else 1.5)
            elif departure != "stays":
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._a_moment()):
                        await self._listen(client, turn)
            if departure == "cancels" and turn.end is None:
                await client.send(type="cancel", id=turn.id)
            if departure in ("stays", "cancels"):
                while turn.end is None:
                    await self._listen(client, turn)
            elif departure != "closes":
                _reset(client.socket.transport.get_extra_info("socket"))
                client.socket.transport.abort()

    async def _listen(self, client: Client, turn: ClientTurn) -> None:
        """Receive frames until the end of the turn. Nearly every call is answered, some of them twice."""
        while turn.end is None:
            frame = await client.receive()
            if frame["id"] == turn.id:
                turn.receive(frame)
            if frame["type"] == "tool_call":
                for _ in range(self._chance.choice((1, 1, 1, 1, 2, 1, 1, 1, 0))):
                    result = {"call": frame["call"], "result": f"of {frame['call']}"}
                    await client.send(type="tool_result", id=turn.id, **result)

    async def _over_http(self, address: str, turn: ClientTurn, departure: str, fields: dict[str, Any]) -> None:
        path = "/chat" if turn.transport == "rest" else "/chat/stream"
        if departure == "at once":
            await self._half_a_request(address, path, fields)
            return
        leaves_after = None if departure == "stays" else 1.5 if departure == "does not read" else self._a_moment()
        with suppress(TimeoutError):
            async with asyncio.timeout(leaves_after):
                connector = aiohttp.TCPConnector(force_close=True)
                async with (
                    aiohttp.ClientSession(connector=connector, headers=self._headers, read_bufsize=2**24) as session,
                    session.post(f"http://{address}{path}", json=fields) as response,
                ):
                    if departure == "does not read":
                        await asyncio.sleep(2)
                    await _receive_response(response, turn)

    async def _half_a_request(self, address: str, path: str, fields: dict[str, Any]) -> None:
        """Send a request, to its last byte or not, and be gone."""
        host, _, port = address.partition(":")
        _, writer = await asyncio.open_connection(host, int(port))
        body = json.dumps(fields).encode()
        lines = [f"POST {path} HTTP/1.1", f"Host: {address}", "Content-Type: application/json"]
        lines += [f"{name}: {value}" for name, value in self._headers.items()]
        head = "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode()
        writer.write(head + body[: self._chance.choice((None, -1, 0))])
        await asyncio.sleep(self._chance.uniform(0, 0.004))
        _reset(writer.get_extra_info("socket"))
        writer.transport.abort()


async def _receive_response(response: aiohttp.ClientResponse, turn: ClientTurn) -> None:
    if response.content_type == "text/event-stream":
        async for frame in events(response):
            turn.receive(frame)
        return
    body = await response.json(content_type=None)
    if body.get("text"):
        turn.receive({"type": "delta", "id": body["id"], "text": body["text"]})
    if response.status == 200:
        turn.receive({"type": "usage", "id": body["id"], **body["usage"]})
    elif "code" in body:
        turn.receive({**body, "type": "error"})


def _reset(connection: Any) -> None:
    """Let the close of a socket be a reset."""
    with suppress(OSError, AttributeError):  # it may be closed already, and then there is none
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
