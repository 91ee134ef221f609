"""HEAD wherever GET is (RFC 9110, 9.3.2): the routes see a GET, and the connection sends no body."""

from typing import Any, Final, cast

from litestar.types import Message, Receive, Scope, Send

_IS_HEAD: Final = "deltawire.head"


def as_get(scope: Scope, receive: Receive, send: Send) -> tuple[Scope, Receive, Send]:
    """Return the scope and the `send` for the application: HEAD becomes GET, and OPTIONS names HEAD."""
    method = scope.get("method")
    if method == "HEAD":
        return cast("Scope", {**scope, "method": "GET", _IS_HEAD: True}), receive, send
    return scope, receive, _naming_head(send) if method == "OPTIONS" else send


def is_head(scope: Scope) -> bool:
    """Return whether the client sent HEAD: it waits for no body."""
    return _IS_HEAD in scope


def with_head(allow: str) -> str:
    """Return the methods of an `Allow` header, with HEAD where GET is."""
    methods = {method.strip() for method in allow.split(",")}
    return ", ".join(sorted(methods | {"HEAD"} if "GET" in methods else methods))


def _naming_head(send: Send) -> Send:
    async def name(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers: Any = message["headers"]
            message["headers"] = [
                (key, with_head(value.decode("latin-1")).encode("latin-1") if key.lower() == b"allow" else value)
                for key, value in headers
            ]
        await send(message)

    return name
