"""One request and its response, as an ASGI application reads and writes them."""

import asyncio
import re
from collections.abc import Iterable
from enum import Enum, auto
from functools import cache
from http import HTTPStatus
from typing import Any, Final, Protocol

import structlog

from deltawire.protocol.errors import Failure
from deltawire.telemetry.logs import where
from deltawire.transport.refusals import DEFAULT_HEADERS, Headers, refusal
from deltawire.transport.request_body import RequestBody

log = structlog.get_logger(__name__)

_STATUS_WITHOUT_BODY: Final = {204, 304}
_unwritable = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
"""Characters that would end a header line, or forge one."""


class Framing(Enum):
    """The framing of a body: it marks the body's end for the client (RFC 9112, 6.3)."""

    LENGTH = auto()
    CHUNKS = auto()
    CLOSE = auto()
    """HTTP/1.0 has no chunks: the end of the connection is the end of the body."""
    NO_BODY = auto()


class Connection(Protocol):
    """The connection under an exchange of a request and its response."""

    transport: asyncio.Transport

    async def ready(self) -> bool:
        """Wait until the client has read enough; return False when it is gone."""
        ...

    def write(self, data: bytes) -> None:
        """Send these bytes."""
        ...

    def begin_response(self, *, chunked: bool) -> Headers:
        """Return the headers that every response has."""
        ...

    def end_response(self, *, keep: bool, was_read: bool) -> None:
        """Serve the next request, or close; `was_read` is True when the last byte of this one has come."""
        ...


class HttpExchange:
    """One request and its response: `receive` reads the request's body, `send` writes the response."""

    def __init__(self, connection: Connection, scope: dict[str, Any], *, keep: bool, expects_continue: bool) -> None:
        """`keep` is True when the connection may serve another request after this one."""
        self.scope = scope
        self.keep = keep
        self.body: Final = RequestBody(connection, expects_continue=expects_continue)
        self._connection = connection
        self._framing: Framing | None = None
        self._bytes_left = 0
        """Bytes of the body that are still to come; counted where the head has its length."""

    @property
    def has_begun(self) -> bool:
        """True once a response has begun."""
        return self._framing is not None

    async def run(self, app: Any) -> None:
        """Call the application; send an error response when it fails."""
        try:
            await app(self.scope, self.receive, self.send)
        except asyncio.CancelledError:  # the server cancels what is left when it stops
            self._connection.transport.abort()
            raise
        except Exception as error:  # noqa: BLE001 - the client gets a response to any error
            log.error("bug", error=type(error).__name__, where=where(error))  # noqa: TRY400 - a trace may hold secrets
            await self._fail()
        else:
            if not (self.body.is_over or self.body.is_gone or self._connection.transport.is_closing()):
                log.error("bug", error="a response has no end")
                await self._fail()

    async def receive(self) -> dict[str, Any]:
        """Return the part of the body that has come since the last call; wait when there is none."""
        piece = await self.body.take()
        if piece is None:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": piece, "more_body": not self.body.is_whole}

    async def send(self, message: Any) -> None:
        """Write the head, or a piece of the body."""
        if self.body.is_gone or not await self._connection.ready():
            return
        if self.body.is_over:
            if self._framing is not Framing.NO_BODY and message.get("body"):
                raise RuntimeError("the response has ended")
        elif self._framing is None:
            self._send_head(message["status"], message.get("headers", ()))
        else:
            self._send_piece(message.get("body", b""), is_last=not message.get("more_body", False))

    def _send_head(self, status: int, given: Iterable[tuple[bytes, bytes]]) -> None:
        headers = list(given)
        if self.body.awaits_continue and not self.body.is_whole:
            # The client may send the announced body or its next request, and the two cannot be told apart.
            self.keep = False
        self._framing = self._framing_of(status, headers)
        headers += _default_headers(headers)
        headers += self._connection.begin_response(chunked=self._framing is Framing.CHUNKS)
        if self._framing is Framing.CHUNKS:
            headers.append((b"transfer-encoding", b"chunked"))
        if self._framing is Framing.CLOSE:
            self.keep = False
        if not self.keep:
            headers.append((b"connection", b"close"))
        lines = [_status_line(status), *[b"%b: %b" % header for header in headers]]
        if _unwritable.search(b"".join(lines)):
            raise ValueError("a header holds a control character")
        self._connection.write(b"\r\n".join([*lines, b"", b""]))
        if self._framing is Framing.NO_BODY or (self._framing is Framing.LENGTH and not self._bytes_left):
            self._end()

    def _framing_of(self, status: int, headers: Headers) -> Framing:
        lengths = [value for name, value in headers if name == b"content-length"]
        if self.scope["method"] == "HEAD" or status in _STATUS_WITHOUT_BODY:
            return Framing.NO_BODY
        if lengths:
            self._bytes_left = int(lengths[0])
            return Framing.LENGTH
        return Framing.CLOSE if self.scope["http_version"] == "1.0" else Framing.CHUNKS

    def _send_piece(self, body: bytes, *, is_last: bool) -> None:
        if self._framing is Framing.CHUNKS:
            piece = b"%x\r\n%b\r\n" % (len(body), body) if body else b""
            self._connection.write(piece + b"0\r\n\r\n" if is_last else piece)
        else:
            self._bytes_left -= len(body)
            if self._framing is Framing.LENGTH and (self._bytes_left < 0 or (is_last and self._bytes_left)):
                raise ValueError("the body is not as long as its head said")
            self._connection.write(body)
        if is_last or (self._framing is Framing.LENGTH and not self._bytes_left):
            self._end()

    def _end(self) -> None:
        """End the response once its client has all of it, though the application may go on.

        After a head without a body, or the last byte of a known length, the client may send its next request at once.
        """
        self.body.end()
        self._connection.end_response(keep=self.keep, was_read=self.body.is_whole)

    async def _fail(self) -> None:
        """Send an error response; abort when a response has begun, so that the client sees that it is not whole."""
        if self._framing is None:
            status, headers, body = refusal(Failure("internal"))
            await self.send({"type": "http.response.start", "status": status, "headers": headers})
            await self.send({"type": "http.response.body", "body": body})
        elif not self.body.is_over:
            self._connection.transport.abort()


def _default_headers(headers: Headers) -> Headers:
    """Return the headers against guessed types and copies in caches, where a response does not have its own."""
    names = {name.lower() for name, _ in headers}
    return [header for header in DEFAULT_HEADERS if header[0] not in names]


@cache
def _status_line(status: int) -> bytes:
    return b"HTTP/1.1 %d %b" % (status, HTTPStatus(status).phrase.encode())
