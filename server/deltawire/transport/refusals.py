"""Refusals of requests that do not reach a route: problem documents, as bytes."""

import re
from http import HTTPStatus
from typing import Final

import httptools

from deltawire.protocol.errors import Failure
from deltawire.protocol.frames import encode, error_frame
from deltawire.protocol.problem_details import headers_of, problem_of, raw_headers

Headers = list[tuple[bytes, bytes]]
"""Headers in ASGI's form."""

DEFAULT_HEADERS: Final = ((b"x-content-type-options", b"nosniff"), (b"cache-control", b"no-store"))
"""Headers of each response that has none of its own of these names: no type is guessed, and no cache keeps a copy."""
_request_line: Final = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+ [!-~]+ HTTP/1\.[01]\r?\n")


def refusal(failure: Failure) -> tuple[int, Headers, bytes]:
    """Return the status, the headers and the body of the response for a failure."""
    problem = problem_of(error_frame(failure), failure.status)
    body = encode(problem)
    return failure.status, raw_headers(headers_of(problem), body), body


def refusal_bytes(failure: Failure, more: Headers) -> bytes:
    """Return the whole response for a failure, with these headers too; the connection is closed after it."""
    status, headers, body = refusal(failure)
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}".encode()]
    close = (b"connection", b"close")
    lines += [b"%b: %b" % header for header in (*headers, *more, *DEFAULT_HEADERS, close)]
    return b"\r\n".join([*lines, b"", body])


def failure_of(error: httptools.HttpParserError, data: bytes) -> Failure:
    """Return the failure that stopped the parser at this data: one of its callbacks, or unreadable data."""
    if isinstance(error.__context__, Failure):
        return error.__context__
    if isinstance(error, httptools.HttpParserInvalidMethodError) and _request_line.match(data):
        return Failure("unsupported", "This server does not know that method.", status=501)
    return Failure("invalid_frame", "That is not a request of HTTP/1.1.")
