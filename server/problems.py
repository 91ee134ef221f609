"""Errors over HTTP: `application/problem+json` with the fields of the `error` frame."""

from http import HTTPStatus
from typing import Any, Final

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException

from server.errors import Failure
from server.frames import error_frame
from server.logs import where

log = structlog.get_logger(__name__)

MEDIA_TYPE: Final = "application/problem+json"
_CODE_OF_STATUS: Final = {
    400: "invalid_frame",
    403: "forbidden",
    404: "not_found",
    405: "unsupported",
    413: "message_too_large",
    415: "unsupported",
}


def problem(failure: Failure, *, status: int | None = None) -> bytes:
    """The body of an error response: RFC 9457's members, then the `error` frame's."""
    status = status or failure.kind.status
    frame = msgspec.to_builtins(error_frame(failure))
    del frame["type"]  # in a problem this names the kind of problem, and that is `code`
    body = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": failure.message,
        **frame,
    }
    return msgspec.json.encode(body)


def respond(_: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """Litestar's handler for whatever a route raises."""
    headers: dict[str, str] = {}
    if isinstance(error, Failure):
        failure, status = error, error.kind.status
    elif isinstance(error, HTTPException) and error.status_code in _CODE_OF_STATUS:
        failure, status = Failure(_CODE_OF_STATUS[error.status_code]), error.status_code
        headers = {name: value for name, value in (error.headers or {}).items() if name.lower() == "allow"}
    else:
        log.error("bug", error=type(error).__name__, where=where(error))
        failure, status = Failure("internal"), 500
    if failure.retry_after is not None:
        headers["Retry-After"] = str(max(1, round(failure.retry_after)))
    return Response(problem(failure, status=status), status_code=status, media_type=MEDIA_TYPE, headers=headers)
