"""A server on loopback that reads one request of each connection, and lets a test's play answer it."""

import asyncio
import ssl
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, NamedTuple, Self

from support.forked import ForkServer
from support.lru_cache import LruCache


class Connection(NamedTuple):
    """A connection, and the request that came over it."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    head: bytes
    body: bytes


class LoopbackServer:
    """Answers each connection by `answers`, and closes it then. `url` is its own."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.shared_servers: LruCache[Any] = LruCache()
        """The servers that tests share (`support.serving.sharing`); they end before this one does."""
        self.fork_server: ForkServer | None = None
        """The process of which servers are forked that ask this upstream (`support.process.running_over`)."""
        self._tls = tls
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=2**26, ssl=self._tls)
        port = self._server.sockets[0].getsockname()[1]
        self.url = f"{'https' if self._tls else 'http'}://127.0.0.1:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.shared_servers.close()
        self._server.close()
        await self.forget()

    async def forget(self) -> None:
        """End what is still played."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def answers(self, connection: Connection) -> None:
        """Answer the request of a connection. It may go away meanwhile."""
        raise NotImplementedError

    def _begins(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Start a task that ends with the server at the latest."""
        return self._kept(asyncio.create_task(work))

    def _kept(self, task: asyncio.Task[None]) -> asyncio.Task[None]:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._kept(task)
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                head = (await reader.readuntil(b"\r\n\r\n"))[:-4]
                length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
                body = await reader.readexactly(int(length[15:]))
                await self.answers(Connection(reader, writer, head, body))
        finally:
            writer.close()
