"""One socket, as an ASGI application reads and writes it."""

import asyncio
from http import HTTPStatus
from typing import Any, Protocol

import structlog
from websockets.datastructures import Headers
from websockets.http11 import Response

from deltawire.aio.queue import SlimQueue
from deltawire.protocol.errors import Failure
from deltawire.telemetry.logs import where
from deltawire.transport.incoming import Incoming

log = structlog.get_logger(__name__)


class ClientLeft(OSError):
    """Raised for a message to a client who is gone, as ASGI asks for."""


class SocketConnection(Protocol):
    """The connection under a socket."""

    transport: asyncio.Transport
    incoming: Incoming
    """The bytes that its client sends; there are none once the connection is lost."""

    @property
    def is_gone(self) -> bool:
        """True once the connection is lost."""
        ...

    @property
    def is_decided(self) -> bool:
        """True once the handshake is accepted or refused."""
        ...

    async def room(self) -> None:
        """Wait until the client has read enough."""
        ...

    def accept(self, response: Response) -> None:
        """Accept the handshake with this response."""
        ...

    def refuse(self, response: Response) -> None:
        """Refuse the handshake with this response, unless it is decided already."""
        ...

    def refuse_for(self, failure: Failure) -> None:
        """Refuse the handshake with an error, unless it is decided already."""
        ...

    def write_message(self, payload: bytes, *, is_text: bool) -> bool:
        """Send a message; return False when the socket is closed or closing."""
        ...

    def end(self, code: int, reason: str) -> None:
        """Close the socket."""
        ...

    def finish(self) -> None:
        """Close the connection of a socket whose application has returned."""
        ...


class SocketExchange:
    """The messages of one socket: `receive` reads the client's, `send` writes the server's."""

    __slots__ = ("_accepting", "_connection", "_queue", "_refusing", "is_paused", "scope")

    def __init__(self, connection: SocketConnection, scope: dict[str, Any], accepting: Response) -> None:
        """Start with a handshake that waits for the application; `accepting` is the response that accepts it."""
        self.scope = scope
        self._accepting = accepting
        self._connection = connection
        self.is_paused = False
        """True while the client's next message waits until the application has taken the last."""
        self._queue: SlimQueue[dict[str, Any]] = SlimQueue()
        self._queue.put_nowait({"type": "websocket.connect"})
        self._refusing: Response | None = None
        """The response with which the application refuses the handshake, as far as it has come."""

    async def run(self, app: Any) -> None:
        """Call the application; refuse a handshake that it has left open. Then leave no reference cycle."""
        try:
            await app(self.scope, self.receive, self.send)
        except ClientLeft:
            pass
        except asyncio.CancelledError:  # the server cancels what is left when it stops
            self._connection.transport.abort()
            raise
        except Exception as error:  # noqa: BLE001 - the client gets a response to any error
            log.error("bug", error=type(error).__name__, where=where(error))  # noqa: TRY400 - a trace may hold secrets
        finally:
            if not self._connection.is_decided:  # the response of a refusal costs more than the socket's whole close
                self._connection.refuse_for(Failure("internal"))
            self._connection.finish()
            self.scope.clear()

    def put(self, message: str | bytes) -> None:
        """Take a message that the client sent; read on when the application has taken it."""
        kind = "text" if isinstance(message, str) else "bytes"
        self._queue.put_nowait({"type": "websocket.receive", kind: message})
        if not self.is_paused:
            self.is_paused = True
            self._connection.transport.pause_reading()

    def disconnect(self, code: int, reason: str = "") -> None:
        """Tell the application that the socket is closed, after what was received before."""
        self._queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})

    def read_on(self) -> None:
        """Read what the client sends."""
        if self.is_paused:
            self.is_paused = False
            if not self._connection.is_gone:
                self._connection.incoming.resume()

    async def receive(self) -> dict[str, Any]:
        """Return the next message; wait when there is none."""
        message = await self._queue.get()
        if self._queue.empty():
            self.read_on()
        return message

    async def send(self, message: Any) -> None:
        """Accept or refuse the handshake, send a message, or close. Raise `ClientLeft`."""
        await self._connection.room()
        if self._connection.is_gone:
            raise ClientLeft
        if self._connection.is_decided:
            self._send_on(message)
        elif self._refusing is not None:
            self._refuse(self._refusing, message)
        else:
            self._decide(message)

    def _decide(self, message: Any) -> None:
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in message.get("headers") or ()]
        match message["type"]:
            case "websocket.accept":
                self._accepting.headers.update(headers)
                if message.get("subprotocol"):
                    self._accepting.headers["Sec-WebSocket-Protocol"] = message["subprotocol"]
                self._connection.accept(self._accepting)
            case "websocket.close":
                self._connection.refuse_for(Failure("forbidden"))
            case "websocket.http.response.start":
                status = message["status"]
                self._refusing = Response(status, HTTPStatus(status).phrase, Headers(headers), b"")
            case other:
                raise RuntimeError(f"a handshake is accepted or refused before {other}")

    def _refuse(self, response: Response, message: Any) -> None:
        """Add a piece of the body; with the last one, send the response."""
        response.body = (response.body or b"") + message["body"]
        if not message.get("more_body", False):
            response.headers.setdefault("Content-Length", str(len(response.body)))
            self._connection.refuse(response)

    def _send_on(self, message: Any) -> None:
        match message["type"]:
            case "websocket.send":
                text, data = message.get("text"), message.get("bytes")
                payload = data if text is None else text.encode()
                if not self._connection.write_message(payload, is_text=text is not None):
                    raise ClientLeft
            case "websocket.close":
                self._connection.end(message.get("code", 1000), message.get("reason") or "")
            case other:
                raise RuntimeError(f"nothing takes {other} after a handshake")
