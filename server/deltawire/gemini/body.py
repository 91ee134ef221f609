"""Read the body of one response, and learn at once that bytes have come."""

import asyncio
from collections.abc import Callable
from typing import Final, cast

import aiohttp
from aiohttp.http import HttpProcessingError

from deltawire.gemini.chunks import ChunkReader
from deltawire.gemini.connection import Connection
from deltawire.protocol.errors import Failure

TakeContent = Callable[[bytes], bool]
"""Takes content within the callback that received it; returns False to resume the read that waits."""

TRANSPORT_ERRORS: Final = (aiohttp.ClientError, HttpProcessingError, OSError)


class Response(aiohttp.ClientResponse):
    """A response that keeps its chunks: once it is complete, its connection serves the next one."""

    chunks: ChunkReader

    async def start(self, connection: aiohttp.connector.Connection) -> aiohttp.ClientResponse:
        """Wait for the head."""
        self.chunks = cast("Connection", connection.protocol).chunks
        return await super().start(connection)


class BodyReader:
    """The body of one response, created once its headers have come. Its owner must close it."""

    def __init__(self, response: Response) -> None:
        """Take over a response."""
        self._response = response
        self._chunks = response.chunks
        self._loop = asyncio.get_running_loop()
        self.ended = False
        """True once the body has been read to its end."""
        self._is_over = False
        self.has_news = True
        """True while `take` has something to return or to raise."""
        self._unread = b""
        """The bytes that had come before the connection was lost: aiohttp would raise instead of returning them."""
        self._waiting: asyncio.Future[None] | None = None
        self._on_content: TakeContent | None = None
        response.content.on_eof(self._take_end)
        # A response that is complete has returned its connection to the pool.
        self._connection = cast("Connection", response.connection.protocol) if response.connection else None
        if self._connection is not None:
            self._connection.on_news, self._connection.on_loss = self._take_news, self._keep_unread

    def news(self, on_content: TakeContent | None = None) -> asyncio.Future[None]:
        """Return a future that is done when `take` has something to return or to raise. One reader at a time.

        Content that comes meanwhile is given to `on_content`.
        """
        self._on_content = on_content
        self._waiting = self._loop.create_future()
        return self._waiting

    def take(self) -> bytes:
        """Return the bytes that have come; none at the end and after `wake`. Raise `Failure` for a lost connection."""
        # Set before the read: the read resumes a paused parser, which may set it again. A loss of the connection that
        # came together with these bytes is signalled only once, and must be reported after them.
        chunks, connection = self._chunks, self._connection
        is_over = self._is_over or (connection is not None and connection.is_lost)
        if chunks.size:
            content = chunks.take()
            self.has_news = is_over or not chunks.is_on or chunks.size > 0
            if chunks.is_full and not chunks.size and connection is not None:
                connection.read_on()
            return content
        self.has_news = is_over
        if self._unread:
            data, self._unread = self._unread, b""
            return data
        try:
            data = self._response.content.read_nowait()
            if not data:
                self._take_nothing()
        except TRANSPORT_ERRORS as error:
            # The error describes the body only; the connection holds the error of a reset.
            lost = connection.exception() if connection is not None else None
            # aiohttp raises one shared object for all closed responses: its traceback would keep their streams alive.
            error.__traceback__ = None
            raise transport_failure(lost if isinstance(lost, OSError) else error) from None
        return data

    def close(self) -> None:
        """Close the connection now. The next `take` raises; a second call does nothing."""
        self._response.close()
        self.wake()

    def wake(self) -> None:
        """Resume a read: bytes have come, or the connection is gone."""
        self.has_news = True
        self._on_content = None
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    def _take_news(self) -> None:
        """Give content to `on_content` while a read waits; resume the read unless that is enough."""
        on_content, waiting, chunks = self._on_content, self._waiting, self._chunks
        if (
            on_content is None
            or waiting is None
            or waiting.done()
            or not chunks.size
            or chunks.is_full
            or not on_content(chunks.take())
        ):
            self.wake()

    def _keep_unread(self) -> None:
        if not self._is_over and self._response.content.exception() is None:
            self._unread = self._response.content.read_nowait()

    def _take_end(self) -> None:
        self._is_over = True
        self.wake()

    def _take_nothing(self) -> None:
        """Find out why no bytes have come: the end, a wake, or a lost connection."""
        self.ended = self._is_over
        # aiohttp drops a connection whose chunks it cannot parse, without an error.
        if not self.ended and (self._connection is None or not self._connection.connected):
            raise aiohttp.ClientPayloadError


def request_failure(error: BaseException, connect_seconds: float) -> Failure:
    """Return the failure for an exception of a request: of its connection, of the transport, or of its own body."""
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        message = f"The provider could not be reached within {connect_seconds:g} s."
        return Failure("upstream_timeout", message, cause="connect")
    if isinstance(error.__cause__, Failure):  # a file could not be read while it was sent
        return error.__cause__
    return transport_failure(error)


def transport_failure(error: BaseException) -> Failure:
    """Return the failure for an exception of the transport; no other place maps them."""
    is_cut = isinstance(error, aiohttp.ClientPayloadError | HttpProcessingError)
    return Failure("upstream_truncated" if is_cut else "upstream_unavailable", cause=type(error).__name__)
