"""The responses of requests that fail: Litestar's handler for every exception of a route."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, Final

import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException

from deltawire.edge.head_requests import with_head
from deltawire.protocol.errors import Failure
from deltawire.protocol.problem_details import problem_of, response_of
from deltawire.telemetry.logs import where
from deltawire.telemetry.refusals import Refusals

log = structlog.get_logger(__name__)

_CODE_OF_STATUS: Final = {
    400: "invalid_frame",
    404: "not_found",
    405: "unsupported",
    413: "message_too_large",
}


class Refusal(Exception):
    """A failure of a request, with the turn's id and the headers that its route adds."""

    def __init__(self, failure: Failure, *, turn: str | None, headers: Mapping[str, str]) -> None:
        """`turn` is the id of the turn that is refused, `headers` are sent with it."""
        super().__init__(failure.code)
        self.failure: Final = failure
        self.turn: Final = turn
        self.headers: Final = headers


class RequestAborted(Exception):
    """The client left before the last byte of its request."""


def responder(refusals: Refusals) -> Callable[[Request[Any, Any, Any], Exception], Response[bytes]]:
    """Return Litestar's handler for every exception of a route."""

    def respond(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
        if isinstance(error, RequestAborted):  # nobody receives this, so it is not a refusal
            return Response(b"", status_code=HTTPStatus.BAD_REQUEST)
        refusal = error if isinstance(error, Refusal) else Refusal(_failure(error), turn=None, headers={})
        failure = refusal.failure
        problem = problem_of(refusals.frame(failure, turn=refusal.turn), failure.status)
        headers, body = response_of(problem, request.scope["path"])
        headers |= refusal.headers
        if isinstance(error, HTTPException) and error.headers and "allow" in error.headers:
            headers |= _allowing(error.headers["allow"])
        return Response(body, status_code=failure.status, headers=headers, media_type=headers["content-type"])

    return respond


def _allowing(methods: str) -> dict[str, str]:
    """Return the headers that name the methods of a path; Litestar lists a handshake as a method."""
    if methods == "websocket":
        return {"allow": "GET", "upgrade": "websocket", "connection": "upgrade"}
    return {"allow": with_head(methods)}


def _failure(error: Exception) -> Failure:
    if isinstance(error, Failure):
        return error
    if isinstance(error, HTTPException) and error.status_code in _CODE_OF_STATUS:
        return Failure(_CODE_OF_STATUS[error.status_code])
    log.error("bug", error=type(error).__name__, where=where(error))
    return Failure("internal")
