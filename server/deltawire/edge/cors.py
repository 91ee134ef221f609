"""The origin policy: pages of the server's own origin, and of origins that the operator lists, may use the server.

Browsers enforce it for fetches (CORS, by the headers that are set here), but not for sockets: there the gate does.
"""

from collections.abc import Collection
from typing import Final, cast
from urllib.parse import urlsplit

from litestar.types import Message, Scope, Send

from deltawire.edge.forwarded import Client
from deltawire.edge.headers import varying_by
from deltawire.edge.origin_form import DEFAULT_PORTS, normalised

_OPENAI_HEADERS: Final = ", ".join(
    f"X-Stainless-{name}"
    for name in (
        *("Arch", "Helper-Method", "Lang", "OS", "Package-Version"),
        *("Retry-Count", "Runtime", "Runtime-Version", "Timeout"),
    )
)
"""Headers that OpenAI's client for JavaScript sends along. It sets `User-Agent`, too: Firefox and Safari ask for it."""
_PREFLIGHT: Final = [
    (b"access-control-allow-methods", b"GET, POST, PUT, PATCH, DELETE"),
    (
        b"access-control-allow-headers",
        b"Authorization, Content-Type, Last-Event-ID, Prefer, " + _OPENAI_HEADERS.encode() + b", User-Agent",
    ),
    (b"access-control-max-age", b"600"),
    (b"content-length", b"0"),
]
_SHARED: Final = [
    (
        b"access-control-expose-headers",
        (
            b"Retry-After, X-Should-Retry, WWW-Authenticate, RateLimit, RateLimit-Policy, X-Request-Id, Location, "
            b"Preference-Applied, Max-History-Chars, Max-Grace, Max-File-Bytes, Content-Disposition"
        ),
    ),
]


class OriginPolicy:
    """The rules for the `Origin` that a browser sends with a request."""

    def __init__(self, listed: Collection[str]) -> None:
        """`listed` holds exact origins in the form of `normalised`; `*` stands for any."""
        self._listed = frozenset(listed)

    def allow(self, origin: str, client: Client) -> bool:
        """Return whether pages of this origin may send requests that change something."""
        return self.share_with(origin) or _is_own(origin, client)

    def share_with(self, origin: str | None) -> bool:
        """Return whether pages of this origin may read this server's responses."""
        return origin is not None and ("*" in self._listed or normalised(origin) in self._listed)

    def sharing(self, scope: Scope, send: Send) -> Send:
        """Return a `send` that adds the CORS headers for the page of a listed origin.

        When origins are listed, every response has `Vary: Origin`: a cache must not give the response to a request
        without an Origin to a page that sends one (Fetch, "CORS protocol and HTTP caches").
        """
        if not self._listed:
            return send
        origins = [value for name, value in scope["headers"] if name == b"origin"]
        is_shared = len(origins) == 1 and self.share_with(origins[0].decode("latin-1"))
        headers = [(b"access-control-allow-origin", origins[0]), *_SHARED] if is_shared else []

        async def share(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*varying_by(b"Origin", message["headers"]), *headers]
            await send(message)

        return share


def is_preflight(scope: Scope) -> bool:
    """Return whether this is a preflight request of a browser."""
    return scope.get("method") == "OPTIONS" and any(
        name == b"access-control-request-method" for name, _ in scope["headers"]
    )


async def answer_preflight(send: Send) -> None:
    """Answer a preflight request; `send` is one that `sharing` returned."""
    await send(cast("Message", {"type": "http.response.start", "status": 204, "headers": _PREFLIGHT}))
    await send(cast("Message", {"type": "http.response.body", "body": b"", "more_body": False}))


def _is_own(origin: str, client: Client) -> bool:
    """Return whether an origin is that of the requested host.

    The scheme is compared only when a trusted proxy reported it.
    """
    try:
        parts = urlsplit(origin.lower())
    except ValueError:
        return False
    port = DEFAULT_PORTS.get(parts.scheme)
    if port is None or client.scheme not in (None, parts.scheme):
        return False
    return _without(port, parts.netloc) == _without(port, client.hosts[-1])


def _without(port: str, host: str) -> str:
    """Return a host without this port and without the dot of the root zone."""
    name, colon, rest = host.removesuffix(port).partition(":") if "[" not in host else (host.removesuffix(port), "", "")
    return name.removesuffix(".") + colon + rest
