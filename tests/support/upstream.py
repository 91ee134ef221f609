"""A Gemini on loopback that does what a test tells it to, down to the byte and the reset."""

import asyncio
import json
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import cached_property
from typing import Any

from support.loopback import Connection, LoopbackServer

AT_ONCE = 8.0
"""Seconds: less than each time-out that would close an upstream, too, and more than a busy machine takes.
`make hangups` measures how soon it is."""
_ESTABLISHED = 1
_SSE = {"Content-Type": "text/event-stream"}


class Exchange:
    """One request, as the upstream sees it."""

    def __init__(self, connection: Connection) -> None:
        self._reader, self._writer, head, body = connection
        self.method, self.target, _ = head.split(b"\r\n", 1)[0].decode().split(" ", 2)
        self.headers = {
            name.lower(): value.strip()
            for name, _, value in (line.partition(":") for line in head.decode("latin-1").split("\r\n")[1:])
        }
        self.raw_body = body
        self.closed = asyncio.Event()
        self.closed_at = 0.0
        self.sent = 0

    @cached_property
    def body(self) -> Any:
        return json.loads(self.raw_body)

    @property
    def model(self) -> str:
        return self.target.rpartition("/")[2].partition(":")[0]

    @property
    def texts(self) -> list[str]:
        """The messages that were sent as context, and the last one."""
        return [content["parts"][0]["text"] for content in self.body["contents"]]

    async def start(self, status: int = 200, headers: dict[str, str] = _SSE) -> None:
        """Send the head of a chunked response."""
        lines = [f"HTTP/1.1 {status} Whatever", "Transfer-Encoding: chunked", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        await self._write("\r\n".join([*lines, "", ""]).encode())

    async def send(self, data: bytes) -> None:
        """Send bytes of the body."""
        await self._write(b"%x\r\n%s\r\n" % (len(data), data))
        self.sent += len(data)

    async def event(self, event: dict[str, Any]) -> None:
        """Send one event."""
        await self.send(b"data: " + json.dumps(event).encode() + b"\r\n\r\n")

    async def text(self, text: str, **more: Any) -> None:
        """Send an event with a piece of the answer."""
        await self.event(answer(text, **more))

    async def finish(self) -> None:
        """End the body properly."""
        await self._write(b"0\r\n\r\n")

    async def respond(self, status: int, body: bytes, content_type: str = "application/json", **headers: str) -> None:
        """Answer with a whole body."""
        await self.start(status, {"Content-Type": content_type, **headers})
        await self.send(body)
        await self.finish()

    async def fail(
        self, status: int, reason: str = "UNKNOWN", message: str = "", details: list[Any] | None = None
    ) -> None:
        """Answer with an error as Google's servers do."""
        error = {"code": status, "message": message, "status": reason, "details": details or []}
        await self.respond(status, json.dumps({"error": error}).encode())

    def cut(self) -> None:
        """Close the connection without ending the body."""
        self._writer.close()

    def reset(self) -> None:
        """Answer with a TCP reset."""
        self._writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()

    def stops_reading(self) -> None:
        """Leave what comes, a goodbye too, in the kernel's buffer."""
        self._writer.transport.pause_reading()  # type: ignore[attr-defined]

    def is_open(self) -> bool:
        """Return True if the kernel holds the connection for open: it knows that without our reading."""
        connection = self._writer.get_extra_info("socket")
        if connection is None or connection.fileno() < 0:  # closed here; or over TLS, the loop has heard of the end
            return False
        return bool(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] == _ESTABLISHED)

    async def closes(self) -> None:
        """Wait until the other side has closed, at once."""
        async with asyncio.timeout(AT_ONCE):
            await self.closed.wait()

    async def watch(self) -> None:
        """Note when the other side closes."""
        with suppress(ConnectionError):
            while await self._reader.read(1024):
                pass
        self.closed_at = asyncio.get_running_loop().time()
        self.closed.set()

    async def _write(self, data: bytes) -> None:
        try:
            self._writer.write(data)
        except RuntimeError:  # uvloop's word for a connection that has just been reset
            raise ConnectionResetError from None
        await self._writer.drain()


Script = Callable[[Exchange], Awaitable[None]]


