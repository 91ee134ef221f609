"""The bodies and the parameters of requests."""

from typing import Any

from litestar import Request
from litestar.exceptions import InternalServerException

from deltawire.edge.headers import listed
from deltawire.edge.problem_details import BrokeOff
from deltawire.protocol.errors import Failure


async def json_body(request: Request[Any, Any, Any]) -> bytes:
    """Return the bytes of a JSON body. Raise `Failure` (`unsupported`), and `BrokeOff` for a client that has left."""
    if request.content_type[0] != "application/json":
        raise Failure("unsupported", "Send the request as application/json.", field="Content-Type", status=415)
    if any(coding.lower() != "identity" for coding in listed(request.scope, b"content-encoding")):
        raise Failure("unsupported", "Send the body as it is, not compressed.", field="Content-Encoding", status=415)
    try:
        return await request.body()
    except InternalServerException:  # Litestar raises this for a client that left before its last byte
        raise BrokeOff from None


def parameters_of(request: Request[Any, Any, Any]) -> dict[str, str]:
    """Return the parameters of a URL. Raise `Failure` for one that occurs twice."""
    found: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        if name in found:
            raise Failure("invalid_frame", f"{name} stands twice in the URL.", field=name)
        found[name] = value
    return found
