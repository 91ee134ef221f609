"""The provider's errors as rows of our table."""

import re
from typing import Any, Final

from deltawire.protocol.errors import Failure

_STATUSES: Final = {
    "INVALID_ARGUMENT": 400,
    "FAILED_PRECONDITION": 400,
    "UNAUTHENTICATED": 401,
    "PERMISSION_DENIED": 403,
    "NOT_FOUND": 404,
    "RESOURCE_EXHAUSTED": 429,
}
"""Of google.rpc.Code, for an error that has no number; what is not here may be over soon."""


def failure_of(error: Any, status: int | None = None, retry_after: float | None = None) -> Failure:
    """The row of the table for an error of the provider's.

    `error` is whatever its `{"error": ...}` holds; `status` and `retry_after` (seconds) are those of the
    HTTP response, when the error was one.
    """
    details = error if isinstance(error, dict) else {}
    reason = details.get("status")
    word = reason if isinstance(reason, str) and re.fullmatch(r"[A-Z_]{1,64}", reason) else ""
    status = status or _status(details.get("code")) or _STATUSES.get(word, 0)
    delay = _retry_delay(details.get("details"))
    return Failure(
        _code_of(status),
        retry_after=delay if delay is not None else retry_after,
        cause=f"{status} {word}".strip(),
    )


def _status(code: Any) -> int:
    """An error's own number, also where it is a string; 0 where that says nothing."""
    if isinstance(code, str) and re.fullmatch(r"\d{3}", code):
        code = int(code)
    return code if isinstance(code, int) and 300 <= code <= 599 else 0


def _code_of(status: int) -> str:
    if status == 429:
        return "upstream_rate_limited"
    if status in (408, 499) or status >= 500 or status == 0:
        return "upstream_unavailable"
    return "upstream_rejected"


def _retry_delay(details: Any) -> float | None:
    """The seconds of a google.rpc.RetryInfo such as {"retryDelay": "34.4s"}."""
    for detail in details if isinstance(details, list) else ():
        delay = detail.get("retryDelay") if isinstance(detail, dict) else None
        if isinstance(delay, str) and re.fullmatch(r"\d{1,9}(\.\d{1,9})?s", delay):
            return float(delay[:-1])
    return None
