"""Errors in OpenAI's shape."""

import re
from typing import Final

from msgspec import Struct

_KINDS: Final = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}
"""The type of an error by its status. Any other below 500 is `invalid_request_error`, from 500 on `server_error`."""
_OF_CHAT: Final = {
    "message": "messages",
    "history": "messages",
    "system": "messages",
    "files": "messages",
    "response_schema": "response_format",
}
"""The field of a chat completion for a field of ours."""
_OF_RESPONSE: Final = {
    "message": "input",
    "history": "input",
    "system": "instructions",
    "files": "input",
    "response_schema": "text.format",
}
"""The field of a response for a field of ours."""
_schema: Final = re.compile(r"^response_schema\b")
_parameters: Final = re.compile(r"^(tools\[\d+\])\.parameters\b")
RESPONSES_PATH: Final = "/v1/responses"
_LONGEST_WAIT_SECONDS: Final = 60.0
"""Seconds that OpenAI's clients wait at most; after a longer `Retry-After` they would ask again too early."""


class ErrorDetail(Struct, frozen=True, kw_only=True):
    """The error; `code` is one of ours, `param` the field."""

    message: str
    type: str
    param: str | None
    code: str


class ErrorBody(Struct, frozen=True):
    """The body of a response that is an error, and the last event of a stream that failed."""

    error: ErrorDetail


def error_body(code: str, message: str, field: str | None, status: int, path: str = "") -> ErrorBody:
    """Return the body for an error of ours, in answer to a request for this path.

    The field has its name in such a request, also where the message begins with it.
    """
    kind = _KINDS.get(status, "server_error" if status >= 500 else "invalid_request_error")
    if code == "budget_exhausted":
        kind = "insufficient_quota"
    is_response = path == RESPONSES_PATH
    param = None
    if field is not None:
        names = _OF_RESPONSE if is_response else _OF_CHAT
        param = names.get(field) or _with_path(field, is_response=is_response)
        message = _with_path(message, is_response=is_response)
    return ErrorBody(ErrorDetail(message=message, type=kind, param=param, code=code))


def _with_path(text: str, *, is_response: bool) -> str:
    """Return a text with OpenAI's path where it begins with one of ours."""
    if is_response:
        return _schema.sub("text.format.schema", text)
    return _parameters.sub(r"\1.function.parameters", _schema.sub("response_format.json_schema.schema", text))


def should_retry(*, retryable: bool, retry_after: float | None, has_cost: bool) -> bool:
    """Return whether OpenAI's clients should ask again by themselves: they do so twice, and each question may cost."""
    return retryable and not has_cost and (retry_after is None or retry_after <= _LONGEST_WAIT_SECONDS)
