"""Attacks of one caller; each goes on until it is cancelled. `support.siege_run` runs them."""

import asyncio
import itertools
import json
import secrets
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from contextlib import suppress
from typing import Any

import msgspec

MIB = 2**20
SOCKETS = 6
"""Connections of an attack that sends much."""
MANY = 40
"""Connections of an attack that holds much."""


class Attacker(msgspec.Struct, frozen=True):
    """A caller with a good key, and what they need to know."""

    address: str
    key: str
    large: str = ""
    """The id of a large conversation of theirs."""

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection that reads little ahead."""
        host, _, port = self.address.partition(":")
        return await asyncio.open_connection(host, int(port), limit=2**12)

    async def socket(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """An open socket; raise ConnectionError where it is refused."""
        reader, writer = await self.connect()
        nonce = "dGhlIHNhbXBsZSBub25jZQ=="
        fields = (
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {nonce}",
            "Sec-WebSocket-Version: 13",
        )
        try:
            writer.write(self.head("GET", "/ws", *fields))
            head = await reader.readuntil(b"\r\n\r\n")
            if b" 101 " not in head.split(b"\r\n")[0]:
                raise ConnectionError
        except BaseException:
            writer.close()
            raise
        return reader, writer

    def head(self, method: str, path: str, *fields: str) -> bytes:
        """The head of a request."""
        lines = [f"{method} {path} HTTP/1.1", f"Host: {self.address}", f"Authorization: Bearer {self.key}", *fields]
        return "\r\n".join([*lines, "", ""]).encode()

    def request(self, method: str, path: str, body: bytes = b"", *fields: str) -> bytes:
        """A whole request; a body is JSON."""
        sized = ("Content-Type: application/json", f"Content-Length: {len(body)}") if body else ()
        return self.head(method, path, *sized, *fields) + body

    async def ask(self, method: str, path: str, body: bytes = b"") -> tuple[int, bytes]:
        """Send a whole request; return the status, and the body as it came."""
        reader, writer = await self.connect()
        try:
            writer.write(self.request(method, path, body, "Connection: close"))
            await writer.drain()
            answer = await reader.read(-1)
        finally:
            writer.close()
        head, _, rest = answer.partition(b"\r\n\r\n")
        return int(head.split(b" ", 2)[1] if head else 0), rest

    async def unread(self, path: str) -> None:
        """Ask for a path, and never read the answer."""
        await self.send_unread(self.head("GET", path))

    async def send_unread(self, request: bytes) -> None:
        """Send a request, and never read the answer."""
        _, writer = await self.connect()
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        writer.write(request)
        try:
            await writer.wait_closed()
        finally:
            writer.close()


Attack = Callable[[Attacker], Coroutine[Any, Any, None]]


def frame(payload: bytes, opcode: int = 0x81) -> bytes:
    """A frame with a mask of zeros."""
    size = len(payload)
    if size < 126:
        return bytes([opcode, 0x80 | size]) + bytes(4) + payload
    length = b"\xfe" + size.to_bytes(2) if size < 2**16 else b"\xff" + size.to_bytes(8)
    return bytes([opcode]) + length + bytes(4) + payload


def chat(**fields: Any) -> bytes:
    """A `chat` frame with these fields, as a WebSocket frame."""
    return frame(json.dumps({"type": "chat", "message": "hi", **fields}).encode())


LISTS = frame(b'{"x":[' + b"[]," * (4 * MIB // 3 - 20) + b"[]]}")
LONG_HISTORY = frame(
    b'{"type":"chat","message":"a","history":[' + b",".join([b'{"role":"user","text":"a"}'] * 150_000) + b"]}"
)
LARGE_HISTORY = frame(
    b'{"type":"chat","message":"hi","history":['
    + b",".join([json.dumps({"role": "user", "text": "\U0001f600" * 40}, ensure_ascii=False).encode()] * 9_900)
    + b"]}"
)
"""Not escaped: it would be longer than a frame may be."""
WIDE = frame(('{"x":"' + "a" * (4 * MIB - 20) + "\U0001f600" + '"}').encode())
"""A refused frame of 4 MB, which takes 16 MB as text."""
UNFINISHED = frame(b'{"x":"' + b"a" * (4 * MIB - 100))[:-1]
LONG_QUESTION = chat(message="\U0001f600" * 99_000)


async def again(times: int, work: Callable[[], Awaitable[None]], pause: float = 0.05) -> None:
    """Do `work` in this many tasks, over and over, with pauses in seconds; a refusal or a close does not stop it."""

    async def repeat() -> None:
        while True:
            with suppress(ConnectionError, asyncio.IncompleteReadError, OSError, ValueError):
                await work()
            await asyncio.sleep(pause)

    async with asyncio.TaskGroup() as group:
        for _ in range(times):
            group.create_task(repeat())


async def sends(attacker: Attacker, messages: Iterable[bytes], pause: float = 0.0) -> None:
    """Send on one socket until it is closed, with pauses in seconds, and drop what comes."""
    reader, writer = await attacker.socket()
    reading = asyncio.ensure_future(drops(reader))
    try:
        for message in messages:
            writer.write(message)
            await writer.drain()
            if pause:
                await asyncio.sleep(pause)
            if reading.done():
                return
        await reading
    finally:
        reading.cancel()
        writer.close()


async def drops(reader: asyncio.StreamReader) -> None:
    """Read what comes, and drop it."""
    with suppress(ConnectionError):
        while await reader.read(2**12):
            pass


async def refused_lists(attacker: Attacker) -> None:
    """Frames of 4 MB of empty lists."""
    await again(SOCKETS, lambda: sends(attacker, itertools.repeat(LISTS)))


async def refused_and_idle(attacker: Attacker) -> None:
    """One refused frame of 4 MB on each of many sockets, which then say nothing."""
    await again(MANY, lambda: sends(attacker, [WIDE]))


async def refused_histories(attacker: Attacker) -> None:
    """Frames with 150,000 earlier messages."""
    await again(SOCKETS, lambda: sends(attacker, itertools.repeat(LONG_HISTORY)))


async def large_histories(attacker: Attacker) -> None:
    """Turns with the largest history that is taken."""
    await again(SOCKETS, lambda: sends(attacker, itertools.repeat(LARGE_HISTORY)))


async def floods(attacker: Attacker) -> None:
    """The smallest frames, as many as go."""
    await again(SOCKETS, lambda: sends(attacker, itertools.repeat(frame(b"x") * 500)))


async def pings(attacker: Attacker) -> None:
    """Pings, as many as go."""
    await again(SOCKETS, lambda: sends(attacker, itertools.repeat(frame(b"x" * 125, 0x89) * 500)))


async def unfinished_messages(attacker: Attacker) -> None:
    """Frames of 4 MB without their last byte, on many sockets."""
    await again(MANY, lambda: sends(attacker, [UNFINISHED]))


async def idle_sockets(attacker: Attacker) -> None:
    """More sockets than one caller may have, that say nothing."""
    await again(4 * MANY, lambda: sends(attacker, []), pause=0.5)


async def endless_turns(attacker: Attacker) -> None:
    """As many turns as a socket takes, on many sockets; the upstream is silent for these."""
    await again(MANY, lambda: sends(attacker, [chat(message="be silent", id=f"t{number}") for number in range(20)]))


async def unread_answers(attacker: Attacker) -> None:
    """Answers over sockets and events that nobody reads."""
    body = json.dumps({"message": "go on for ever"}).encode()
    await again(SOCKETS, lambda: attacker.send_unread(attacker.request("POST", "/chat/stream", body)))


async def kept_histories(attacker: Attacker) -> None:
    """Histories of sockets, as long as they may be."""
    await again(MANY, lambda: sends(attacker, [LONG_QUESTION] * 4))


async def unfinished_bodies(attacker: Attacker) -> None:
    """Bodies of 4 MB without their last byte."""

    async def once() -> None:
        reader, writer = await attacker.connect()
        fields = ("Content-Type: application/json", f"Content-Length: {4 * MIB - 10}")
        writer.write(attacker.head("POST", "/chat", *fields) + b" " * (4 * MIB - 20))
        try:
            await reader.read(-1)
        finally:
            writer.close()

    await again(MANY, once)


async def large_settings(attacker: Attacker) -> None:
    """Conversations with the longest settings, and lists of them that nobody reads."""
    stop = json.dumps({"settings": {"stop": ["s" * (39 * MIB // 10)]}}).encode()
    system = json.dumps({"settings": {"system": "\x01" * 80_000}}).encode()

    async def once() -> None:
        await attacker.ask("POST", "/conversations", stop)
        await attacker.ask("POST", "/conversations", system)

    async with asyncio.TaskGroup() as group:
        group.create_task(again(2, once))
        group.create_task(again(8, lambda: attacker.unread("/conversations?limit=100")))


async def unread_exports(attacker: Attacker) -> None:
    """A large conversation, read out again and again and never read."""
    await again(MANY, lambda: attacker.unread(f"/conversations/{attacker.large}"))


async def exports(attacker: Attacker) -> None:
    """A large conversation as Markdown and as JSON, read at once."""
    path = f"/conversations/{attacker.large}/export"

    async def once() -> None:
        for wanted in ("", "?format=json"):
            await attacker.ask("GET", path + wanted)

    await again(2, once)


async def searches(attacker: Attacker) -> None:
    """Searches for many words, each of them frequent."""
    words = "%20".join(f"filling{number}" for number in range(20))

    async def once() -> None:
        await attacker.ask("GET", f"/conversations?q={words}")
        await attacker.ask("GET", "/conversations?q=fil")

    await again(SOCKETS, once)


async def created_and_deleted(attacker: Attacker) -> None:
    """Conversations with long questions that are deleted at once."""

    async def once() -> None:
        status, body = await attacker.ask("POST", "/conversations", b'{"title":"x"}')
        name = json.loads(body)["id"] if status == 201 else "none"
        question = {"conversation": name, "message": " ".join(secrets.token_hex(4) for _ in range(11_000))}
        await attacker.ask("POST", "/chat", json.dumps(question).encode())
        await attacker.ask("DELETE", f"/conversations/{name}")

    await again(2, once)


async def bad_requests(attacker: Attacker) -> None:
    """Bodies that are nested deeply, or are no JSON, or no request at all."""
    bodies = [b"[" * 100_000, b'{"x":' + b"9" * 100_000 + b"}", b'{"message":"' + b"\\ud800" * 100_000 + b'"}']

    async def once() -> None:
        for body in bodies:
            await attacker.ask("POST", "/chat", body)
        await attacker.ask("GET", "/metrics?" + "a" * 40_000)

    await again(SOCKETS, once)


ATTACKS: tuple[Attack, ...] = (
    *(refused_lists, refused_and_idle, refused_histories, large_histories, floods, pings, unfinished_messages),
    *(idle_sockets, endless_turns, unread_answers, kept_histories, unfinished_bodies, large_settings),
    *(unread_exports, exports, searches, created_and_deleted, bad_requests),
)
WORST: tuple[Attack, ...] = (
    *(refused_lists, refused_and_idle, large_histories, unfinished_messages, unread_answers),
    *(kept_histories, large_settings, unread_exports, created_and_deleted),
)
"""The attacks that took most of the memory or of the loop before there were bounds."""
