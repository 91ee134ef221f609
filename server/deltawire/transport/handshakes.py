"""The handshake of a socket: its response, and the ASGI scope of the socket."""

import time
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import unquote

from websockets.datastructures import Headers
from websockets.exceptions import InvalidHandshake
from websockets.http11 import Request, Response
from websockets.protocol import State
from websockets.server import ServerProtocol

from deltawire.protocol.errors import Failure
from deltawire.telemetry.request_ids import HEADER, RequestIds
from deltawire.transport.refusals import refusal
from deltawire.transport.request_head import too_large_head

_MAX_HEADERS: Final = 128
"""Headers of different names in a handshake."""
_TOO_LARGE: Final = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE


class Rfc6455Protocol(ServerProtocol):
    """The protocol of one socket, without I/O: the library's own, but for the response to the handshake.

    The handshake was parsed by the HTTP protocol, and a refusal is a problem document.
    """

    def __init__(self, ids: RequestIds, **given: Any) -> None:
        """`ids` are those of the connection; the handshake is its next request."""
        super().__init__(state=State.OPEN, **given)  # its parser expects frames
        self.state = State.CONNECTING
        self.ids = ids
        ids.next()

    def accept(self, request: Request) -> Response:
        """Return the response to a handshake."""
        if len(request.headers) > _MAX_HEADERS:
            return self.reject(_TOO_LARGE, "")
        try:
            key, _, _ = self.process_request(request)
        except InvalidHandshake:
            return super().accept(request)  # it knows the status of each fault
        headers = {"Date": _date(int(time.time())), "Upgrade": "websocket", "Connection": "Upgrade"}
        return Response(101, "Switching Protocols", Headers(headers | {"Sec-WebSocket-Accept": key}))

    def reject(self, status: HTTPStatus | int, text: str) -> Response:  # noqa: ARG002 - it repeats what the client sent
        """Return the response to an invalid handshake."""
        message = "That is not a WebSocket handshake of version 13 (RFC 6455)."
        is_too_large = status == _TOO_LARGE
        return self.refused(too_large_head() if is_too_large else Failure("invalid_frame", message, status=int(status)))

    def refused(self, failure: Failure) -> Response:
        """Return the response to a handshake that comes to this failure."""
        status, headers, body = refusal(failure)
        fields = {name.decode(): value.decode() for name, value in headers}
        fields |= {"connection": "close", "sec-websocket-version": "13", HEADER.decode(): self.ids.current}
        return Response(status, HTTPStatus(status).phrase, Headers(fields), body)


@lru_cache(1)
def _date(seconds: int) -> str:
    """Return a time as HTTP writes it. It is kept for a second: to write it costs as much as a hundredth of a turn."""
    return formatdate(seconds, usegmt=True)


def socket_scope(handshake: Request, **connection: Any) -> dict[str, Any]:
    """Return the ASGI scope of a socket, with the entries of `connection` in it."""
    raw_path, _, query = handshake.path.partition("?")
    offered = ",".join(handshake.headers.get_all("Sec-WebSocket-Protocol"))
    return {
        "type": "websocket",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "scheme": "ws",
        "root_path": "",
        "path": unquote(raw_path),
        "raw_path": raw_path.encode("ascii"),
        "query_string": query.encode("ascii"),
        "headers": [(name.encode("ascii"), value.encode("latin-1")) for name, value in handshake.headers.raw_items()],
        "subprotocols": [name.strip() for name in offered.split(",")] if offered else [],
        **connection,
    }
