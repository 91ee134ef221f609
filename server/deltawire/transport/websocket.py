"""The WebSocket protocol: uvicorn's, with a close that does not wait for the client, and bounds on parsing."""

import asyncio
from http import HTTPStatus
from typing import Any, Final, cast

from uvicorn._types import ASGIReceiveEvent, ASGISendEvent
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.datastructures import Headers
from websockets.frames import Frame, Opcode
from websockets.http11 import Request, Response
from websockets.protocol import State
from websockets.server import ServerProtocol

from deltawire.aio.queue import SlimQueue
from deltawire.aio.running_time import LATE_SECONDS
from deltawire.identity.caller import ANONYMOUS, CALLER, Caller
from deltawire.protocol.errors import Failure
from deltawire.telemetry.request_ids import HEADER, IDS, RequestIds
from deltawire.transport.intake import Intake, SocketRates
from deltawire.transport.link import CLOSE_GRACE_SECONDS, LINK
from deltawire.transport.refusals import refusal
from deltawire.transport.request_head import too_large_head

_MAX_HEADERS: Final = 128
"""Headers of different names in a handshake."""
_MAX_FRAGMENTS: Final = 1_000
_WORTH_OF_A_FRAGMENT: Final = 0.01
"""The cost of a fragment in frames: a message in many fragments is one message, but each fragment costs time."""
_TOO_LARGE: Final = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
_LOOK_AGAIN_SECONDS: Final = 0.5
"""Time to read the pong that came while the process did not run."""
_SHORT_TEXT_HEADS: Final = [b"\x81%c" % size for size in range(126)]
"""The heads of unmasked text frames that are not fragmented, by the size of their payload."""
_PIECE_BYTES: Final = 4096
"""Bytes parsed in one step, and in total after the server's close frame: 680 of the smallest frames, some 5 ms."""
_LONG_PIECE_BYTES: Final = 2**14
"""The same within a long frame: each step costs 40 us, even when it completes nothing."""


class _Handshakes(ServerProtocol):
    """The library's protocol, with a handshake that was parsed before, and refusals of it as problem documents."""

    def __init__(self, ids: RequestIds, **given: Any) -> None:
        """`ids` are those of the connection; the handshake is its next request."""
        super().__init__(state=State.OPEN, **given)  # its parser expects frames
        self.state = State.CONNECTING
        self.ids = ids
        ids.next()

    def accept(self, request: Request) -> Response:
        """Return the response to a handshake."""
        return self.reject(_TOO_LARGE, "") if len(request.headers) > _MAX_HEADERS else super().accept(request)

    def reject(self, status: HTTPStatus | int, text: str) -> Response:  # noqa: ARG002 - it repeats what the client sent
        """Return the response to an invalid handshake."""
        said = "That is not a WebSocket handshake of version 13 (RFC 6455)."
        is_too_large = status == _TOO_LARGE
        failure = too_large_head() if is_too_large else Failure("invalid_frame", said, status=int(status))
        status, headers, body = refusal(failure)
        fields = {name.decode(): value.decode() for name, value in headers}
        fields |= {"connection": "close", "sec-websocket-version": "13", HEADER.decode(): self.ids.current}
        return Response(status, HTTPStatus(status).phrase, Headers(fields), body)


