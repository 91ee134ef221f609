"""A TCP proxy between a client and a server that a test can cut, freeze, or lead to another server."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple, Self


class _End(NamedTuple):
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter


class TcpProxy:
    """Passes bytes on to an address; `address` is its own.

    With `late`, the news that the server has closed a connection comes only when the client has sent more on it.
    """

    def __init__(self, to: str, *, late: bool = False) -> None:
        self.server_closed = asyncio.Event()
        """Set while the server has closed every connection so far: a proxy's health checks have some of their own."""
        self._open = 0
        self._late = late
        self._to = to.split(":")
        self._connections: set[_Connection] = set()

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
            connection.cut()
        self._connections.clear()

    def freeze(self) -> None:
        """Let nothing through the WebSockets that there are, and close none of them; new ones go through."""
        for connection in self._connections:
            connection.is_frozen = connection.is_websocket

    def freeze_all(self) -> None:
        """Let nothing through the connections that there are, and close none of them; new ones go through."""
        for connection in self._connections:
            connection.is_frozen = True

    def leads_to(self, address: str) -> None:
        """Pass new connections on to another address."""
        self._to = address.split(":")

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            server = _End(*await asyncio.open_connection(*self._to))
        except OSError:
            writer.close()
            return
        connection = _Connection(_End(reader, writer), server)
        self._connections.add(connection)
        self._open += 1
        self.server_closed.clear()
        forth = asyncio.create_task(connection.forth())
        await (connection.back_late(self._note_closed, forth) if self._late else connection.back())
        await forth
        if not connection.is_frozen:  # else nobody is told that the other end has gone
            self._connections.discard(connection)

    def _note_closed(self) -> None:
        self._open -= 1
        if not self._open:
            self.server_closed.set()


class _Connection:
    """One connection through the proxy."""

    def __init__(self, client: _End, server: _End) -> None:
        self.is_websocket = False
        self.is_frozen = False
        self._client = client
        self._server = server

    def cut(self) -> None:
        for end in (self._client, self._server):
            end.writer.transport.abort()

    async def forth(self) -> None:
        """Pass on what the client sends, to its end, or to the first that comes when the server has closed."""
        with suppress(ConnectionError):
            while data := await self._client.reader.read(65_536):
                if self._server.reader.at_eof():
                    break
                self.is_websocket = self.is_websocket or b"upgrade: websocket" in data.lower()
                await self._write(self._server.writer, data)
        self._close(self._server.writer)

    async def back(self) -> None:
        """Pass on what the server sends, to its end."""
        with suppress(ConnectionError):
            while data := await self._server.reader.read(65_536):
                await self._write(self._client.writer, data)
        self._close(self._client.writer)

    async def back_late(self, note_closed: Callable[[], None], forth: asyncio.Task[None]) -> None:
        """The same, but close the client's end only when the client has sent more, or has closed."""
        while data := await self._server.reader.read(65_536):
            self._client.writer.write(data)
        note_closed()
        await forth
        self._client.writer.close()

    async def _write(self, to: asyncio.StreamWriter, data: bytes) -> None:
        if not self.is_frozen:
            to.write(data)
            await to.drain()

    def _close(self, end: asyncio.StreamWriter) -> None:
        if not self.is_frozen:
            end.close()
