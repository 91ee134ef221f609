"""Errors over HTTP: `application/problem+json` with the fields of the `error` frame; under /v1, OpenAI's shape."""

from collections.abc import Mapping
from http import HTTPStatus
from math import ceil
from typing import Final

from msgspec import Struct
from msgspec.structs import asdict

from deltawire.protocol.frames import ErrorFrame, encode
from deltawire.protocol.openai.errors import error_body, should_retry
from deltawire.protocol.usage_figures import UsageFigures

MEDIA_TYPE: Final = "application/problem+json"
_OPENAI_PATH: Final = "/v1/"


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
    usage: UsageFigures | None
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
    fields = {**headers, "content-length": str(len(body))}
    return [(name.encode(), value.encode()) for name, value in fields.items()]
