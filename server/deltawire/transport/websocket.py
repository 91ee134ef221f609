"""The WebSocket protocol: uvicorn's, with a close that does not wait for the client, and bounds on parsing."""

import asyncio
from http import HTTPStatus
from typing import Any, Final, cast

from uvicorn._types import ASGIReceiveEvent, ASGISendEvent
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets import http11
from websockets.datastructures import Headers
from websockets.frames import Frame, Opcode
from websockets.http11 import Request, Response
from websockets.protocol import State
from websockets.server import ServerProtocol

from deltawire.aio.queue import SlimQueue
from deltawire.limits.token_bucket import TokenBucket
from deltawire.protocol.errors import Failure
from deltawire.transport.link import CLOSE_GRACE_SECONDS, LINK, MAX_HEADER_BYTES
from deltawire.transport.refusals import refusal, refusal_bytes
from deltawire.transport.request_head import too_large_head

# A token may have 8,192 characters, and a browser many cookies; the HTTP protocol bounds them all. The library
# takes this from a variable of the environment, or from here.
http11.MAX_LINE_LENGTH = MAX_HEADER_BYTES
_MAX_FRAGMENTS: Final = 1_000
_BURST_SECONDS: Final = 5
"""A client may send this many seconds' worth of frames at once."""
_WORTH_OF_A_FRAGMENT: Final = 0.01
"""Of a frame: a message in many pieces is still one message, but its pieces are not free."""
_TOO_LARGE: Final = {HTTPStatus.REQUEST_URI_TOO_LONG, HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE}
_PIECE_BYTES: Final = 4096
"""Parsed in one go, and after our close frame at all: 680 of the smallest frames, some 5 ms."""


class _Handshakes(ServerProtocol):
    """The library's protocol, which refuses a handshake in the words of the table."""

    def reject(self, status: HTTPStatus | int, text: str) -> Response:  # noqa: ARG002 - it repeats what the client sent
        """Return the response to a handshake that is none."""
        failure = too_large_head() if status in _TOO_LARGE else _no_handshake(int(status))
        status, headers, body = refusal(failure)
        fields = {name.decode(): value.decode() for name, value in headers}
        fields |= {"connection": "close", "sec-websocket-version": "13"}
        return Response(status, HTTPStatus(status).phrase, Headers(fields), body)


def _no_handshake(status: int = 400) -> Failure:
    return Failure("invalid_frame", "That is not a WebSocket handshake of version 13 (RFC 6455).", status=status)


