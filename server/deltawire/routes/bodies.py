"""The bodies and the parameters of requests."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from litestar import Request
from litestar.exceptions import InternalServerException

from deltawire.edge.error_handler import RequestAborted
from deltawire.edge.headers import list_header
from deltawire.identity.caller import caller_of
from deltawire.identity.quota import Holding
from deltawire.protocol.decoding import commas_in, containers_in
from deltawire.protocol.errors import Failure
from deltawire.routes.services import Services

AnyRequest = Request[Any, Any, Any]
MAX_VALUES: Final = 1_000_000
"""The most values of a body with files. They decide how much memory it takes: a list takes 20 times its two bytes."""


@asynccontextmanager
async def json_body(request: AnyRequest, services: Services, *, files: int = 0) -> AsyncIterator[bytes]:
    """Yield the bytes of a JSON body. Within the block they count for the caller's quota of arriving bytes.

    `files` is added to the bound of its bytes; it is 0 where a body holds no files. Raise `Failure` (`unsupported`,
    `message_too_large`, `rate_limited`, `overloaded`), and `RequestAborted` for a client that has left.
    """
    if request.content_type[0] != "application/json":
        raise Failure("unsupported", "Send the request as application/json.", field="Content-Type", status=415)
    check_encoding(request, "body")
    caller = caller_of(request.scope).name
    holding = Holding(services.arriving, caller)
    longest = services.body_bytes + files
    pieces = []
    try:
        try:
            async for piece in request.stream():
                holding.add(len(piece))
                if holding.amount > longest:
                    raise _too_long(longest)
                pieces.append(piece)
        except InternalServerException:  # Litestar raises this for a client that left before its last byte
            raise RequestAborted from None
        await services.wait_to_read(caller, holding.amount)
        if holding.amount > services.body_bytes:
            # In a thread: of 27 MB, this takes 50 ms.
            body = await asyncio.to_thread(_joined_with_files, pieces)
        else:
            body = b"".join(pieces)
        pieces.clear()
        yield body
    finally:
        holding.set_amount(0)


def check_encoding(request: AnyRequest, subject: str) -> None:
    """Raise `Failure` (`unsupported`) for a body that is compressed; its message names the `subject`."""
    compressions = [name for name in list_header(request.scope, b"content-encoding") if name.lower() != "identity"]
    if compressions:
        message = f"Send the {subject} as it is, not compressed."
        raise Failure("unsupported", message, field="Content-Encoding", status=415)


def _joined_with_files(pieces: list[bytes]) -> bytes:
    """Return a body of these pieces. Raise `Failure` where it holds too many values."""
    if containers_in(pieces) + commas_in(pieces) > MAX_VALUES:
        raise Failure("message_too_large", f"A request with files holds at most {MAX_VALUES:,} values.")
    return b"".join(pieces)


def _too_long(longest: int) -> Failure:
    message = f"A request with its files may have at most {longest:,} bytes; see MAX_FRAME_BYTES and MAX_FILE_BYTES."
    return Failure("message_too_large", message)


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
