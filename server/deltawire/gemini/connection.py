"""Connections to the upstream: aiohttp's, with an immediate abort and a callback for received data."""

import asyncio
import socket
import struct
from collections.abc import Callable
from functools import partial
from typing import Any, Final, cast

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.client_reqrep import ConnectionKey
from aiohttp.tracing import Trace

from deltawire.aio.running_time import RunningTime
from deltawire.aio.timeouts import RunningTimeout
from deltawire.gemini.chunks import MAX_CONTENT_BYTES, ChunkReader

_DROP_WHAT_IS_UNSENT: Final = struct.pack("ii", 1, 0)
_HEAD_END: Final = b"\r\n\r\n"


class KeptConnectionLost(aiohttp.ServerDisconnectedError):
    """A connection that was kept from an earlier request was closed meanwhile."""


class Connection(ResponseHandler):
    """A connection that calls back when data has come: its reader need not wait in aiohttp's layers for each chunk."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Start without a callback."""
        super().__init__(loop)
        self.on_news: Callable[[], None] | None = None
        """Called when bytes have come and when the connection is lost; each response sets its own."""
        self.on_loss: Callable[[], None] | None = None
        """Called just before the response learns that the connection is lost; each response sets its own."""
        self.is_lost = False
        self.is_idle = False
        """True while the connection is kept, and no request is sent over it."""
        self.chunks = ChunkReader()
        """The content of the current response; each response has its own."""
        self._requests = 0
        self._head: bytes | None = b""
        """The last bytes of an unfinished head, which may begin its end marker; None once the head has come."""

    def set_response_params(self, **params: Any) -> None:
        """Expect the head of the next response."""
        self._head = b""
        self.is_idle = False
        self._requests += 1
        self.chunks = ChunkReader()
        super().set_response_params(**params)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Store the transport. aiohttp would disable Nagle's algorithm again: every event loop does so for TCP."""
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Parse, then call `on_news`: a parser that fails closes the connection without any other notice.

        Bytes that nobody asked for would be read as the response to the next request, which may be another caller's.
        """
        if self.is_idle and data:
            self.abort()
            return
        if self._head is not None:
            data = self._take_head(data)
        chunks = self.chunks
        rest = chunks.feed(data)
        if rest or not data:
            super().data_received(rest)
        if chunks.size > MAX_CONTENT_BYTES and chunks.is_on:
            chunks.is_full = True
            self._pause_transport_reading()
        if self.on_news is not None:
            self.on_news()

    def read_on(self) -> None:
        """Resume reading: the content that filled the buffer was taken."""
        self.chunks.is_full = False
        if not self._reading_paused:
            self._resume_transport_reading()

    def set_exception(self, exc: Any, *cause: Any) -> None:
        """Store an error, under a name of its own for a kept connection that was lost before a byte of the response."""
        is_kept_and_silent = self._requests > 1 and self._head == b""
        if is_kept_and_silent and isinstance(exc, (aiohttp.ServerDisconnectedError, OSError)):
            exc = KeptConnectionLost()
        super().set_exception(exc, *cause)

    def _take_head(self, data: bytes) -> bytes:
        """Parse a head separately from the bytes that came with it; return the rest.

        A parser that fails discards all bytes of that call: with a broken body, the head would be lost too.
        """
        before = self._head or b""
        at = (before + data).find(_HEAD_END)
        if at < 0:
            self._head = (before + data)[1 - len(_HEAD_END) :]
            return data
        self._head = None
        head_bytes = at + len(_HEAD_END) - len(before)
        self.chunks.begin(before + data[:head_bytes])
        super().data_received(data[:head_bytes])
        return data[head_bytes:]

    def connection_lost(self, exc: BaseException | None) -> None:
        """Call `on_loss` and `on_news`. Both are read first: aiohttp may release the connection, and so clear them."""
        self.is_lost = True
        if self.on_loss is not None:
            self.on_loss()
        on_news = self.on_news
        super().connection_lost(exc)
        if on_news is not None:
            on_news()

    def resume_reading(self, resume_parser: bool = True) -> None:  # noqa: FBT001, FBT002 - aiohttp's
        """Do nothing unless reading is paused: aiohttp calls this after each read."""
        if self._reading_paused:
            super().resume_reading(resume_parser)


class Connector(aiohttp.TCPConnector):
    """A connector that aborts a connection which is not used again, instead of closing it.

    A close flushes first. Over TLS it waits for the peer's answer. Without TLS it sends the rest of an unfinished
    request, which the provider would answer and bill after the client has left.
    """

    def __init__(self, connect_timeout: float, running: RunningTime) -> None:
        """Start without connections; their number has no limit. `connect_timeout` bounds making each, in seconds."""
        super().__init__(limit=0)
        self._connect_timeout = connect_timeout
        self._running = running
        self._factory = cast("partial[ResponseHandler]", partial(Connection, loop=self._loop))

    async def _create_connection(
        self,
        req: aiohttp.ClientRequest,
        traces: list[Trace],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 - aiohttp's
    ) -> ResponseHandler:
        with RunningTimeout(self._running, self._running.now() + self._connect_timeout):
            return await super()._create_connection(req, traces, timeout)

    async def _wrap_create_connection(
        self, *args: Any, addr_infos: list[aiohttp.AddrInfoType], **given: Any
    ) -> tuple[asyncio.Transport, ResponseHandler]:
        """Let the event loop connect to a single address.

        aiohttp connects a socket of its own, for which uvloop looks up the address in a thread: that costs
        more than all the rest of a new connection. Several addresses are left to aiohttp, which tries one by one.
        """
        if len(addr_infos) > 1:
            return await super()._wrap_create_connection(*args, addr_infos=addr_infos, **given)
        host, port, *_ = addr_infos[0][-1]
        return await self._wrap_existing_connection(*args, host, port, **given)

    def _release(self, key: ConnectionKey, protocol: ResponseHandler, *, should_close: bool = False) -> None:
        if (should_close or protocol.should_close) and protocol.transport is not None:
            peer = protocol.transport.get_extra_info("socket")
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _DROP_WHAT_IS_UNSENT)
            protocol.abort()
        connection = cast("Connection", protocol)
        connection.on_news, connection.on_loss, connection.is_idle = None, None, True
        super()._release(key, protocol, should_close=should_close)
