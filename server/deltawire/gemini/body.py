"""Reads the bytes of one response's body, and hears at once when there are some."""

import asyncio
from typing import Final, cast

import aiohttp
from aiohttp.http import HttpProcessingError

from deltawire.gemini.connection import Connection
from deltawire.protocol.errors import Failure

TRANSPORT_ERRORS: Final = (aiohttp.ClientError, HttpProcessingError, OSError)


class BodyReader:
    """The body of one response. Made when its headers have come; whoever makes it must close it."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        """Take over a response."""
        self._response = response
        self._loop = asyncio.get_running_loop()
        self.ended = False
        """Whether the body has been read to its end."""
        self._is_over = False
        self.has_news = True
        """Whether `take` has something to say now."""
        self._waiting: asyncio.Future[None] | None = None
        response.content.on_eof(self._take_end)
        # A response that is over has given its connection back.
        self._connection = cast("Connection", response.connection.protocol) if response.connection else None
        if self._connection is not None:
            self._connection.on_news = self.wake

    def news(self) -> asyncio.Future[None]:
        """Done when `take` has something to say. For one reader at a time."""
        self._waiting = self._loop.create_future()
        return self._waiting

    def take(self) -> bytes:
        """What has come; empty at the end and after `wake`. Raise `Failure` when the connection is broken."""
        # Before the read, for it may bring more news: it lets a paused parser go on. A loss that came together with
        # these bytes is told only once, and has to be seen after them.
        self.has_news = self._is_over or (self._connection is not None and self._connection.is_lost)
        try:
            data = self._response.content.read_nowait()
            if not data:
                self._take_nothing()
        except TRANSPORT_ERRORS as error:
            # The error tells of the body only; that there was a reset stands with the connection.
            lost = self._connection.exception() if self._connection is not None else None
            # One object serves every response that was closed: its trace would hold all their streams.
            error.__traceback__ = None
            raise transport_failure(lost if isinstance(lost, OSError) else error) from None
        return data

    def close(self) -> None:
        """Close the connection now. The next `take` raises; a second call does nothing."""
        self._response.close()
        self.wake()

    def wake(self) -> None:
        """Let a read go on: something has come, or the connection is gone."""
        self.has_news = True
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    def _take_end(self) -> None:
        self._is_over = True
        self.wake()

    def _take_nothing(self) -> None:
        """See why nothing has come: the end, a wake, or a connection that is gone."""
        self.ended = self._is_over
        # aiohttp drops a connection whose chunks it cannot parse, and says nothing.
        if not self.ended and (self._connection is None or not self._connection.connected):
            raise aiohttp.ClientPayloadError


def transport_failure(error: BaseException) -> Failure:
    """The row of the table for what the transport raised: mapped here and nowhere else."""
    is_cut = isinstance(error, aiohttp.ClientPayloadError | HttpProcessingError)
    return Failure("upstream_truncated" if is_cut else "upstream_unavailable", cause=type(error).__name__)