class Upstream(LoopbackServer):
    """Plays `scripts` in order, the last one for every request that follows."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(tls)
        self.scripts: list[Script] = [says("Hello", " world")]
        self.exchanges: list[Exchange] = []
        self._arrived = asyncio.Condition()

    def plays(self, *scripts: Script) -> None:
        """Set what the next requests get."""
        self.scripts = list(scripts)
        self.exchanges.clear()

    async def wait_for_request(self, number: int = 1) -> Exchange:
        """Wait for the request of this number; return its exchange."""
        async with self._arrived:
            await self._arrived.wait_for(lambda: len(self.exchanges) >= number)
        return self.exchanges[number - 1]

    async def answers(self, connection: Connection) -> None:
        exchange = Exchange(connection)
        script = self.scripts[min(len(self.exchanges), len(self.scripts) - 1)]
        async with self._arrived:
            self.exchanges.append(exchange)
            self._arrived.notify_all()
        watcher = self._begins(exchange.watch())
        await script(exchange)
        await watcher


def answer(
    text: str, *, finish: str | None = None, thought: bool = False, usage: dict[str, Any] | None = None
) -> dict[str, Any]:
    """One event with a piece of text."""
    part: dict[str, Any] = {"text": text, "thought": True} if thought else {"text": text}
    candidate: dict[str, Any] = {"content": {"parts": [part], "role": "model"}, "index": 0}
    if finish:
        candidate["finishReason"] = finish
    event: dict[str, Any] = {"candidates": [candidate]}
    if usage:
        event["usageMetadata"] = usage
    return event


def says(
    *pieces: str, thoughts: Sequence[str] = (), finish: str = "STOP", usage: dict[str, Any] | None = None
) -> Script:
    """A script for a whole answer, after these thoughts."""
    counted = usage or {"promptTokenCount": 3, "candidatesTokenCount": 2, "totalTokenCount": 5}

    async def script(exchange: Exchange) -> None:
        await exchange.start()
        for thought in thoughts:
            await exchange.text(thought, thought=True)
        for piece in pieces:
            await exchange.text(piece)
        await exchange.text("", finish=finish, usage=counted)
        await exchange.finish()

    return script


def plays_body(body: bytes, piece: int = 2**20) -> Script:
    """A script that sends a recorded body, in pieces of this size."""

    async def script(exchange: Exchange) -> None:
        await exchange.start()
        for start in range(0, len(body), piece):
            await exchange.send(body[start : start + piece])
        await exchange.finish()

    return script


def fails(status: int, reason: str = "UNKNOWN", **more: Any) -> Script:
    """A script for an error response."""

    async def script(exchange: Exchange) -> None:
        await exchange.fail(status, reason, **more)

    return script


async def is_silent(exchange: Exchange) -> None:
    """A script that never answers."""


async def starts_and_is_silent(exchange: Exchange) -> None:
    """A script that sends headers and nothing else."""
    await exchange.start()


def says_and_is_silent(*pieces: str) -> Script:
    """A script that falls silent in the middle of its answer."""

    async def script(exchange: Exchange) -> None:
        await exchange.start()
        for piece in pieces:
            await exchange.text(piece)

    return script


def says_and_breaks_off(*pieces: str) -> Script:
    """A script for an answer whose connection is closed before its end."""

    async def script(exchange: Exchange) -> None:
        await says_and_is_silent(*pieces)(exchange)
        exchange.cut()

    return script


def says_when(
    released: asyncio.Event, before: str = "Hello", after: str = " world", *, usage: dict[str, Any] | None = None
) -> Script:
    """A script for an answer that is finished when it is released."""
    counted = usage or {"promptTokenCount": 3, "totalTokenCount": 5}

    async def script(exchange: Exchange) -> None:
        await exchange.start()
        await exchange.text(before)
        await released.wait()
        await exchange.text(after, finish="STOP", usage=counted)
        await exchange.finish()

    return script


async def blocks_the_prompt(exchange: Exchange) -> None:
    """A script for a prompt that the provider refuses."""
    await exchange.start()
    await exchange.event({"promptFeedback": {"blockReason": "SAFETY"}})
    await exchange.finish()


async def floods(exchange: Exchange) -> None:
    """A script that sends without end, so that a client that does not read blocks the turn in a send."""
    await exchange.start()
    while True:
        await exchange.text("x" * 65_536)


async def until_blocked(exchange: Exchange) -> None:
    """Wait until the upstream can send no more: every buffer up to the client is full, as ten looks in a row say."""
    sent, looks = 0, 0
    while looks < 10:
        await asyncio.sleep(0.02)
        looks = looks + 1 if 0 < exchange.sent == sent else 0
        sent = exchange.sent
