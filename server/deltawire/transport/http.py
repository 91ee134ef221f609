"""The HTTP protocol: HTTP/1.1 and the upgrade to a WebSocket, with a timeout for each thing that a client may delay.

A request may take the handshake timeout to come, a response the send timeout without progress, and the next
request the keep-alive timeout. A request that no route could answer is refused here, with an error of the table.
"""

import asyncio
from typing import Any, Final, cast

import httptools
from uvicorn.config import Config
from uvicorn.server import ServerState

from deltawire.protocol.errors import Failure
from deltawire.telemetry.request_ids import HEADER, IDS
from deltawire.transport.deadlines import Deadline, HttpTimeouts
from deltawire.transport.facts import ServerFacts, SocketFacts, connection_facts
from deltawire.transport.http_exchange import HttpExchange
from deltawire.transport.link import CLOSE_GRACE_SECONDS, LINK, MAX_HEADER_BYTES
from deltawire.transport.refusals import Headers, failure_of, refusal_bytes
from deltawire.transport.request_head import RequestHead, parser_for, too_large_head
from deltawire.transport.room import WaitingConnections
from deltawire.transport.send_clock import SendClock
from deltawire.transport.websocket import WebSocketProtocol

_MAX_UNFINISHED_BYTES: Final = 2 * MAX_HEADER_BYTES
"""A header, or a trailer, is counted when it is complete; this bounds one that never is."""


