"""The connections to the upstream: aiohttp's, dropped at once and heard at once."""

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

_DROP_WHAT_IS_UNSENT: Final = struct.pack("ii", 1, 0)
_HEAD_END: Final = b"\r\n\r\n"


class Connection(ResponseHandler):
    """Says when something has come, so that its reader need not wait in aiohttp's layers for each chunk."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Prepare a connection that nobody listens to."""
        super().__init__(loop)
        self.on_news: Callable[[], None] | None = None
        """Called when bytes have come and when the connection is gone; each response sets its own."""
        self.is_lost = False
        self._head: bytes | None = b""
        """What may be the beginning of a head's last line; None once the head has come."""

    def set_response_params(self, **params: Any) -> None:
        """Expect the head of the next response."""
        self._head = b""
        super().set_response_params(**params)

    def data_received(self, data: bytes) -> None:
        """Parse, then tell: a parser that fails closes the connection, and tells nobody else."""
        if self._head is not None:
            data = self._take_head(data)
        if data or self._head is None:
            super().data_received(data)
        if self.on_news is not None:
            self.on_news()

    def _take_head(self, data: bytes) -> bytes:
        """Parse a head apart from what came with it, and return the rest.

        A parser that fails forgets all that it was given at once: a broken body would take its head along.
        """
        before = self._head or b""
        at = (before + data).find(_HEAD_END)
        if at < 0:
            self._head = (before + data)[1 - len(_HEAD_END) :]
            return data
        self._head = None
        head_bytes = at + len(_HEAD_END) - len(before)
        super().data_received(data[:head_bytes])
        return data[head_bytes:]

    def connection_lost(self, exc: BaseException | None) -> None:
        """Tell of the end: aiohttp may release the connection, and of who listens to it, on the way."""
        self.is_lost = True
        on_news = self.on_news
        super().connection_lost(exc)
        if on_news is not None:
            on_news()

    def resume_reading(self, resume_parser: bool = True) -> None:  # noqa: FBT001, FBT002 - aiohttp's
        """Do nothing unless reading is paused: aiohttp calls this after each read."""
        if self._reading_paused:
            super().resume_reading(resume_parser)


class Connector(aiohttp.TCPConnector):
    """Makes such connections, and drops one that is not to be used again, instead of closing it.

    A close flushes first: over TLS it waits for the peer's answer, and without it the rest of a request
    that is still being sent goes out, whole and paid for, after its listener has left.
    """

    def __init__(self, connect_timeout: float) -> None:
        """Start with none; there may be any number. `connect_timeout` is for each to be made, in seconds."""
        super().__init__(limit=0)
        self._connect_timeout = connect_timeout
        self._factory = cast("partial[ResponseHandler]", partial(Connection, loop=self._loop))

    async def _create_connection(
        self,
        req: aiohttp.ClientRequest,
        traces: list[Trace],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 - aiohttp's
    ) -> ResponseHandler:
        async with asyncio.timeout(self._connect_timeout):
            return await super()._create_connection(req, traces, timeout)

    def _release(self, key: ConnectionKey, protocol: ResponseHandler, *, should_close: bool = False) -> None:
        if (should_close or protocol.should_close) and protocol.transport is not None:
            connection = protocol.transport.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _DROP_WHAT_IS_UNSENT)
            protocol.abort()
        cast("Connection", protocol).on_news = None
        super()._release(key, protocol, should_close=should_close)
