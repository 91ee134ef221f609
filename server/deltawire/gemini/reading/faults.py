"""Convert the provider's errors to failures of the protocol's error table. No I/O."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

import msgspec

from deltawire.gemini.events import FileFailure, LastingFailure
from deltawire.protocol.errors import Failure

_STATUSES: Final = {
    "INVALID_ARGUMENT": 400,
    "FAILED_PRECONDITION": 400,
    "UNAUTHENTICATED": 401,
    "PERMISSION_DENIED": 403,
    "NOT_FOUND": 404,
    "RESOURCE_EXHAUSTED": 429,
}
"""HTTP statuses of google.rpc.Code, for an error without a number; any code that is not listed counts as temporary."""
_UNITS: Final = {"h": 3_600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_duration = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)(h|ms|m|s|us|µs|ns)")
_delay_in_words = re.compile(r"(?:retry|try again|reset)\D{0,30}?(\d[\d.hmsuµn]*)(?: (sec|min))?", re.IGNORECASE)
"""Such as "Please retry in 34.07s." and "Your quota will reset after 1h2m3s"."""
_per_day = re.compile(r"per[ _-]?day|daily", re.IGNORECASE)
_too_long = re.compile(
    r"token count.{0,40}(exceed|only supports|too)"
    r"|(prompt|input|conversation|content|payload|request)\b.{0,40}\b(is )?too (long|large)"
    r"|(prompt|input|payload|context)\b.{0,40}exceeds? .{0,60}(token|limit|context|window|size)"
    r"|exceeds? .{0,40}context (window|length)|maximum context length",
    re.IGNORECASE | re.DOTALL,
)
_of_a_file = re.compile(
    r"\bfile.{0,120}(active state|exist|not found|expired|permission|no longer)"
    r"|(permission|access|not found|expired|fetch).{0,120}\bfile",
    re.IGNORECASE | re.DOTALL,
)
"""Such as "The File abc is not in an ACTIVE state and usage is not allowed." """
TOO_LONG: Final = "The conversation is longer than this model takes: shorten it, or begin a new one."


def failure_of(error: Any, status: int | None = None, retry_after: float | None = None) -> Failure:
    """Return the failure for an error of the provider.

    `error` is the value in its `{"error": ...}`. `status` and `retry_after` (seconds) are those of the HTTP response,
    when the error was one.
    """
    error = error if isinstance(error, dict) else {}
    word = _word(error.get("status"))
    status = status or _status(error.get("code")) or _STATUSES.get(word, 0)
    details = _details(error.get("details"))
    message = error.get("message")
    message = message[:2_000] if isinstance(message, str) else ""
    cause = " ".join(filter(None, (str(status), word, _reason_of(details))))
    if status == 429 and _is_of_the_day(details, message):
        # Such an error may name a delay in seconds, but the quota of the day is not free again after it.
        return LastingFailure("upstream_rate_limited", cause=cause)
    if status == 413 or (status == 400 and "output" not in message and _too_long.search(message)):
        return Failure("message_too_large", TOO_LONG, cause=cause)
    if status in (400, 403, 404) and _of_a_file.search(message):
        return FileFailure("upstream_rejected", cause=cause)
    delays = (*map(_delay_of, details), retry_after, _delay_in(message))
    delay = next((delay for delay in delays if delay is not None), None)
    return Failure(_code_of(status), retry_after=delay, cause=cause)


def error_in(body: bytes) -> Any:
    """Return the error in a body: in its `error` wrapper, in an array, or bare; None for HTML and other content."""
    try:
        content = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if isinstance(content, list) and content:
        content = content[0]
    return content.get("error", content) if isinstance(content, dict) else None


def unwrapped_error(payload: bytes) -> Any:
    """Return the error in a stream's event that has no `error` wrapper; None when the event is not an error."""
    error = error_in(payload)
    return error if isinstance(error, dict) and _status(error.get("code")) >= 400 else None


def seconds_until(header: str | None) -> float | None:
    """Return the delay of a `Retry-After`: seconds, or an HTTP date (RFC 9110, 10.2.3); None for anything else."""
    if header is None:
        return None
    header = header.strip()
    if re.fullmatch(r"\d{1,6}(\.\d{1,9})?", header, re.ASCII):
        return float(header)
    try:
        date = parsedate_to_datetime(header)
    except (ValueError, OverflowError):
        return None
    date = date if date.tzinfo is not None else date.replace(tzinfo=UTC)
    return max((date - datetime.now(UTC)).total_seconds(), 0.0)


def _word(reason: Any) -> str:
    """Return a reason word such as `INVALID_ARGUMENT`; an empty string for free text, which could hold a key."""
    return reason if isinstance(reason, str) and re.fullmatch(r"[A-Z][A-Z0-9_]{0,62}", reason) else ""


def _status(code: Any) -> int:
    """Return the status in an error's `code`, a number or a string; 0 for anything else."""
    if isinstance(code, str) and re.fullmatch(r"\d{3}", code):
        code = int(code)
    return code if isinstance(code, int) and 300 <= code <= 599 else 0


def _code_of(status: int) -> str:
    if status == 429:
        return "upstream_rate_limited"
    if status in (408, 499) or status >= 500 or status == 0:
        return "upstream_unavailable"
    return "upstream_rejected"


def _details(details: Any) -> list[dict[str, Any]]:
    """Return the details that are objects: types of google.rpc.error_details, distinguished by their fields."""
    return [detail for detail in details if isinstance(detail, dict)] if isinstance(details, list) else []


def _reason_of(details: list[dict[str, Any]]) -> str:
    """Return the reason word of an ErrorInfo, such as API_KEY_INVALID."""
    return next(filter(None, (_word(detail.get("reason")) for detail in details)), "")


def _delay_of(detail: dict[str, Any]) -> float | None:
    """Return the seconds of a RetryInfo such as {"retryDelay": "34.4s"}, or of an ErrorInfo's `quotaResetDelay`."""
    metadata = detail.get("metadata")
    reset_delay = metadata.get("quotaResetDelay") if isinstance(metadata, dict) else None
    return next((delay for delay in map(_seconds, (detail.get("retryDelay"), reset_delay)) if delay is not None), None)


def _seconds(duration: Any) -> float | None:
    """Return the seconds of a duration such as 34.4s, 4373.8ms or 1h2m3s; None for anything else."""
    if not isinstance(duration, str) or len(duration) > 40:
        return None
    pieces = _duration.findall(duration)
    if not pieces or "".join(number + unit for number, unit in pieces) != duration:
        return None
    return round(sum(float(number) * _UNITS[unit] for number, unit in pieces), 9)


def _delay_in(message: str) -> float | None:
    """Return the delay that a message names, in seconds; None when it names none."""
    found = _delay_in_words.search(message)
    if found is None:
        return None
    unit = (found[2] or "").lower()
    return _seconds(found[1].rstrip(".") + {"sec": "s", "min": "m", "": ""}[unit])


def _is_of_the_day(details: list[dict[str, Any]], message: str) -> bool:
    """Return whether the quota of a day is used up."""
    return any(_per_day.search(name) for name in _quotas(details)) or bool(_per_day.search(message))


def _quotas(details: list[dict[str, Any]]) -> Iterator[str]:
    """Yield the names of the quotas that an error reports as used up."""
    for detail in details:
        violations, metadata = detail.get("violations"), detail.get("metadata")
        for violation in violations if isinstance(violations, list) else ():
            if isinstance(violation, dict):
                yield str(violation.get("quotaId"))
        if isinstance(metadata, dict):
            yield str(metadata.get("quota_limit"))
