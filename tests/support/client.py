"""A chat client over a real socket."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

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

    async def ask(self, message: str = "hi", **fields: Any) -> list[Frame]:
        """One whole turn."""
        await self.chat(message, **fields)
        return await self.until_end(fields.get("id"))


@asynccontextmanager
async def connected(address: str, **options: Any) -> AsyncIterator[Client]:
    async with connect(f"ws://{address}/ws", **options) as socket:
        yield Client(socket)


def text_of(frames: list[Frame], kind: str = "delta") -> str:
    return "".join(frame["text"] for frame in frames if frame["type"] == kind)
