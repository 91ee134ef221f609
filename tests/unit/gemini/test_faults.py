"""The provider's errors: which row of the table they are, when to come back, and what the log is told."""

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from deltawire.gemini.events import LastingFailure
from deltawire.gemini.reading.faults import TOO_LONG, error_in, failure_of, seconds_until, unwrapped_error


def of_429(*details: Any, message: str = "") -> dict[str, Any]:
    return {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": message, "details": list(details)}


@pytest.mark.parametrize(
    "error, seconds",
    [
        (of_429({"retryDelay": "34.074824224s"}), 34.074824224),
        (of_429({"metadata": {"quotaResetDelay": "4373.801628ms"}}), 4.373801628),
        (of_429({"metadata": {"quotaResetDelay": "1h2m3.5s"}}), 3723.5),
        (of_429(message="You exceeded your quota. Please retry in 34.5s."), 34.5),
        (of_429(message="Rate limit reached, try again in 20 seconds"), 20.0),
        (of_429(message="Your quota will reset after 2m5s."), 125.0),
        (of_429(message="Retry in 5 minutes"), 300.0),
        (of_429({"retryDelay": "3s"}, message="Please retry in 9s."), 3.0),
        (of_429(message="We retry 3 times at most"), None),
        (of_429(message="It will reset on 2026-12-01"), None),
        (of_429({"retryDelay": "soon"}, {"metadata": "odd"}, "odd"), None),
    ],
)
def test_the_delay_is_found_wherever_it_is_told(error: dict[str, Any], seconds: float | None) -> None:
    failure = failure_of(error)
    assert (failure.code, failure.retry_after) == ("upstream_rate_limited", seconds)


@pytest.mark.parametrize(
    "error",
    [
        of_429({"violations": [{"quotaId": "GenerateRequestsPerDayPerProject"}]}, {"retryDelay": "3s"}),
        of_429({"violations": [{"quotaId": "RequestsPerMinute"}, {"quotaId": "TokensPerDay"}]}),
        of_429({"metadata": {"quota_limit": "GenerateContentRequestsPerDayPerProject"}}),
        of_429(message="Quota exceeded for limit 'Requests per day'"),
    ],
)
def test_a_quota_of_the_day_is_nothing_to_wait_for(error: dict[str, Any]) -> None:
    failure = failure_of(error, retry_after=3.0)
    assert isinstance(failure, LastingFailure)
    assert (failure.code, failure.retry_after) == ("upstream_rate_limited", None)


def test_a_quota_of_the_minute_is_waited_for() -> None:
    error = of_429({"violations": [{"quotaId": "GenerateRequestsPerMinutePerProject"}]})
    assert not isinstance(failure_of(error), LastingFailure)


@pytest.mark.parametrize(
    "message",
    [
        "The input token count (1200293) exceeds the maximum number of tokens allowed (1048576).",
        "Unable to submit request because the input token count is 1200000 but model only supports up to 1048576.",
        "Request payload size exceeds the limit: 20971520 bytes.",
        "The prompt is too long.",
        "This exceeds the model's context window.",
    ],
)
def test_a_prompt_that_is_too_long_is_the_clients_to_mend(message: str) -> None:
    failure = failure_of({"code": 400, "status": "INVALID_ARGUMENT", "message": message})
    assert (failure.code, failure.message, failure.cause) == ("message_too_large", TOO_LONG, "400 INVALID_ARGUMENT")


@pytest.mark.parametrize(
    "message",
    [
        "API key not valid.",
        "Unable to submit request because it has a maxOutputTokens value of 100000 but the range is up to 65536.",
        "max_output_tokens exceeds the token limit of the output",
        "Thinking level MINIMAL is not supported for this model.",
    ],
)
def test_another_bad_request_is_the_operators_to_look_at(message: str) -> None:
    assert failure_of({"code": 400, "message": message}).code == "upstream_rejected"


def test_the_log_is_told_the_reason_word_and_no_text() -> None:
    details = [{"detail": "key AIza123"}, {"reason": "key AIza123"}, {"reason": "API_KEY_INVALID"}]
    failure = failure_of({"code": 400, "status": "INVALID_ARGUMENT", "message": "AIza123", "details": details})
    assert failure.cause == "400 INVALID_ARGUMENT API_KEY_INVALID"
    assert "AIza" not in failure.message


@pytest.mark.parametrize("wrap", [lambda e: {"error": e}, lambda e: [{"error": e}], lambda e: e, lambda e: [e]])
def test_an_error_is_found_with_and_without_its_wrapper(wrap: Any) -> None:
    error = {"code": 503, "status": "UNAVAILABLE"}
    assert error_in(json.dumps(wrap(error)).encode()) == error
    assert unwrapped_error(json.dumps(wrap(error)).encode()) == error


@pytest.mark.parametrize("payload", [b"{}", b"[]", b"{", b'{"code": 200}', b'{"usageMetadata": {}}', b"<html>"])
def test_an_event_that_is_no_error_is_none(payload: bytes) -> None:
    assert unwrapped_error(payload) is None


@pytest.mark.parametrize(
    "header, seconds",
    [("7", 7.0), ("1.5", 1.5), ("-1", None), ("soon", None), ("9" * 9, None), (None, None), ("٣", None)],
)
def test_retry_after_is_read_in_seconds(header: str | None, seconds: float | None) -> None:
    assert seconds_until(header) == seconds


@pytest.mark.parametrize("offset, least, most", [(30, 28, 30), (-30, 0, 0)])
def test_retry_after_is_read_as_a_date(offset: int, least: float, most: float) -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=offset), usegmt=True)
    assert least <= (seconds_until(date) or 0) <= most
