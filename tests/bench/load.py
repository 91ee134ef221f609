"""The load client, a process of its own: many streams at once, or many sockets that are only held open.

Raw protocols on uvloop. While the clock runs it only notes times and keeps bytes; whether a stream is
whole is read afterwards (`transcript`). Takes a `Streams` or a `Sockets` as JSON in its argument, and writes
`Outcome`s or an `Opened` as one line of JSON. Streams that connect first write an `Opened`, too, and ask when a line
comes. Sockets are held until its standard input ends; each line that comes meanwhile is answered by a `Held`.
"""

import asyncio
import sys
import time
from contextlib import suppress
from functools import partial
from typing import Final

import msgspec
import uvloop

from bench import transcript
from bench.upstream import prompt

_SECONDS_FOR_ALL: Final = 120
_CONNECTING_AT_ONCE: Final = 64
_END_OF_BODY: Final = b"\r\n0\r\n\r\n"
_END_OF_TURN: Final = b'"usage"'
_LONGEST_END: Final = max(len(_END_OF_BODY), len(_END_OF_TURN))
_PING: Final = 0x89


class Streams(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """Many streams, each on a connection of its own."""

    address: str
    transport: str
    """`socket`, `sse`, or `gemini`: the upstream itself."""
    streams: int
    chunks: int
    interval_ms: int
    spread: float
    """Seconds over which they start."""
    conversations: tuple[str, ...] = ()
    """The conversations that keep them, one each; empty where none keeps them."""
    grace: float = 0
    connects_first: bool = False
    """All have their connections, and their handshakes, before the first of them asks."""


class Sockets(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """Many sockets that say nothing and answer pings."""

    address: str
    sockets: int


class Outcome(msgspec.Struct, frozen=True):
    """One stream; times are seconds of CLOCK_MONOTONIC."""

    stream: int
    began: float
    first: float
    """The time at which the first text came."""
    ended: float
    deltas: int
    problem: str | None


class Opened(msgspec.Struct, frozen=True):
    """Seconds that it took to open the sockets."""

    seconds: float


class Held(msgspec.Struct, frozen=True):
    """The number of sockets that are still open, and of pings that they have answered."""

    sockets: int
    pings: int


def handshake(address: str) -> bytes:
    """The request that opens a socket."""
    head = f"GET /ws HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    return f"{head}Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()


def masked(opcode: int, payload: bytes) -> bytes:
    """A client's frame, with a mask of zeros."""
    return bytes((0x80 | opcode, 0x80 | len(payload))) + bytes(4) + payload


def question(plan: Streams, stream: int) -> bytes:
    """Return the request for a stream, as bytes for the connection."""
    text = prompt(stream, plan.chunks, plan.interval_ms)
    fields: dict[str, object] = {"message": text}
    if plan.grace:
        fields["grace"] = plan.grace  # without an id: the same question in the next round is another turn
    if plan.conversations:
        fields["conversation"] = plan.conversations[stream]
    if plan.transport == "socket":
        return masked(1, msgspec.json.encode({"type": "chat", **fields}))
    if plan.transport == "sse":
        path, body = "/chat/stream", msgspec.json.encode(fields)
    else:
        path = "/v1beta/models/any:streamGenerateContent?alt=sse"
        body = msgspec.json.encode({"contents": [{"role": "user", "parts": [{"text": text}]}]})
    head = f"POST {path} HTTP/1.1\r\nHost: {plan.address}\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


class Stream(asyncio.Protocol):
    """One stream from its question to its end."""

    def __init__(self, plan: Streams, number: int) -> None:
        self._plan = plan
        self._number = number
        self._end = _END_OF_TURN if plan.transport == "socket" else _END_OF_BODY
        self._received: list[bytes] = []
        self._tail = b""
        self._began = self._first = self._ended = 0.0
        self.opened = asyncio.get_running_loop().create_future()
        self.over = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._transport = transport
        if self._plan.transport == "socket":
            transport.write(handshake(self._plan.address))
        else:
            self._open()

    def _open(self) -> None:
        self.opened.set_result(None)
        if not self._plan.connects_first:
            self.ask()

    def ask(self) -> None:
        """Ask for the stream."""
        self._began = time.monotonic()
        self._transport.write(question(self._plan, self._number))

    def data_received(self, data: bytes) -> None:
        now = time.monotonic()
        if not self._began:
            self._open()  # this was the answer to the handshake
            return
        self._received.append(data)
        if not self._first and b'"text"' in data:
            self._first = now
        recent = self._tail + data
        if self._end in recent:
            self._ended = now
            self._transport.close()
        self._tail = recent[-_LONGEST_END:]

    def connection_lost(self, _: Exception | None) -> None:
        for future in (self.opened, self.over):
            if not future.done():
                future.set_result(None)

    def outcome(self) -> Outcome:
        """Return the outcome of the stream."""
        reading = transcript.read(self._plan.transport, b"".join(self._received), self._plan.chunks)
        problem = reading.problem or (None if self._ended else "the connection was lost before the end")
        return Outcome(self._number, self._began, self._first, self._ended, reading.deltas, problem)


async def run_streams(plan: Streams) -> list[Outcome]:
    """Start every stream at its time and wait for the last to end."""
    loop = asyncio.get_running_loop()
    host, port = _host_and_port(plan.address)
    began = loop.time()

    async def one(number: int) -> Stream:
        await asyncio.sleep(began + plan.spread * number / plan.streams - loop.time())
        _, stream = await loop.create_connection(lambda: Stream(plan, number), host, port)
        with suppress(TimeoutError):
            await asyncio.wait_for(stream.over, _SECONDS_FOR_ALL)
        return stream

    streams = await asyncio.gather(*(one(number) for number in range(plan.streams)))
    return [stream.outcome() for stream in streams]


async def run_connected_streams(plan: Streams) -> list[Outcome]:
    """Open every connection, tell so, and wait for a line; start every stream in its turn, and wait for the last."""
    loop = asyncio.get_running_loop()
    host, port = _host_and_port(plan.address)
    began = loop.time()
    streams = []
    for number in range(plan.streams):
        _, stream = await loop.create_connection(partial(Stream, plan, number), host, port)
        await stream.opened
        streams.append(stream)
    await _tell(Opened(loop.time() - began))
    began = loop.time()
    for number, stream in enumerate(streams):
        if plan.spread:
            await asyncio.sleep(began + plan.spread * number / plan.streams - loop.time())
        stream.ask()
    with suppress(TimeoutError):
        async with asyncio.timeout(_SECONDS_FOR_ALL):
            await asyncio.gather(*(stream.over for stream in streams))
    return [stream.outcome() for stream in streams]


class IdleSocket(asyncio.Protocol):
    """A socket that answers pings."""

    def __init__(self, address: str) -> None:
        self._address = address
        self.opened = asyncio.get_running_loop().create_future()
        self.is_open = False
        self.pings = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._transport = transport
        transport.write(handshake(self._address))

    def data_received(self, data: bytes) -> None:
        if not self.opened.done():
            self.is_open = data.startswith(b"HTTP/1.1 101")
            self.opened.set_result(self.is_open)
        elif data[0] == _PING:
            self.pings += 1
            self._transport.write(masked(0xA, data[2:]))

    def connection_lost(self, _: Exception | None) -> None:
        self.is_open = False
        if not self.opened.done():
            self.opened.set_result(False)


async def open_sockets(plan: Sockets) -> list[IdleSocket]:
    """Open the sockets, some at once."""
    loop = asyncio.get_running_loop()
    host, port = _host_and_port(plan.address)
    remaining = iter(range(plan.sockets))
    sockets: list[IdleSocket] = []

    async def some() -> None:
        for _ in remaining:
            _, socket = await loop.create_connection(lambda: IdleSocket(plan.address), host, port)
            if not await socket.opened:
                raise ConnectionError("a handshake was refused")
            sockets.append(socket)

    async with asyncio.timeout(_SECONDS_FOR_ALL):
        await asyncio.gather(*(some() for _ in range(_CONNECTING_AT_ONCE)))
    return sockets


async def hold_sockets(plan: Sockets) -> None:
    """Open the sockets, and tell of them as long as somebody asks."""
    began = time.monotonic()
    sockets = await open_sockets(plan)
    answer: Opened | Held = Opened(time.monotonic() - began)
    while await _tell(answer):
        answer = Held(sum(socket.is_open for socket in sockets), sum(socket.pings for socket in sockets))


def _host_and_port(address: str) -> tuple[str, int]:
    host, _, port = address.partition(":")
    return host, int(port)


async def main() -> None:
    plan = msgspec.json.decode(sys.argv[1], type=Streams | Sockets)
    if isinstance(plan, Streams):
        _print(await (run_connected_streams(plan) if plan.connects_first else run_streams(plan)))
    else:
        await hold_sockets(plan)


async def _tell(what: object) -> str:
    """Print it; return the next line that comes, which is empty at the end of the input."""
    _print(what)
    return await asyncio.to_thread(sys.stdin.readline)


def _print(what: object) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(what) + b"\n")
    sys.stdout.flush()


if __name__ == "__main__":
    uvloop.run(main())