class WebSocketProtocol(WebSocketsSansIOProtocol):
    """A socket that can be ended at once, whatever its client does."""

    def __init__(self, *, max_frames_per_second: int, **given: Any) -> None:
        """Take what uvicorn gives, and how many frames of any kind a client may send in the long run."""
        super().__init__(**given)
        self.conn = _Handshakes(max_size=self.config.ws_max_size, logger=self.logger)
        self.queue = cast("asyncio.Queue[ASGIReceiveEvent]", SlimQueue[ASGIReceiveEvent]())
        self.has_room = True
        """True while a send returns without waiting for the client to read."""
        self.ended_with: int | None = None
        """The code with which the server closed the socket; None while it has not."""
        burst = max_frames_per_second * _BURST_SECONDS
        self._rate = TokenBucket(max_frames_per_second, burst, self.loop.time())
        self._parsed_after_close = 0

    def pause_writing(self) -> None:
        """Take note that the client has to read first."""
        super().pause_writing()
        self.has_room = False

    def resume_writing(self) -> None:
        """Take note that the client has read."""
        super().resume_writing()
        self.has_room = True

    def connection_lost(self, exc: Exception | None) -> None:
        """Wake senders that wait for room."""
        super().connection_lost(exc)
        self.has_room = True

    async def run_asgi(self) -> None:
        """Serve the socket; then break its reference cycles, so that nothing is left to the garbage collector."""
        await super().run_asgi()
        cast("dict[str, Any]", self.scope).clear()

    async def room(self) -> None:
        """Wait until the client has read enough."""
        await self.writable.wait()

    def write_text(self, payload: bytes) -> bool:
        """Send one text message of UTF-8 now; False when the socket is closed or closing.

        The way through ASGI's `send` decodes and encodes the payload once more for each message. The
        frame is ours, too: without extensions it is a head and the payload (RFC 6455, 5.2).
        """
        if self.close_sent or self.transport.is_closing():
            return False
        self.transport.write(_text_head(len(payload)) + payload)
        return True

    def end(self, code: int, reason: str) -> None:
        """Send a close frame and let the handler see the end; abort the transport soon after."""
        if self.close_sent or self.disconnected:
            return
        if self.conn.state is State.OPEN:
            self.conn.send_close(code, reason)
        self._see_out(code, reason)

    def _see_out(self, code: int, reason: str) -> None:
        """Write the close frame that is ready, and read on for its answer for as long as the grace lasts."""
        self.close_sent = True
        self.ended_with = code
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        self.transport.write(b"".join(self.conn.data_to_send()))
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()
        self._abort_soon()

    def shutdown(self) -> None:
        """End the socket because the server stops; uvicorn would wait for its client to read."""
        if self.handshake_complete:
            self.end(1012, "the server stops")
        else:
            super().shutdown()

    def _abort_soon(self) -> None:
        self.stop_keepalive()
        if self.close_timer is None:
            self.close_timer = self.loop.call_later(CLOSE_GRACE_SECONDS, self.transport.abort)

    def data_received(self, data: bytes) -> None:
        """Read on, for as long as anything is to be done with it.

        A handshake that the library refuses makes no event, and is answered here.
        """
        for start in range(0, len(data), _PIECE_BYTES):
            if self.close_sent:
                self._parsed_after_close += _PIECE_BYTES
                if self._parsed_after_close > _PIECE_BYTES:
                    return
            super().data_received(data[start : start + _PIECE_BYTES])
        if not self.handshake_initiated and self.conn.handshake_exc is not None:
            self.transport.write(
                b"".join(self.conn.data_to_send()) or refusal_bytes(_no_handshake(), self.default_headers)
            )
            self.transport.close()

    def handle_events(self) -> None:
        """Take the frames that were parsed, and end the socket at the first that is too many."""
        now = self.loop.time()
        for taken, event in enumerate(self.conn.events):
            is_fragment = isinstance(event, Frame) and event.opcode is Opcode.CONT
            if not self._rate.allow(now, _WORTH_OF_A_FRAGMENT if is_fragment else 1.0):
                del self.conn.events[taken:]
                super().handle_events()
                self.end(1008, "too many frames")
                return
        super().handle_events()

    def handle_close(self, event: Frame) -> None:
        """See a close frame through; its sender may not read the answer."""
        answers_ours = self.close_sent
        super().handle_close(event)
        if not answers_ours and not self.disconnected:
            self._abort_soon()

    def handle_cont(self, event: Frame) -> None:
        """Bound the pieces of a message; the library bounds its bytes."""
        if len(self.frames) >= _MAX_FRAGMENTS:
            self.end(1009, "too many fragments")
        else:
            super().handle_cont(event)

    def handle_connect(self, event: Request) -> None:
        """Put this protocol where the socket's handler finds it."""
        super().handle_connect(event)
        if self.response.status_code == 101:
            cast("dict[str, Any]", self.scope["extensions"])[LINK] = self

    def eof_received(self) -> None:
        """Drop a peer that left without a close frame; a close would wait for it to read."""
        self.transport.abort()

    async def send(self, message: ASGISendEvent) -> None:
        """Take note that a handshake which was refused is over; uvicorn would log it as a bug."""
        await super().send(message)
        if message["type"] == "websocket.http.response.body" and self.close_sent:
            self.handshake_complete = True

    def handle_ping(self) -> None:
        """Answer a ping, unless the client does not read: its answers would pile up here."""
        pong = b"".join(self.conn.data_to_send())
        if self.has_room:
            self.transport.write(pong)

    def keepalive_timeout(self) -> None:
        """Drop a peer that answers no ping; a close would wait for it to read."""
        super().keepalive_timeout()
        self.transport.abort()

    def handle_parser_exception(self) -> None:
        """Say why a broken or an oversized frame ends the socket.

        uvicorn closes the transport at once, with the rest of the frame unread: the kernel answers
        that with a reset, which can overtake the close frame. So the rest is read and dropped first.
        """
        if not self.close_sent:
            close = self.conn.close_sent
            code, reason = (close.code, close.reason) if close is not None else (1002, "")
            self._see_out(code, reason)


def _text_head(size: int) -> bytes:
    """The head of an unmasked text frame that is whole."""
    if size < 126:
        return b"\x81%c" % size
    if size < 2**16:
        return b"\x81\x7e" + size.to_bytes(2)
    return b"\x81\x7f" + size.to_bytes(8)
