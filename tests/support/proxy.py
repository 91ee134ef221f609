"""A wire between a browser and a server that a test can cut."""

import asyncio
from typing import Self


class Wire:
    """Passes bytes on to an address; `address` is its own.

    With `late`, the news that the server has closed a connection comes only when the client has sent more on it.
    """

    def __init__(self, to: str, *, late: bool = False) -> None:
        self.server_closed = asyncio.Event()
        self._late = late
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

    def leads_to(self, address: str) -> None:
        """Pass new connections on to another address."""
        self._to = address.split(":")

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(*self._to)
        ends: set[asyncio.WriteTransport] = {writer.transport, far_writer.transport}
        self._connections |= ends
        forth = asyncio.create_task(_pump(reader, far_writer, until=far_reader))
        await asyncio.gather(forth, self._pump_back(far_reader, writer, forth))
        self._connections -= ends

    async def _pump_back(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, forth: asyncio.Task[None]
    ) -> None:
        if not self._late:
            await _pump(reader, writer)
            return
        while data := await reader.read(65_536):
            writer.write(data)
        self.server_closed.set()
        await forth
        writer.close()


async def _pump(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, until: asyncio.StreamReader | None = None
) -> None:
    """Pass bytes on, to their end, or to the first that come when the other direction has ended."""
    try:
        while data := await reader.read(65_536):
            if until is not None and until.at_eof():
                return
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()
