"""The bodies and the parameters of requests."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from litestar import Request
from litestar.exceptions import InternalServerException

from deltawire.edge.error_handler import BrokeOff
from deltawire.edge.headers import listed
from deltawire.identity.caller import caller_of
from deltawire.identity.shares import Holding
from deltawire.protocol.errors import Failure
from deltawire.routes.services import Services

AnyRequest = Request[Any, Any, Any]


@asynccontextmanager
async def json_body(request: AnyRequest, services: Services) -> AsyncIterator[bytes]:
    """Yield the bytes of a JSON body, which count for their caller's share of what arrives within the block.

    Raise `Failure` (`unsupported`, `rate_limited`, `overloaded`), and `BrokeOff` for a client that has left.
    """
    if request.content_type[0] != "application/json":
        raise Failure("unsupported", "Send the request as application/json.", field="Content-Type", status=415)
    if any(coding.lower() != "identity" for coding in listed(request.scope, b"content-encoding")):
        raise Failure("unsupported", "Send the body as it is, not compressed.", field="Content-Encoding", status=415)
    caller = caller_of(request.scope).name
    holding = Holding(services.arriving, caller)
    body = bytearray()
    try:
        try:
            async for piece in request.stream():
                holding.add(len(piece))
                body += piece
        except InternalServerException:  # Litestar raises this for a client that left before its last byte
            raise BrokeOff from None
        await services.let_others_go_first(caller, len(body))
        yield bytes(body)
    finally:
        holding.become(0)


def parameters_of(request: AnyRequest) -> dict[str, str]:
    """Return the parameters of a URL. Raise `Failure` for one that occurs twice."""
    found: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        if name in found:
            raise Failure("invalid_frame", f"{name} stands twice in the URL.", field=name)
        found[name] = value
    return found


def owner_of(request: AnyRequest) -> str:
    """Return the owner of what a request is about: the caller's name, which is empty without authentication."""
    return caller_of(request.scope).name
