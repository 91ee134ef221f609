"""Errors over HTTP: `application/problem+json` with the fields of the `error` frame; under /v1, OpenAI's shape."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from math import ceil
from typing import Any, Final

import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException
from msgspec import Struct
from msgspec.structs import asdict

from deltawire.edge.head_requests import with_head
from deltawire.protocol.errors import Failure
from deltawire.protocol.frames import ErrorFrame, encode
from deltawire.protocol.openai.errors import error_body, should_retry
from deltawire.protocol.spent import Spent
from deltawire.telemetry.logs import where
from deltawire.telemetry.refusals import Refusals

log = structlog.get_logger(__name__)

MEDIA_TYPE: Final = "application/problem+json"
_OPENAI_PATH: Final = "/v1/"
_CODE_OF_STATUS: Final = {
    400: "invalid_frame",
    404: "not_found",
    405: "unsupported",
    413: "message_too_large",
}


class Problem(Struct, frozen=True, kw_only=True, rename={"kind": "type"}):
    """An error over HTTP: RFC 9457's members, then the fields of the `error` frame, then the text before it."""

    kind: str
    title: str
    status: int
    detail: str
    id: str | None
    ref: str | None
    code: str
    message: str
    field: str | None
    retryable: bool
    retry_after: float | None
    usage: Spent | None
    text: str


def problem_of(frame: ErrorFrame, status: int, text: str = "") -> Problem:
    """Return the problem for an `error` frame; `text` is the part of the answer that came before it."""
    fields = asdict(frame)
    del fields["seq"]
    return Problem(
        kind="about:blank",  # `code` names the kind of problem
        title=HTTPStatus(status).phrase,
        status=status,
        detail=frame.message,
        text=text,
        **fields,
    )


def headers_of(problem: Problem) -> dict[str, str]:
    """Return the headers of a problem."""
    headers = {"content-type": MEDIA_TYPE}
    if problem.code == "unauthenticated":
        headers["www-authenticate"] = "Bearer"
    if problem.status == HTTPStatus.UNSUPPORTED_MEDIA_TYPE:  # RFC 9110, 15.5.16
        headers |= {"accept": "application/json", "accept-encoding": "identity"}
    if problem.retry_after is not None:
        headers["retry-after"] = str(ceil(problem.retry_after))
    return headers


def response_of(problem: Problem, path: str) -> tuple[dict[str, str], bytes]:
    """Return the headers and the body of a problem, in the shape for this path."""
    headers = headers_of(problem)
    if not path.startswith(_OPENAI_PATH):
        return headers, encode(problem)
    has_cost = problem.usage is not None or bool(problem.text)
    again = should_retry(retryable=problem.retryable, retry_after=problem.retry_after, has_cost=has_cost)
    headers |= {"content-type": "application/json", "x-should-retry": "true" if again else "false"}
    return headers, encode(error_body(problem.code, problem.message, problem.field, problem.status, path))


def raw_headers(headers: Mapping[str, str], body: bytes) -> list[tuple[bytes, bytes]]:
    """Return headers in ASGI's form, with the length of the body."""
    whole = {**headers, "content-length": str(len(body))}
    return [(name.encode(), value.encode()) for name, value in whole.items()]


class Refusal(Exception):
    """A failure of a request, with the turn's id and the headers that its route adds."""

    def __init__(self, failure: Failure, *, turn: str | None, headers: Mapping[str, str]) -> None:
        """`turn` is the id of the turn that is refused, `headers` are sent with it."""
        super().__init__(failure.code)
        self.failure: Final = failure
        self.turn: Final = turn
        self.headers: Final = headers


class BrokeOff(Exception):
    """The client left before the last byte of its request."""


def responder(refusals: Refusals) -> Callable[[Request[Any, Any, Any], Exception], Response[bytes]]:
    """Return Litestar's handler for every exception of a route."""

    def respond(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
        if isinstance(error, BrokeOff):  # nobody hears this, so it is no refusal
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
