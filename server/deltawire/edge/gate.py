"""The gate: it checks the Host, the Origin and the token of a request before any route sees it.

Without these checks, any page that the operator opens could use a server on loopback with a real key. Browsers make no
CORS check for sockets, so the Origin of a handshake, and of every request that changes something, must be the server's
own or a listed one. A request without an Origin comes from a script, which is allowed. The Host must be a known name:
otherwise DNS rebinding would give an attacker's page the server's own origin.

Where callers must authenticate, every path but the public ones requires a token.
"""

import re
from collections.abc import Collection
from typing import Any, Final, cast

import msgspec
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

from deltawire.aio.fair_queue import FairQueue
from deltawire.edge.bearer import token_of
from deltawire.edge.connection_limits import ConnectionLimits
from deltawire.edge.cors import OriginPolicy, answer_preflight, is_preflight
from deltawire.edge.forwarded import Client, TrustedProxies
from deltawire.edge.head_requests import as_get
from deltawire.edge.headers import single_header
from deltawire.identity.authenticator import Authenticator
from deltawire.identity.caller import ANONYMOUS, CALLER, Caller
from deltawire.protocol.errors import Failure
from deltawire.protocol.problem_details import problem_of, raw_headers, response_of
from deltawire.telemetry.refusals import Refusals
from deltawire.telemetry.request_ids import LogContext, ids_of, set_log_context

_READING: Final = {"GET", "HEAD", "OPTIONS"}


class AccessPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """The rules of the gate."""

    allowed_hosts: Collection[str]
    """Names without ports; `*` allows any."""
    origins: OriginPolicy
    proxies: TrustedProxies
    authenticator: Authenticator
    any_host_paths: Collection[str]
    """Exact paths served whatever the Host header: health checks address a server by its IP."""
    public_paths: Collection[str]
    """Exact paths that may be read without authentication; all others need a caller."""
    public_patterns: Collection[re.Pattern[str]]
    """Patterns of further public paths; each must match a whole path."""


class Gate:
    """ASGI middleware that refuses requests with 401 or 403, and too many sockets with 429 or 503."""

    def __init__(
        self,
        sockets: ASGIApp,
        http: ASGIApp,
        policy: AccessPolicy,
        connection_limits: ConnectionLimits,
        refusals: Refusals,
        fair: FairQueue,
    ) -> None:
        """Wrap the applications for sockets and for requests. When a caller sends many, they begin through `fair`."""
        self._sockets = sockets
        self._http = http
        self._policy = policy
        self._hosts = frozenset(_name(host.lower()) for host in policy.allowed_hosts)
        self._limits = connection_limits
        self._refusals = refusals
        self._fair = fair

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request or a handshake on to the application, or refuse it."""
        is_socket = scope["type"] == ScopeType.WEBSOCKET
        context = LogContext(request=ids_of(scope).current, path=scope["path"])
        set_log_context(context)
        if not is_socket:
            send = self._policy.origins.sharing(scope, send)
        try:
            if single_header(scope, b"host") is None and scope["http_version"] != "1.0":
                raise Failure("invalid_frame", "There is no Host header.", field="Host")
            client = self._policy.proxies.client_of(scope)
            context = msgspec.structs.replace(context, client=client.address)
            set_log_context(context)
            self._check(scope, client, single_header(scope, b"origin"))
            if is_preflight(scope):
                await answer_preflight(send)
                return
            if is_socket:
                self._limits.count_handshake(client.address)
            caller = await self._caller(scope, client)
            cast("dict[str, Any]", scope)[CALLER] = caller
            set_log_context(msgspec.structs.replace(context, caller=caller.name))
            if is_socket:
                self._limits.add_socket(caller.name)
        except Failure as failure:
            await refuse(scope, send, self._refusals, failure)
            return
        if not is_socket:
            await self._http(*as_get(scope, receive, send))
            return
        try:
            await self._sockets(scope, receive, send)
        finally:
            self._limits.remove_socket(caller.name)

    def _check(self, scope: Scope, client: Client, origin: str | None) -> None:
        """Raise `Failure` for an unknown host, or for a page whose origin may not send this request."""
        is_known = "*" in self._hosts or self._hosts.issuperset(map(_name, client.hosts))
        if not is_known and not (_reads(scope) and scope["path"] in self._policy.any_host_paths):
            raise Failure("forbidden", "This server does not answer to that host name; see ALLOWED_HOSTS.")
        preflight = is_preflight(scope)
        # A handshake has no method here, and counts as a change.
        if origin is None or (scope.get("method") in _READING and not preflight):
            return
        origins = self._policy.origins
        if not (origins.share_with(origin) if preflight else origins.allow(origin, client)):
            raise Failure("forbidden", "Pages of this origin may not do this here; see ALLOWED_ORIGINS.")

    async def _caller(self, scope: Scope, client: Client) -> Caller:
        """Return the caller. Of many requests at once, each waits here until the caller's earlier ones have begun.

        Raise `Failure` when a token is required, and is missing or not valid.
        """
        authenticator = self._policy.authenticator
        if not authenticator.is_required:
            return ANONYMOUS
        caller, owner = ANONYMOUS, _owner_without_token(client, scope["path"])
        try:
            if not self._is_public(scope):
                caller = await authenticator.identify(token_of(scope))
                owner = caller.name
        finally:  # a request that is refused waits, too
            await self._fair.wait(owner)
        return caller

    def _is_public(self, scope: Scope) -> bool:
        if not _reads(scope):
            return False
        path = scope["path"]
        return path in self._policy.public_paths or any(
            pattern.fullmatch(path) for pattern in self._policy.public_patterns
        )


async def refuse(scope: Scope, send: Send, refusals: Refusals, failure: Failure) -> None:
    """Answer a request or a handshake with the problem of a failure."""
    kind = "websocket.http.response" if scope["type"] == ScopeType.WEBSOCKET else "http.response"
    problem = problem_of(refusals.frame(failure), failure.status)
    fields, body = response_of(problem, scope["path"])
    headers = raw_headers(fields, body)
    answer = cast("Any", send)
    await answer({"type": f"{kind}.start", "status": failure.status, "headers": headers})
    await answer({"type": f"{kind}.body", "body": body, "more_body": False})


def _owner_without_token(client: Client, path: str) -> str:
    """Return the owner of a request without a token: for each address and first part of the path, such as `livez`."""
    return f"{client.address}/{path[1:].partition('/')[0]}"


def _reads(scope: Scope) -> bool:
    return scope.get("method") in ("GET", "HEAD")


def _name(host: str) -> str:
    """Return the host without port, `[::1]:8000` -> `[::1]`, and without the last dot, `localhost.` -> `localhost`."""
    name, colon, port = host.rpartition(":")
    return (name if colon and port.isdigit() else host).removesuffix(".")
