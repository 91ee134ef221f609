"""A chat client over a real socket."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

Frame = dict[str, Any]


class Client:
    """Sends frames and keeps what comes back."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket

    async def send(self, **frame: Any) -> None:
        await self.socket.send(json.dumps(frame))

    async def chat(self, message: str = "hi", **fields: Any) -> None:
        await self.send(type="chat", message=message, **fields)

    async def receive(self) -> Frame:
        frame: Frame = json.loads(await self.socket.recv())
        return frame

    async def until_end(self, turn: str | None = None) -> list[Frame]:
        """The frames up to the end of a turn, of any when none is named; those of others are left out."""
        frames = []
        while True:
            frame = await self.receive()
            if turn is None or frame["id"] == turn:
                frames.append(frame)
                if frame["type"] in ("usage", "error"):
                    return frames

    async def until_closed(self) -> int | None:
        """Read until the server closes; return the close code, None when there was none."""
        with suppress(ConnectionClosed):
            while True:
                await self.receive()
        return self.socket.close_code

    async def ask(self, message: str = "hi", **fields: Any) -> list[Frame]:
        """One whole turn."""
        await self.chat(message, **fields)
        return await self.until_end(fields.get("id"))


@asynccontextmanager
async def connected(address: str, tls: ssl.SSLContext | None = None, **options: Any) -> AsyncIterator[Client]:
    options = {"open_timeout": None} | options
    async with connect(f"{'wss' if tls else 'ws'}://{address}/ws", ssl=tls, **options) as socket:
        yield Client(socket)


def text_of(frames: list[Frame], kind: str = "delta") -> str:
    return "".join(frame["text"] for frame in frames if frame["type"] == kind)


async def raw_socket(address: str, limit: int = 2**16) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A socket whose client answers nothing: no pong, no close."""
    host, _, port = address.partition(":")
    reader, writer = await asyncio.open_connection(host, int(port), limit=limit)
    handshake = [
        "GET /ws HTTP/1.1",
        f"Host: {address}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version: 13",
    ]
    writer.write("\r\n".join([*handshake, "", ""]).encode())
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += await reader.read(1)
    assert head.startswith(b"HTTP/1.1 101")
    return reader, writer


def masked(payload: bytes) -> bytes:
    """A text frame with a mask of zeros."""
    assert len(payload) < 126
    return bytes([0x81, 0x80 | len(payload)]) + bytes(4) + payload
