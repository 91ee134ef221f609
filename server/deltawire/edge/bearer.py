"""The token of a request: in a header (RFC 6750, 2.1), or in a subprotocol, because browsers cannot set a header."""

from typing import Any, Final, cast
from urllib.parse import parse_qsl

from litestar.enums import ScopeType
from litestar.types import Scope

from deltawire.edge.headers import single_header
from deltawire.protocol.errors import Failure

_SUBPROTOCOL: Final = "bearer."
_QUERY_NAMES: Final = frozenset({"token", "access_token", "api_key", "apikey", "bearer", "authorization"})


def token_of(scope: Scope) -> str:
    """Return the token of a request or a handshake; raise `Failure` for none, several, or one in the URL."""
    query = scope["query_string"]
    if query and any(name.lower() in _QUERY_NAMES for name, _ in parse_qsl(query.decode("latin-1"))):
        raise Failure("unauthenticated", "A token must not be in a URL: URLs end up in logs. Replace this token.")
    found: list[str] = []
    scheme, _, credentials = (single_header(scope, b"authorization") or "").partition(" ")
    if scheme.lower() == "bearer" and credentials.strip():
        found.append(credentials.strip())
    if scope["type"] == ScopeType.WEBSOCKET:
        offered: list[str] = cast("Any", scope)["subprotocols"]
        found += [name.removeprefix(_SUBPROTOCOL) for name in offered if name.startswith(_SUBPROTOCOL)]
    if not found:
        raise Failure("unauthenticated")
    if len(found) > 1:
        raise Failure("unauthenticated", "Send one token, not several.")
    return found[0]
