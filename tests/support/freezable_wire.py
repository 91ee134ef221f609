"""A wire between a browser and a server that a test can cut, or make dead."""

import asyncio
from typing import Self


class FreezableWire:
    """Passes bytes on to an address; `address` is its own."""

    def __init__(self, to: str) -> None:
        self._to = to.split(":")
        self._connections: set[asyncio.WriteTransport] = set()
        self._frozen: set[asyncio.Event] = set()
        self._kept: list[tuple[asyncio.StreamWriter, asyncio.StreamWriter]] = []

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._pass_on, "127.0.0.1", 0)
        self.address = f"127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        self.cut()

    def cut(self) -> None:
        """Reset every connection; new ones go through."""
        for connection in self._connections:
            connection.abort()
        self._connections.clear()

    def freeze(self) -> None:
        """Let nothing through the WebSockets that there are, and close none of them; new ones go through."""
        for frozen in self._frozen:
            frozen.set()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection(*self._to)
        except OSError:
            writer.close()
            return
        ends: set[asyncio.WriteTransport] = {writer.transport, far_writer.transport}
        self._connections |= ends
        frozen = asyncio.Event()
        first = await reader.read(65_536)
        if b"upgrade: websocket" in first.lower():
            self._frozen.add(frozen)
        far_writer.write(first)
        await asyncio.gather(_pump(reader, far_writer, frozen), _pump(far_reader, writer, frozen))
        if frozen.is_set():  # nobody is told that the other end has gone
            self._kept.append((writer, far_writer))
            return
        self._frozen.discard(frozen)
        self._connections -= ends


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, frozen: asyncio.Event) -> None:
    try:
        while data := await reader.read(65_536):
            if not frozen.is_set():
                writer.write(data)
                await writer.drain()
    except ConnectionError:
        pass
    if not frozen.is_set():
        writer.close()
