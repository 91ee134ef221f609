"""The HTTP protocol: uvicorn's, with a bound on how long a request may take to come and on its head."""

import asyncio
from typing import Any, Final, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from deltawire.transport.link import CLOSE_GRACE_SECONDS, LINK, MAX_HEADER_BYTES

_HEADERS_TOO_LARGE: Final = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
)


class HttpProtocol(HttpToolsProtocol):
    """HTTP/1.1, and the way to a socket, with a bound on how long and how large a handshake may be."""

    def __init__(self, *, handshake_timeout: float, **given: Any) -> None:
        """Take what uvicorn gives, and how long, in seconds, a request may take to come."""
        super().__init__(**given)
        self._handshake_timeout = handshake_timeout
        self._header_bytes = 0
        self._unfinished_bytes = 0
        self._handshake: asyncio.TimerHandle | None = None

    @property
    def has_room(self) -> bool:
        """Whether a send would return without waiting for the client to read."""
        return not self.flow.write_paused

    @property
    def is_gone(self) -> bool:
        """Whether the connection is closed, or about to be."""
        return self.transport.is_closing()

    async def room(self) -> None:
        """Wait until the client has read enough."""
        await self.flow.drain()

    def write_piece(self, piece: bytes) -> None:
        """Send a piece of a response that has begun and whose length is not known (RFC 9112, 7.1).

        The way through ASGI's `send` leads through Litestar's wrappers for each piece.
        """
        if not self.transport.is_closing():
            self.transport.write(b"%x\r\n%b\r\n" % (len(piece), piece))

    def abort(self) -> None:
        """Drop the connection and what was not read of it."""
        self.transport.abort()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the clock of the first request."""
        super().connection_made(transport)
        self._start_clock()

    def data_received(self, data: bytes) -> None:
        """Read on, for as long and as much as a request may take."""
        if self.cycle is None or self.cycle.response_complete:
            self._start_clock()
        self._unfinished_bytes += len(data)
        super().data_received(data)
        # A header, or a trailer, counts when it is whole; this bounds one that never is.
        if self._unfinished_bytes > 2 * MAX_HEADER_BYTES and not self.transport.is_closing():
            self._refuse_head()

    def on_message_begin(self) -> None:
        """Refuse a request before the last one is answered: uvicorn would stop watching its client."""
        if self.cycle is not None and not self.cycle.response_complete:
            self.transport.abort()
            raise ValueError
        self._header_bytes = 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """Count the request line's bytes."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Count the headers' bytes."""
        self._count(len(name) + len(value))
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Put this protocol where the request's handler finds it."""
        cast("dict[str, Any]", self.scope)["extensions"] = {LINK: self}
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take note that something was finished."""
        self._unfinished_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Stop the clock, unless the answer came before the last byte: nothing else would end such a connection."""
        self._unfinished_bytes = 0
        if self.cycle is None or not self.cycle.response_complete:
            self._stop_clock()
        super().on_message_complete()

    def handle_websocket_upgrade(self) -> None:
        """Stop the clock: the socket has others. Then release what only this protocol holds."""
        self._stop_clock()
        super().handle_websocket_upgrade()
        del self.parser, self.scope

    def shutdown(self) -> None:
        """Close, once what was answered is read; a request that is still coming comes too late."""
        if self._handshake is not None:
            self.transport.abort()
            return
        super().shutdown()
        self.loop.call_later(CLOSE_GRACE_SECONDS, self.transport.abort)

    def eof_received(self) -> None:
        """Drop a client that left in the middle of its response; a close would wait for it to read."""
        if self.cycle is not None and not self.cycle.response_complete:
            self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clock; release the last request, which refers to this protocol."""
        self._stop_clock()
        super().connection_lost(exc)
        del self.cycle, self.scope

    def send_400_response(self, msg: str) -> None:
        """Answer what could not be parsed; uvicorn calls this for what `_count` raises, too."""
        if self.transport.is_closing():
            return
        if self._header_bytes > MAX_HEADER_BYTES:
            self._refuse_head()
        else:
            super().send_400_response(msg)

    def _refuse_head(self) -> None:
        self.transport.write(_HEADERS_TOO_LARGE)
        self.transport.close()

    def _count(self, size: int) -> None:
        self._unfinished_bytes = 0
        self._header_bytes += size
        if self._header_bytes > MAX_HEADER_BYTES:
            raise ValueError

    def _start_clock(self) -> None:
        if self._handshake is None:
            self._handshake = self.loop.call_later(self._handshake_timeout, self.transport.abort)

    def _stop_clock(self) -> None:
        if self._handshake is not None:
            self._handshake.cancel()
            self._handshake = None
