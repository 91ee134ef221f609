"""The WebSocket protocol: asyncio in, ASGI out, over the library's protocol, which does no I/O.

A socket can be ended at once, whatever its client does: no close waits for a client to read, and parsing is bounded.
"""

import asyncio
import logging
from enum import Enum, auto
from http import HTTPStatus
from typing import Any, Final, cast

from websockets.frames import Frame, Opcode
from websockets.http11 import Request, Response
from websockets.protocol import State

from deltawire.identity.caller import caller_of
from deltawire.protocol.errors import Failure
from deltawire.telemetry.request_ids import HEADER, IDS
from deltawire.transport.facts import SocketFacts
from deltawire.transport.handshakes import Rfc6455Protocol, socket_scope
from deltawire.transport.incoming import Incoming
from deltawire.transport.intake import Intake, SocketRates
from deltawire.transport.keepalive import Keepalive
from deltawire.transport.link import CLOSE_GRACE_SECONDS, LINK
from deltawire.transport.messages import TEXT_HEADS
from deltawire.transport.socket_exchange import SocketExchange
from deltawire.transport.socket_reader import Received, SocketReader

_logger: Final = logging.getLogger("deltawire.websocket")


class SocketPhase(Enum):
    """The phase of a socket."""

    HANDSHAKE = auto()
    """The application has not accepted or refused it yet."""
    OPEN = auto()
    CLOSING = auto()
    """The server has refused the handshake, or sent its close frame."""
    GONE = auto()
    """The connection is lost."""


_OPEN: Final = SocketPhase.OPEN
"""Looked up once: for each message, the look-up would cost as much as a call."""


