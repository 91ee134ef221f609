"""uvicorn, set up for sockets: what it does not bound or end by itself.

Its `send` waits for as long as a client does not read, and so does its close: a socket that must end
is closed by `end`, which aborts the transport when the close frame finds no reader. A handshake may
take forever and its headers may be of any size: both are bounded here, for HTTP as well.
"""

import asyncio
import socket
from math import ceil
from types import FrameType
from typing import Any, Final, cast

import msgspec
import structlog
import uvicorn
from uvicorn._types import ASGISendEvent
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState
from websockets.frames import Frame
from websockets.http11 import Request
from websockets.protocol import State

log = structlog.get_logger(__name__)

LINK: Final = "deltawire.link"
"""The ASGI extension under which a handler finds its connection: a `WebSocketProtocol` or an `HttpProtocol`."""

_CLOSE_GRACE_SECONDS: Final = 1.0
_MAX_HEADER_BYTES: Final = 2**15
_MAX_FRAGMENTS: Final = 1_000
_HEADERS_TOO_LARGE: Final = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
)


class WebSocketProtocol(WebSocketsSansIOProtocol):
    """A socket that can be ended at once, whatever its client does."""

    @property
    def has_room(self) -> bool:
        """Whether a send would return without waiting for the client to read."""
        return self.writable.is_set()

    async def room(self) -> None:
        """Wait until the client has read enough."""
        await self.writable.wait()

    def write_text(self, payload: bytes) -> bool:
        """Send one text message of UTF-8 now; False when the socket is closed or closing.

        The way through ASGI's `send` decodes and encodes the payload once more for each message.
        """
        if self.close_sent or self.transport.is_closing() or self.conn.state is not State.OPEN:
            return False
        self.conn.send_text(payload)
        self.transport.write(b"".join(self.conn.data_to_send()))
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
            self.close_timer = self.loop.call_later(_CLOSE_GRACE_SECONDS, self.transport.abort)

    def data_received(self, data: bytes) -> None:
        """Read on; answer a handshake that the library refuses without an event."""
        super().data_received(data)
        if not self.handshake_initiated and self.conn.handshake_exc is not None:
            self.transport.write(b"".join(self.conn.data_to_send()))
            self.transport.close()

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


class HttpProtocol(HttpToolsProtocol):
    """HTTP/1.1, and the way to a socket, with a bound on how long and how large a handshake may be."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        """Take what uvicorn gives."""
        super().__init__(config, server_state, app_state, _loop)
        self._in_head = True
        self._header_bytes = 0
        self._unread_bytes = 0
        self._handshake: asyncio.TimerHandle | None = None

    @property
    def has_room(self) -> bool:
        """Whether a send would return without waiting for the client to read."""
        return not self.flow.write_paused

    async def room(self) -> None:
        """Wait until the client has read enough."""
        await self.flow.drain()

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
        super().data_received(data)
        # A header counts when it is whole; this bounds one that never is.
        if self._in_head:
            self._unread_bytes += len(data)
            if self._unread_bytes > 2 * _MAX_HEADER_BYTES and not self.transport.is_closing():
                self._refuse_head()

    def on_message_begin(self) -> None:
        """Refuse a request before the last one is answered: uvicorn would stop watching its client."""
        if self.cycle is not None and not self.cycle.response_complete:
            self.transport.abort()
            raise ValueError
        self._in_head = True
        self._header_bytes = self._unread_bytes = 0
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
        self._in_head = False
        cast("dict[str, Any]", self.scope)["extensions"] = {LINK: self}
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Stop the clock."""
        self._stop_clock()
        super().on_message_complete()

    def handle_websocket_upgrade(self) -> None:
        """Stop the clock: the socket has others."""
        self._stop_clock()
        super().handle_websocket_upgrade()

    def eof_received(self) -> None:
        """Drop a client that left in the middle of its response; a close would wait for it to read."""
        if self.cycle is not None and not self.cycle.response_complete:
            self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clock."""
        self._stop_clock()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """Answer what could not be parsed; uvicorn calls this for what `_count` raises, too."""
        if self.transport.is_closing():
            return
        if self._header_bytes > _MAX_HEADER_BYTES:
            self._refuse_head()
        else:
            super().send_400_response(msg)

    def _refuse_head(self) -> None:
        self.transport.write(_HEADERS_TOO_LARGE)
        self.transport.close()

    def _count(self, size: int) -> None:
        self._header_bytes += size
        if self._header_bytes > _MAX_HEADER_BYTES:
            raise ValueError

    def _start_clock(self) -> None:
        if self._handshake is None:
            timeout = cast("ServerConfig", self.config).handshake_timeout
            self._handshake = self.loop.call_later(timeout, self.transport.abort)

    def _stop_clock(self) -> None:
        if self._handshake is not None:
            self._handshake.cancel()
            self._handshake = None


async def room_within(link: WebSocketProtocol | HttpProtocol, seconds: float) -> None:
    """Wait until the client has read enough; raise TimeoutError when that takes longer than this."""
    async with asyncio.timeout(seconds):
        while not link.has_room:  # another turn may have taken it
            await link.room()


class Listening(msgspec.Struct, frozen=True, kw_only=True):
    """Where and how to listen. Times are seconds."""

    host: str
    port: int
    max_frame_bytes: int
    ping_interval: float
    ping_timeout: float
    handshake_timeout: float
    drain_timeout: float


class ServerConfig(Config):
    """uvicorn's configuration, and what our protocols need beside it."""

    def __init__(self, app: Any, listening: Listening) -> None:
        """Settle on one way to do each thing; logging is ours (`logs.configure`)."""
        super().__init__(
            app,
            host=listening.host,
            port=listening.port,
            loop="auto",
            http=HttpProtocol,
            ws=WebSocketProtocol,
            ws_max_size=listening.max_frame_bytes,
            ws_ping_interval=listening.ping_interval,
            ws_ping_timeout=listening.ping_timeout,
            ws_per_message_deflate=False,
            lifespan="on",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=ceil(listening.drain_timeout),
        )
        self.handshake_timeout = listening.handshake_timeout


class Server(uvicorn.Server):
    """A uvicorn server that says when, and where, it accepts."""

    def __init__(self, config: ServerConfig) -> None:
        """Prepare; nothing listens before `serve`."""
        super().__init__(config)
        self.ready = asyncio.Event()
        self.url = ""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, then set `url` and `ready`."""
        await super().startup(sockets)
        host, port = self.servers[0].sockets[0].getsockname()[:2]
        self.url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        log.info("listening", url=self.url)
        self.ready.set()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop; uvicorn would raise the signal again afterwards and exit with 143."""
        super().handle_exit(sig, frame)
        self._captured_signals.clear()
