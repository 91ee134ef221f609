"""`GET /ws`: the socket. This module only carries messages; `chat.session` interprets them."""

from sys import getsizeof
from typing import Any, Final, cast

import msgspec
from litestar import WebSocket, websocket
from litestar.types import Receive, Scope, Send

from deltawire.chat.peer import PeerGone, PeerSlow
from deltawire.edge.gate import refuse
from deltawire.identity.caller import caller_of
from deltawire.protocol.errors import Failure
from deltawire.routes.services import LARGE_BYTES, Services
from deltawire.telemetry.request_context import request_context
from deltawire.telemetry.request_ids import ids_of, log_context, set_log_context
from deltawire.transport.link import LINK, room_within
from deltawire.transport.websocket import WebSocketProtocol

SUBPROTOCOL: Final = "deltawire.v1"
_PATH: Final = "ws"


class SocketPeer:
    """`chat.peer.Peer` over ASGI: it reads by `receive`, and writes to the `WebSocketProtocol` under it."""

    __slots__ = ("_caller", "_ids", "_link", "_receive", "_services", "context")

    def __init__(self, scope: Scope, receive: Receive, services: Services) -> None:
        """Serve an accepted socket."""
        self.context = request_context("socket", scope["headers"])
        """The request context of the socket's turns."""
        self._caller = caller_of(scope).name
        self._ids = ids_of(scope)
        self._receive = receive
        self._services = services
        self._link: WebSocketProtocol = cast("dict[str, Any]", scope["extensions"])[LINK]

    @property
    def ended_with(self) -> int | None:
        """The code with which the server closed the socket; None while it has not."""
        return self._link.ended_with

    @property
    def left_with(self) -> int | None:
        """The code of the client's close frame, 1005 for one without a code; None where no such frame came."""
        return self._link.left_with

    async def receive(self) -> str | bytes | None:
        """Return the next message; None when the socket is closed, or is ended here for too many large messages.

        From here on, log lines have the id of this message. A large message waits for the caller's earlier ones.
        """
        message = cast("dict[str, Any]", await self._receive())
        if message["type"] != "websocket.receive":
            return None
        set_log_context(msgspec.structs.replace(log_context(), request=self._ids.next()))
        text = message.get("text")
        content = cast("str | bytes", text if text is not None else message["bytes"])
        return content if len(content) <= LARGE_BYTES or await self._may_read(content) else None

    async def _may_read(self, content: str | bytes) -> bool:
        """Wait until the caller's earlier large messages are read.

        When they hold too much memory, end the socket and return False.
        """
        try:
            with self._services.arriving.taken(self._caller, getsizeof(content)):
                await self._services.wait_to_read(self._caller, len(content))
        except Failure:
            self.end(1013, "too many large messages at once")
            return False
        return True

    async def send(self, frame: bytes) -> None:
        """Send a text message. A timer is armed only when the client has to read first."""
        if not self._link.has_room:
            self._services.metrics.send_waits.inc()
            try:
                await room_within(self._link, self._services.send_timeout)
            except TimeoutError:
                raise PeerSlow from None
        if not self._link.write_text(frame):
            raise PeerGone

    def send_now(self, frame: bytes) -> bool:
        """Send without waiting; return False when the client has to read first."""
        return self._link.has_room and self._link.write_text(frame)

    def end(self, code: int, reason: str) -> None:
        """Close the socket with this code, without waiting."""
        self._link.end(code, reason)


class SocketRoute:
    """The ASGI application of all handshakes: it serves those for `/ws`, and refuses those for other paths.

    A handshake does not pass through Litestar: its routing, dependencies and wrappers cost a tenth of a turn's CPU.
    """

    def __init__(self, services: Services) -> None:
        """Serve with these services."""
        self._services = services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Accept a socket and serve it until it closes."""
        if scope["path"].strip("/") != _PATH:
            await refuse(scope, send, self._services.refusals, Failure("not_found"))
            return
        await receive()  # `websocket.connect`
        is_offered = SUBPROTOCOL in cast("dict[str, Any]", scope)["subprotocols"]
        subprotocol = SUBPROTOCOL if is_offered else None
        await send({"type": "websocket.accept", "subprotocol": subprotocol, "headers": []})
        await self._services.sessions.serve(SocketPeer(scope, receive, self._services), caller_of(scope))


@websocket(f"/{_PATH}")
async def socket_path(socket: WebSocket[Any, Any, Any]) -> None:
    """Stand for `SocketRoute` in Litestar, which answers requests for its path that are not handshakes."""
    raise AssertionError(f"the gate has passed a handshake on to Litestar: {socket.url.path}")