class WebSocketProtocol(asyncio.Protocol):
    """One connection that has become a socket."""

    __slots__ = (
        "_abort_timer", "_conn", "_exchange", "_facts", "_keepalive", "_phase", "_writable",
        "ended_with", "has_room", "incoming", "transport",
    )  # fmt: skip

    def __init__(self, facts: SocketFacts, transport: asyncio.Transport, *, rates: SocketRates) -> None:
        """Take over a connection; `rates` bounds what its client may send."""
        max_size = facts.server.config.ws_max_size
        self.transport: asyncio.Transport = transport
        self.has_room = True
        """True while a send returns without waiting for the client to read."""
        self.ended_with: int | None = None
        """The code with which the server closed the socket; None while it has not."""
        self._facts = facts
        self._conn = Rfc6455Protocol(facts.connection.ids, max_size=max_size, logger=_logger)
        self._exchange: SocketExchange | None = None
        self._keepalive: Keepalive | None = None
        self._phase = SocketPhase.HANDSHAKE
        intake = Intake(rates, max_size, asyncio.get_running_loop().time())
        self.incoming = Incoming(self, SocketReader(self._conn, intake), rates.fair)
        self._abort_timer: asyncio.TimerHandle | None = None
        self._writable: asyncio.Event | None = None

    # Called by a handler, which has this protocol as the link in its scope.

    @property
    def left_with(self) -> int | None:
        """The code of the client's close frame, 1005 for one without a code; None where no such frame came."""
        return None if self._conn.close_rcvd is None else self._conn.close_rcvd.code

    async def room(self) -> None:
        """Wait until the client has read enough."""
        if self._writable is not None:
            await self._writable.wait()

    def write_text(self, payload: bytes) -> bool:
        """Send one text message of UTF-8 now; return False when the socket is closed or closing.

        The frame is built here: without extensions it is a head and the payload (RFC 6455, 5.2).
        """
        if self._phase is not _OPEN or self.transport.is_closing():
            return False
        self.transport.write(TEXT_HEADS[len(payload)] + payload)
        return True

    def end(self, code: int, reason: str) -> None:
        """Send a close frame and report the disconnect to the handler; abort the transport soon after."""
        if self._phase in (SocketPhase.CLOSING, SocketPhase.GONE):
            return
        if self._conn.state is State.OPEN:  # else the library has written a close frame, for a frame that it refuses
            self._conn.send_close(code, reason)
        self._phase = SocketPhase.CLOSING
        self.incoming.reader.is_closing = True
        self.ended_with = code
        self._flush()
        if self._exchange is not None:
            self._exchange.disconnect(code, reason)
            self._exchange.read_on()  # with unread bytes, the kernel would send a reset instead of a close
        self._abort_soon()

    # Called by the HTTP protocol, which has read the handshake.

    def open(self, handshake: Request) -> None:
        """Answer a handshake, and start the socket's handler, which finds this protocol in its scope."""
        server, connection = self._facts
        server.state.connections.add(cast("Any", self))
        response = self._conn.accept(handshake)
        if response.status_code != HTTPStatus.SWITCHING_PROTOCOLS:
            self.refuse(response)
            return
        extensions = {"websocket.http.response": {}, LINK: self, IDS: connection.ids}
        ends = {"server": connection.server, "client": connection.client}
        scope = socket_scope(handshake, state=server.app_state.copy(), extensions=extensions, **ends)
        self._exchange = SocketExchange(self, scope, response)
        task = asyncio.get_running_loop().create_task(self._exchange.run(server.config.loaded_app))
        task.add_done_callback(server.state.tasks.discard)
        server.state.tasks.add(task)

    # Called by the exchange.

    @property
    def is_decided(self) -> bool:
        """True once the handshake is accepted or refused."""
        return self._phase is not SocketPhase.HANDSHAKE

    @property
    def is_gone(self) -> bool:
        """True once the connection is lost."""
        return self._phase is SocketPhase.GONE

    def accept(self, response: Response) -> None:
        """Send the response that accepts the handshake, and start to ping."""
        if self.transport.is_closing():
            return
        self._send_response(response)
        self._phase = SocketPhase.OPEN
        if self._exchange is not None:
            self.incoming.caller = caller_of(self._exchange.scope).name
        config = self._facts.server.config
        self._keepalive = Keepalive(self, config.ws_ping_interval or 0.0, config.ws_ping_timeout or 0.0)

    def refuse(self, response: Response) -> None:
        """Send a response that refuses the handshake, and close."""
        if self._phase is SocketPhase.HANDSHAKE:
            self._phase = SocketPhase.CLOSING
            response.headers.setdefault("Connection", "close")
            self._send_response(response)
            self.transport.close()
            if self._exchange is not None:
                self._exchange.disconnect(1006)

    def refuse_for(self, failure: Failure) -> None:
        """Refuse the handshake with an error, unless it is decided already."""
        self.refuse(self._conn.refused(failure))

    def write_message(self, payload: bytes, *, is_text: bool) -> bool:
        """Send a message; return False when the socket is closed or closing."""
        if is_text:
            return self.write_text(payload)
        if self._phase is not SocketPhase.OPEN or self._conn.state is not State.OPEN:
            return False
        self._conn.send_binary(payload)
        self._flush()
        return True

    def finish(self) -> None:
        """Close the connection of a socket whose application has returned, unless it is being closed."""
        if self._abort_timer is None:
            self.transport.close()

    # Called by the event loop.

    def data_received(self, data: bytes) -> None:
        """Read the data, in steps of the event loop when it is much."""
        self.incoming.add(data)

    def pause_writing(self) -> None:
        """Note that the client has to read first."""
        self.has_room = False
        self._writable = asyncio.Event()

    def resume_writing(self) -> None:
        """Note that the client has read."""
        self.has_room = True
        if self._writable is not None:
            self._writable.set()
            self._writable = None

    def eof_received(self) -> None:
        """Abort the connection of a peer that left without a close frame: a close would wait for it to read."""
        self.transport.abort()

    def connection_lost(self, _: Exception | None) -> None:
        """Tell the handler, wake senders that wait for room, and drop what the client has sent."""
        was_open = self._phase is not SocketPhase.HANDSHAKE
        self._phase = SocketPhase.GONE
        self._facts.server.state.connections.discard(cast("Any", self))
        self._stop_pings()
        if self._abort_timer is not None:
            self._abort_timer.cancel()
        self.resume_writing()
        self.incoming.close()
        del self.incoming  # break a reference cycle: it refers to this socket
        if self._exchange is not None:
            self._exchange.disconnect(1005 if was_open else 1006)
            self._exchange = None

    # Called by `incoming`, which reads the client's bytes.

    @property
    def is_full(self) -> bool:
        """True while the handler has not taken the last message."""
        return self._exchange is not None and self._exchange.is_paused

    def take(self, received: Received) -> None:
        """Take a message or a control frame, or end the socket of a client that sends too much."""
        if isinstance(received, str | bytes):
            if self._exchange is not None and self._phase is SocketPhase.OPEN:
                self._exchange.put(received)
        elif isinstance(received, Frame):
            self._take_control(received)
        else:
            self.end(*received)

    # Called by the server.

    def shutdown(self) -> None:
        """End the socket because the server stops, without waiting for its client to read."""
        if self._phase is SocketPhase.HANDSHAKE:
            self.refuse_for(Failure("draining"))
        else:
            self.end(1012, "the server stops")

    # Called by the keepalive.

    def ping(self, payload: bytes) -> None:
        """Send a ping."""
        if self._conn.state is State.OPEN and not self.transport.is_closing():
            self._conn.send_ping(payload)
            self._flush()

    def lose(self) -> None:
        """Abort the connection of a peer that answers no ping: a close would wait for it to read."""
        self._conn.fail(1011, "keepalive ping timeout")
        self._flush()
        self.transport.abort()

    def _take_control(self, frame: Frame) -> None:
        if frame.opcode is Opcode.CLOSE:
            self._take_close()
        elif frame.opcode is Opcode.PONG:
            if self._keepalive is not None:
                self._keepalive.take_pong(bytes(frame.data))
        else:
            pongs = b"".join(self._conn.data_to_send())
            if self.has_room:  # else the pongs of a client that does not read would fill the memory
                self.transport.write(pongs)

    def _take_close(self) -> None:
        """Answer a close frame, and abort soon after: its sender may not read the answer."""
        close = self._conn.close_rcvd
        if self._phase is SocketPhase.CLOSING:  # it answers ours
            self.transport.close()
        elif close is not None and not self.transport.is_closing():
            if self._exchange is not None:
                self._exchange.disconnect(close.code, close.reason)
            self._flush()
            self.transport.close()
            self._abort_soon()

    def _abort_soon(self) -> None:
        self._stop_pings()
        if self._abort_timer is None:
            self._abort_timer = asyncio.get_running_loop().call_later(CLOSE_GRACE_SECONDS, self.transport.abort)

    def _stop_pings(self) -> None:
        if self._keepalive is not None:
            self._keepalive.stop()
            self._keepalive = None  # break a reference cycle: it refers to this socket

    def _send_response(self, response: Response) -> None:
        common = [*self._facts.server.state.default_headers, (HEADER, self._facts.connection.ids.current.encode())]
        for name, value in common:
            response.headers.setdefault(name.decode(), value.decode())
        self._conn.send_response(response)
        self._flush()

    def _flush(self) -> None:
        self.transport.write(b"".join(self._conn.data_to_send()))
