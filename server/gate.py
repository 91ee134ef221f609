"""Who may knock: the Host and the Origin of a request, checked before any route sees it.

A server on loopback with a real key can be driven by any page that its owner opens. Browsers send no
CORS check for sockets, so the origin of a handshake and of every request that changes something must
be the server's own; no Origin at all means a script, which may. The Host must be a known name, or DNS
rebinding makes the attacker's page the same origin.
"""

from collections.abc import Collection
from typing import Any, Final, cast
from urllib.parse import urlsplit

import msgspec
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from server.errors import Failure
from server.frames import error_frame
from server.problems import headers_of, problem_of, raw_headers
from server.socket_limits import SocketLimits

_READING: Final = {"GET", "HEAD", "OPTIONS"}
_PORT_OF_SCHEME: Final = {"http": ":80", "https": ":443"}


class Gate:
    """ASGI middleware: refuses with 403 `forbidden`, and a socket with 429 or 503 when there are too many."""

    def __init__(self, app: ASGIApp, allowed_hosts: Collection[str], socket_limits: SocketLimits) -> None:
        """`allowed_hosts` are names without ports; `*` allows any."""
        self._app = app
        self._allowed_hosts = frozenset(host.lower() for host in allowed_hosts)
        self._limits = socket_limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request or a handshake through, or refuse it."""
        is_socket = scope["type"] == ScopeType.WEBSOCKET
        try:
            self._check(scope)
            if is_socket:
                self._limits.enter(scope["client"][0] if scope["client"] else "")
        except Failure as failure:
            await _refuse(scope, send, failure)
            return
        if not is_socket:
            await self._app(scope, receive, send)
            return
        try:
            await self._app(scope, receive, _refusing_in_http(scope, send))
        finally:
            self._limits.leave()

    def _check(self, scope: Scope) -> None:
        headers = dict(scope["headers"])
        host = headers.get(b"host", b"").decode("latin-1").lower()
        if "*" not in self._allowed_hosts and _name(host) not in self._allowed_hosts:
            raise Failure("forbidden", "This server does not answer to that host name; see ALLOWED_HOSTS.")
        changes = scope.get("method") not in _READING  # a handshake has no method here, and changes things
        origin = headers.get(b"origin")
        if changes and origin is not None and not _same(origin.decode("latin-1").lower(), host):
            raise Failure("forbidden", "Only pages of this server's own origin may do this.")


def _name(host: str) -> str:
    """The host without its port: `[::1]:8000` -> `[::1]`."""
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdigit() else host


def _same(origin: str, host: str) -> bool:
    """Whether an origin is that of this host. The scheme is left out: a proxy may have ended TLS."""
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    default_port = _PORT_OF_SCHEME.get(parts.scheme)
    if default_port is None:
        return False
    return parts.netloc.removesuffix(default_port) == host.removesuffix(default_port)


def _refusing_in_http(scope: Scope, send: Send) -> Send:
    """Litestar closes the socket of a handshake that found no route; uvicorn makes that a bare 403."""
    accepted = False

    async def answer(message: Message) -> None:
        nonlocal accepted
        accepted = accepted or message["type"] == "websocket.accept"
        if message["type"] == "websocket.close" and not accepted:
            await _refuse(scope, send, Failure("not_found"))
        else:
            await send(message)

    return answer


async def _refuse(scope: Scope, send: Send, failure: Failure) -> None:
    kind = "websocket.http.response" if scope["type"] == ScopeType.WEBSOCKET else "http.response"
    problem = problem_of(error_frame(failure), failure.status)
    body = msgspec.json.encode(problem)
    headers = raw_headers(headers_of(problem), body)
    answer = cast("Any", send)
    await answer({"type": f"{kind}.start", "status": failure.status, "headers": headers})
    await answer({"type": f"{kind}.body", "body": body, "more_body": False})
