"""The body of a request, as its pieces come, and a call for the moment at which its client leaves."""

import asyncio
from collections.abc import Callable
from typing import Final, Protocol

_READ_AHEAD_BYTES: Final = 2**16
"""Bytes of a body that are buffered; with more, reading pauses until the application takes them."""


class Connection(Protocol):
    """The connection that a body comes over."""

    transport: asyncio.Transport

    def write(self, data: bytes) -> None:
        """Send these bytes."""
        ...


class RequestBody:
    """The body of one request, which one task reads."""

    __slots__ = (
        *("_connection", "_is_paused", "_news", "_on_gone", "_pieces"),
        *("awaits_continue", "is_gone", "is_over", "is_whole"),
    )

    def __init__(self, connection: Connection, *, expects_continue: bool) -> None:
        """With `expects_continue`, the client sends nothing before it is told to, or has waited a while."""
        self.awaits_continue = expects_continue
        self.is_gone = False
        """True once the client has left."""
        self.is_over = False
        """True once the response has ended: the rest of the body is dropped."""
        self.is_whole = False
        """True when its last byte has come."""
        self._connection = connection
        self._is_paused = False
        self._news = asyncio.Event()
        """Set when `take` has something to return."""
        self._on_gone: Callable[[], object] | None = None
        self._pieces = bytearray()

    # Called by the connection.

    def feed(self, piece: bytes) -> None:
        """Take a piece, unless nobody reads the body any more."""
        if self.is_over or self._on_gone is not None:
            return
        self._pieces += piece
        if len(self._pieces) > _READ_AHEAD_BYTES and not self._is_paused:
            self._is_paused = True
            self._connection.transport.pause_reading()
        self._news.set()

    def feed_end(self) -> None:
        """Note that the whole body has come."""
        self.is_whole = True
        self._news.set()

    def disconnect(self) -> None:
        """Note that the client has left, and call what `watch` has set."""
        self.is_gone = True
        self._news.set()
        on_gone, self._on_gone = self._on_gone, None
        if on_gone is not None:
            on_gone()

    # Called by the exchange, and by a handler.

    async def take(self) -> bytes | None:
        """Return the bytes that have come since the last call; wait when there are none.

        Return None when the client has left, or the response has ended.
        """
        if self.awaits_continue and not self.is_whole and not self._pieces and not self.is_gone:
            self._connection.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        self.awaits_continue = False
        if not self.is_gone and not self.is_over:
            self._resume()
            await self._news.wait()
            self._news.clear()
        if self.is_gone or self.is_over:
            return None
        taken = bytes(self._pieces)
        self._pieces.clear()
        return taken

    def watch(self, on_gone: Callable[[], object] | None) -> None:
        """Call `on_gone` once, when a client that is still there leaves; None ends that. The body is dropped."""
        self._on_gone = on_gone
        self._pieces.clear()
        self._resume()

    def end(self) -> None:
        """Drop the rest of the body, and end a wait for it."""
        self.is_over = True
        self._news.set()
        self._resume()

    def _resume(self) -> None:
        if self._is_paused:
            self._is_paused = False
            self._connection.transport.resume_reading()
