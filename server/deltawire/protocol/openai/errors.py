"""Errors in OpenAI's shape."""

from typing import Final

from msgspec import Struct

_KINDS: Final = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}
"""The type of an error by its status. Any other below 500 is `invalid_request_error`, from 500 on `server_error`."""
_OF_CHAT: Final = {"message": "messages", "history": "messages", "system": "messages"}
"""The field of a chat completion for a field of ours."""
_OF_RESPONSE: Final = {"message": "input", "history": "input", "system": "instructions"}
"""The field of a response for a field of ours."""
_SCHEMA: Final = "response_schema"
_RESPONSES_PATH: Final = "/v1/responses"
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
    """Return the body for an error of ours, in answer to a request for this path."""
    kind = _KINDS.get(status, "server_error" if status >= 500 else "invalid_request_error")
    if code == "budget_exhausted":
        kind = "insufficient_quota"
    params = _OF_RESPONSE if path == _RESPONSES_PATH else _OF_CHAT
    param = field if field is None else params.get(field, field)
    if param is not None and param.startswith(_SCHEMA):
        own = "text.format.schema" if path == _RESPONSES_PATH else "response_format.json_schema.schema"
        param = own + param.removeprefix(_SCHEMA)
    return ErrorBody(ErrorDetail(message=message, type=kind, param=param, code=code))


def should_retry(*, retryable: bool, retry_after: float | None, has_cost: bool) -> bool:
    """Return whether OpenAI's clients should ask again by themselves: they do so twice, and each question may cost."""
    return retryable and not has_cost and (retry_after is None or retry_after <= _LONGEST_WAIT_SECONDS)