class WebSocketProtocol(WebSocketsSansIOProtocol):
    """A socket that the server can end at once, whatever its client does."""

    def __init__(self, *, rates: SocketRates, ids: RequestIds, **given: Any) -> None:
        """Store uvicorn's arguments, and what a client may send.

        `ids` are those of the connection.
        """
        super().__init__(**given)
        self.conn = _Handshakes(ids, max_size=self.config.ws_max_size, logger=self.logger)
        self.queue = cast("asyncio.Queue[ASGIReceiveEvent]", SlimQueue[ASGIReceiveEvent]())
        self.has_room = True
        """True while a send returns without waiting for the client to read."""
        self.ended_with: int | None = None
        """The code with which the server closed the socket; None while it has not."""
        self._intake = Intake(rates, self.config.ws_max_size, self.loop.time())
        self._parsed_after_close = 0

    @property
    def left_with(self) -> int | None:
        """The code of the client's close frame, 1005 for one without a code; None where no such frame came."""
        return None if self.conn.close_rcvd is None else self.conn.close_rcvd.code

    def pause_writing(self) -> None:
        """Note that the client has to read first."""
        super().pause_writing()
        self.has_room = False

    def resume_writing(self) -> None:
        """Note that the client has read."""
        super().resume_writing()
        self.has_room = True

    def connection_lost(self, exc: Exception | None) -> None:
        """Wake senders that wait for room, and drop what the client has sent.

        The library's parser and its protocol refer to each other: an unfinished message would stay until the garbage
        collector comes.
        """
        super().connection_lost(exc)
        self.has_room = True
        self._intake.release()
        self.conn.parser.close()

    async def run_asgi(self) -> None:
        """Serve the socket; then break its reference cycles, so that nothing is left to the garbage collector."""
        await super().run_asgi()
        cast("dict[str, Any]", self.scope).clear()

    async def room(self) -> None:
        """Wait until the client has read enough."""
        await self.writable.wait()

    def write_text(self, payload: bytes) -> bool:
        """Send one text message of UTF-8 now; return False when the socket is closed or closing.

        ASGI's `send` would decode and encode the payload once more for each message. The frame is built here, too:
        without extensions it is a head and the payload (RFC 6455, 5.2).
        """
        if self.close_sent or self.transport.is_closing():
            return False
        size = len(payload)
        self.transport.write((_SHORT_TEXT_HEADS[size] if size < 126 else _long_text_head(size)) + payload)
        return True

    def end(self, code: int, reason: str) -> None:
        """Send a close frame and report the disconnect to the handler; abort the transport soon after."""
        if self.close_sent or self.disconnected:
            return
        if self.conn.state is State.OPEN:
            self.conn.send_close(code, reason)
        self._see_out(code, reason)

    def _see_out(self, code: int, reason: str) -> None:
        """Write the pending close frame, and read on for its answer until `CLOSE_GRACE_SECONDS` are over."""
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
        """Parse the data, piece by piece; after the server's close frame only one piece more."""
        if not self._intake.bytes.allow(self.loop.time(), len(data)):
            self.end(1008, "too many bytes")
        start, size = 0, len(data)
        while start < size:
            if self.close_sent:
                self._parsed_after_close += _PIECE_BYTES
                if self._parsed_after_close > _PIECE_BYTES:
                    return
            is_in_a_long_frame = len(self.conn.reader.buffer) > _PIECE_BYTES
            end = start + (_LONG_PIECE_BYTES if is_in_a_long_frame else _PIECE_BYTES)
            super().data_received(data[start:end])
            start = end
        if self.conn.reader.buffer or self.frames or self._intake.holding is not None:
            self._count_unfinished()

    def _count_unfinished(self) -> None:
        """Count a message that is still coming for its caller; end the socket when they have too many of them."""
        unfinished = len(self.conn.reader.buffer) + sum(map(len, self.frames))
        if self.handshake_initiated and not self.close_sent:
            try:
                self._intake.hold(self._caller().name, unfinished)
            except Failure:
                self.end(1013, "too many unfinished messages")

    def _caller(self) -> Caller:
        """Return the caller; nobody before the gate has passed the handshake, and after the socket's end."""
        caller: Caller = cast("dict[str, Any]", self.scope).get(CALLER, ANONYMOUS)
        return caller

    def _request_id(self) -> tuple[bytes, bytes]:
        return HEADER, self._ids.current.encode()

    @property
    def _ids(self) -> RequestIds:
        return cast("_Handshakes", self.conn).ids

    def handle_events(self) -> None:
        """Process the parsed frames; end the socket at the first one over the rate."""
        now, events = self.loop.time(), self.conn.events
        is_too_much = False
        for taken, event in enumerate(events):
            is_fragment = isinstance(event, Frame) and event.opcode is Opcode.CONT
            if not self._intake.frames.allow(now, _WORTH_OF_A_FRAGMENT if is_fragment else 1.0):
                is_too_much = True
                del events[taken:]
                break
        super().handle_events()
        for event in events:
            if isinstance(event, Frame):
                event.data = b""  # the library's parser keeps its last frame until the next one has come
        if is_too_much:
            self.end(1008, "too many frames")

    def handle_close(self, event: Frame) -> None:
        """Answer a close frame, and abort soon after: its sender may not read the answer."""
        answers_ours = self.close_sent
        super().handle_close(event)
        if not answers_ours and not self.disconnected:
            self._abort_soon()

    def handle_cont(self, event: Frame) -> None:
        """Bound the fragments of a message; the library bounds its bytes."""
        if len(self.frames) >= _MAX_FRAGMENTS:
            self.end(1009, "too many fragments")
        else:
            super().handle_cont(event)

    def open(self, handshake: Request) -> None:
        """Answer a handshake, and start the socket's handler, which finds this protocol in its scope."""
        self.handle_connect(handshake)
        if self.response.status_code == 101:
            cast("dict[str, Any]", self.scope["extensions"]).update({LINK: self, IDS: self._ids})

    def eof_received(self) -> None:
        """Drop a peer that left without a close frame; a close would wait for it to read."""
        self.transport.abort()

    async def send(self, message: ASGISendEvent) -> None:
        """Send, and mark a refused handshake as complete: uvicorn would log it as an error."""
        if message["type"] in ("websocket.accept", "websocket.http.response.start"):
            cast("dict[str, Any]", message)["headers"] = [*message.get("headers", ()), self._request_id()]
        await super().send(message)
        if message["type"] == "websocket.http.response.body" and self.close_sent:
            self.handshake_complete = True

    def handle_ping(self) -> None:
        """Answer a ping, unless the client does not read: the pongs would fill the memory."""
        pong = b"".join(self.conn.data_to_send())
        if self.has_room:
            self.transport.write(pong)

    def keepalive_timeout(self) -> None:
        """Drop a peer that answers no ping; a close would wait for it to read.

        A timer that fires late shows that this process did not run: the pong may lie in the buffer, so look once more.
        """
        if self.loop.time() - self.ping_sent_at - self.config.ws_ping_timeout > LATE_SECONDS:  # type: ignore[operator]  # it is set
            self.ping_sent_at = self.loop.time() - self.config.ws_ping_timeout  # type: ignore[operator]  # as above
            self.pong_timer = self.loop.call_later(_LOOK_AGAIN_SECONDS, self.keepalive_timeout)
            return
        super().keepalive_timeout()
        self.transport.abort()

    def handle_parser_exception(self) -> None:
        """Send a close frame with the reason why a broken or an oversized frame ends the socket.

        uvicorn closes the transport at once, with the rest of the frame unread. The kernel then sends a reset, which
        can overtake the close frame. So the rest is read and dropped first.
        """
        if not self.close_sent:
            close = self.conn.close_sent
            code, reason = (close.code, close.reason) if close is not None else (1002, "")
            self._see_out(code, reason)


def _long_text_head(size: int) -> bytes:
    """Return the head of an unmasked text frame that is not fragmented and holds 126 bytes or more."""
    if size < 2**16:
        return b"\x81\x7e" + size.to_bytes(2)
    return b"\x81\x7f" + size.to_bytes(8)