class HttpProtocol(asyncio.Protocol):
    """One connection, which serves one request at a time."""

    transport: asyncio.Transport

    def __init__(
        self,
        *,
        timeouts: HttpTimeouts,
        waiting: WaitingConnections,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        """Store uvicorn's arguments, the client's time-outs, and the connections of the server that wait."""
        self.has_room = True
        """True while a send returns without waiting for the client to read."""
        self._server_facts = ServerFacts(timeouts, config, server_state, app_state, waiting)
        self._parser: httptools.HttpRequestParser | None = parser_for(self)
        self._head = RequestHead()
        self.exchange: HttpExchange | None = None
        """The request that is being answered."""
        self._writes_chunks = True
        self._writable = asyncio.Event()
        self._unfinished_bytes = 0
        self.deadline: Final = Deadline()

    # Called by a handler, which has this protocol as the link in its scope.

    @property
    def is_gone(self) -> bool:
        """True once the connection is closed or closing."""
        return self.transport.is_closing()

    async def room(self) -> None:
        """Wait until the client has read enough."""
        await self._writable.wait()

    def write_piece(self, piece: bytes) -> None:
        """Send a piece of a response that has begun and whose length is not known (RFC 9112, 7.1).

        ASGI's `send` would call Litestar's wrappers for each piece. An empty piece is not sent: an empty chunk ends the
        response.
        """
        if piece and not self.transport.is_closing():
            self.transport.write(b"%x\r\n%b\r\n" % (len(piece), piece) if self._writes_chunks else piece)

    def abort(self) -> None:
        """Drop the connection and the bytes that were not sent."""
        self.transport.abort()

    # Called by the running exchange.

    async def ready(self) -> bool:
        """Wait until the client has read enough; return False when it is gone."""
        if not self.has_room:
            self._clock.start()
            await self._writable.wait()
        return not self.transport.is_closing()

    def write(self, data: bytes) -> None:
        """Send these bytes, and count them for the send clock."""
        self._clock.written += len(data)
        self.transport.write(data)

    def begin_response(self, *, chunked: bool) -> Headers:
        """Return the headers that every response has."""
        self._clock.stop()
        self._writes_chunks = chunked
        return self._common_headers()

    def end_response(self, *, keep: bool, was_read: bool) -> None:
        """Wait for the next request, or close; `was_read` is True when the last byte of this one has come."""
        self.exchange = None
        asyncio.get_running_loop().call_soon(self._clock.start)  # by then a client that reads has taken all
        if not keep:
            self._close(linger=not was_read)
        elif was_read:
            self._await_next()
        elif not self.deadline.cuts_a_request:
            self._await_request()

    # Called by the event loop.

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the deadline of the first request."""
        self.transport = transport
        self._clock = SendClock(transport, self._server_facts.timeouts.send)
        self._connection_facts = connection_facts(transport)
        self._server_facts.waiting.make_room(len(self._server_facts.state.connections))
        self._server_facts.state.connections.add(cast("Any", self))
        self._await_request()

    def data_received(self, data: bytes) -> None:
        """Parse the data, within the bounds of a request's time and size."""
        if self._parser is None:  # the last response was sent
            return
        if self.exchange is None and not self.deadline.cuts_a_request:
            self._await_request()
        self._unfinished_bytes += len(data)
        self._feed(self._parser, data)
        if self._unfinished_bytes > _MAX_UNFINISHED_BYTES:
            self._refuse(too_large_head())

    def pause_writing(self) -> None:
        """Note that the client has to read first."""
        self.has_room = False
        self._writable.clear()

    def resume_writing(self) -> None:
        """Note that the client has read."""
        self.has_room = True
        self._writable.set()

    def eof_received(self) -> None:
        """Abort the connection of a client that left in the middle of its response: a close waits for it to read."""
        if self.exchange is not None:
            self.transport.abort()

    def connection_lost(self, _: Exception | None) -> None:
        """Wake waiting senders, and release the last request, which refers to this protocol."""
        self._server_facts.state.connections.discard(cast("Any", self))
        self._server_facts.waiting.discard(self)
        self.deadline.clear()
        self._clock.stop()
        self.resume_writing()
        if self.exchange is not None:
            self.exchange.body.disconnect()
        self.exchange = self._parser = None

    # Called by the server.

    def shutdown(self) -> None:
        """Close once the client has read its response; drop a request that is still coming."""
        if self.deadline.cuts_a_request:
            self.transport.abort()
            return
        if self.exchange is not None:
            self.exchange.keep = False
        else:
            self.transport.close()
        asyncio.get_running_loop().call_later(CLOSE_GRACE_SECONDS, self.transport.abort)

    # Called by the parser.

    def on_message_begin(self) -> None:
        """Refuse a request that comes before the last one is answered: nothing would watch for the client's hang-up."""
        if self.exchange is not None:
            self.transport.abort()
            raise ValueError
        self._head = RequestHead()

    def on_url(self, url: bytes) -> None:
        """Take a piece of the request's target."""
        self._unfinished_bytes = 0
        self._head.add_target(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header, or a trailer."""
        self._unfinished_bytes = 0
        self._head.add_header(name, value)

    def on_headers_complete(self) -> None:
        """Start the exchange, unless the request is an upgrade."""
        parser = self._parser
        if parser is None:
            raise AssertionError("only the parser calls this")
        self._head.finish(parser.get_method().decode(), parser.get_http_version())
        if not parser.should_upgrade():
            self._begin(keep=parser.should_keep_alive())

    def on_body(self, body: bytes) -> None:
        """Pass on a piece of the body, unless the request was answered already."""
        self._unfinished_bytes = 0
        self._head.count_piece(len(body))
        if self.exchange is not None:
            self.exchange.body.feed(body)

    def on_message_complete(self) -> None:
        """Clear the deadline of the request."""
        self._unfinished_bytes = 0
        if self._parser is None or self._parser.should_upgrade():
            return
        if self.exchange is not None:
            self.deadline.clear()
            self.exchange.body.feed_end()
        elif not self.transport.is_closing():
            self._await_next()

    def _feed(self, parser: httptools.HttpRequestParser, data: bytes) -> None:
        try:
            parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._upgrade(data[upgrade.args[0] :])
        except httptools.HttpParserError as error:
            self._refuse(failure_of(error, data))

    def _begin(self, *, keep: bool) -> None:
        head, facts = self._head, self._server_facts
        server, client, ids = self._connection_facts
        ids.next()
        state, extensions = facts.app_state.copy(), {LINK: self, IDS: ids}
        scope = head.scope(scheme="http", state=state, extensions=extensions, server=server, client=client)
        self.exchange = HttpExchange(
            self, scope, keep=keep and head.version == "1.1", expects_continue=head.expects_continue
        )
        task = asyncio.get_running_loop().create_task(self.exchange.run(facts.config.loaded_app))
        task.add_done_callback(facts.state.tasks.discard)
        facts.state.tasks.add(task)

    def _upgrade(self, rest: bytes) -> None:
        """Become a socket; parse a request for another upgrade again without it: the parser has skipped its body."""
        if self._head.wants_socket:
            self._become_socket()
        else:
            self._parser = parser_for(self)
            self._feed(self._parser, self._head.without_upgrade() + rest)

    def _become_socket(self) -> None:
        """Hand the connection over to the WebSocket protocol, which has time-outs of its own."""
        try:
            handshake = self._head.handshake()
        except Failure as failure:
            self._refuse(failure)
            return
        self.deadline.clear()
        self._clock.stop()
        self._parser = None
        self._server_facts.state.connections.discard(cast("Any", self))
        make_socket = cast("Any", self._server_facts.config.ws_protocol_class)
        socket: WebSocketProtocol = make_socket(SocketFacts(self._server_facts, self._connection_facts), self.transport)
        self.transport.set_protocol(socket)
        socket.open(handshake)

    def _refuse(self, failure: Failure) -> None:
        """Send an error response and close; abort when a response has begun, because nothing can be added to it."""
        if self.transport.is_closing():
            return
        exchange, self.exchange = self.exchange, None
        if exchange is None:
            self._connection_facts.ids.next()
        else:
            exchange.body.disconnect()
        if exchange is not None and exchange.has_begun:
            self.transport.abort()
        else:
            self.transport.write(refusal_bytes(failure, self._common_headers()))
            self._close(linger=True)

    def _common_headers(self) -> Headers:
        return [*self._server_facts.state.default_headers, (HEADER, self._connection_facts.ids.current.encode())]

    def _close(self, *, linger: bool) -> None:
        """Close once all is sent. `linger` while the client still sends: a plain close could lose the response."""
        self._parser = None
        if linger:
            self.transport.write_eof()
            self.deadline.set(CLOSE_GRACE_SECONDS, self.transport.abort)
        else:
            self.transport.close()

    def _await_request(self) -> None:
        self._server_facts.waiting.discard(self)
        self.deadline.set(self._server_facts.timeouts.handshake, self.transport.abort, cuts_a_request=True)

    def _await_next(self) -> None:
        self._server_facts.waiting.add(self)
        self.deadline.set(self._server_facts.timeouts.keep_alive, self.transport.close)
