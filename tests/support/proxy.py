"""A wire between a browser and a server that a test can cut."""

import asyncio
from typing import Self


class Wire:
    """Passes bytes on to an address; `address` is its own."""

    def __init__(self, to: str) -> None:
        self._to = to.split(":")
        self._connections: set[asyncio.WriteTransport] = set()

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

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(*self._to)
        ends: set[asyncio.WriteTransport] = {writer.transport, far_writer.transport}
        self._connections |= ends
        await asyncio.gather(_pump(reader, far_writer), _pump(far_reader, writer))
        self._connections -= ends


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()
