"""The end of an answer: which words are one, and when it is proven."""

import json
from typing import Any

import pytest
from support.upstream import answer

from deltawire.gemini.events import PROGRESS, Event, Opaque, Text
from deltawire.gemini.reading.finish import finish_word
from deltawire.gemini.reading.wire import ResponseReader
from deltawire.protocol.errors import TABLE, Failure

COUNTED = {"promptTokenCount": 3, "candidatesTokenCount": 2, "totalTokenCount": 5}


def reading(*events: Any) -> ResponseReader:
    reader = ResponseReader()
    for event in events:
        reader.feed(b"data: " + json.dumps(event).encode() + b"\n\n")
    return reader


@pytest.mark.parametrize(
    "reason, word",
    [
        ("STOP", "stop"), ("MODEL_ARMOR", "model_armor"), (1, "stop"), ("2", "max_tokens"), (5, "other"), (99, "other"),
        (0, None), ("FINISH_REASON_UNSPECIFIED", None), ("CANCELLED", None), ("", None), (True, None), ([], None),
    ],
)  # fmt: skip
def test_a_finish_reason_is_a_word_of_the_providers(reason: Any, word: str | None) -> None:
    assert finish_word(reason) == word


@pytest.mark.parametrize("code", TABLE)
def test_no_code_of_ours_is_a_finish_reason_of_the_providers(code: str) -> None:
    assert finish_word(code.upper()) is None


@pytest.mark.parametrize(
    "events",
    [
        [answer("a"), answer("b", finish="STOP", usage=COUNTED)],
        [answer("ab", finish="STOP", usage=COUNTED)],
        [answer("ab", finish="STOP"), {"usageMetadata": COUNTED}],
        [answer("ab"), answer("", finish="SAFETY", usage=COUNTED)],
        [answer("", finish="STOP"), answer("ab"), answer("", finish="STOP", usage=COUNTED)],
        [{"promptFeedback": {"blockReason": "SAFETY"}}],
    ],
)
def test_a_reason_and_whole_counts_after_the_last_text_prove_an_end(events: list[Any]) -> None:
    assert reading(*events).is_proven


@pytest.mark.parametrize(
    "events",
    [
        [answer("a"), answer("b", usage=COUNTED)],
        [answer("a", usage=COUNTED), answer("b", finish="STOP")],
        [answer("a", finish="STOP", usage=COUNTED), answer("b", finish="STOP", usage=COUNTED)],
        [answer("a", finish="STOP", usage=COUNTED), answer("b")],
        [answer("a", finish="CANCELLED", usage=COUNTED)],
        [answer("a", finish="STOP", usage={"promptTokenCount": 3})],
        [answer("a", finish="STOP", usage={"promptTokenCount": 3, "totalTokenCount": 3})],
    ],
)
def test_anything_less_proves_nothing(events: list[Any]) -> None:
    assert not reading(*events).is_proven


def test_an_event_that_has_begun_says_that_more_was_to_come() -> None:
    reader = reading(answer("a", finish="STOP", usage=COUNTED))
    reader.feed(b'data: {"cand')
    assert not reader.is_proven


@pytest.mark.parametrize(
    "feedback", [{}, {"safetyRatings": []}, {"safetyRatings": [{"blocked": True}]}, {"blockReason": "OTHER"}]
)
def test_feedback_without_an_answer_is_a_block_that_may_name_no_reason(feedback: dict[str, Any]) -> None:
    [failure] = reading({"promptFeedback": feedback}).end()
    assert isinstance(failure, Failure)
    assert failure.code == "blocked"


@pytest.mark.parametrize("thought", [False, True])
def test_an_answer_that_broke_off_is_no_block_although_feedback_came(thought: bool) -> None:  # noqa: FBT001
    [failure] = reading({"promptFeedback": {"safetyRatings": []}}, answer("a", thought=thought)).end()
    assert isinstance(failure, Failure)
    assert failure.code == "upstream_truncated"


def test_a_block_proves_nothing_while_text_comes() -> None:
    assert not reading({"promptFeedback": {"blockReason": "SAFETY"}}, answer("a")).is_proven


def test_text_after_a_finish_reason_takes_it_back() -> None:
    reader = reading(answer("", finish="STOP"), answer("a"))
    [failure] = reader.end()
    assert isinstance(failure, Failure)
    assert failure.code == "upstream_truncated"


def parts(*parts: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"candidates": [{"content": {"parts": list(parts)}}], **more}


def as_progress(events: list[Event]) -> list[Event]:
    """These events, with progress for each part that is only sent back."""
    return [PROGRESS if isinstance(event, Opaque) else event for event in events]


@pytest.mark.parametrize(
    "event, news",
    [
        (parts({"executableCode": {"code": "1"}}), [PROGRESS]),
        (parts({"inlineData": {"data": "AA=="}}), [PROGRESS]),
        ({"usageMetadata": {**COUNTED, "totalTokenCount": 6}}, [PROGRESS]),
        ({"usageMetadata": COUNTED}, []),
        ({"usageMetadata": {"trafficType": "ON_DEMAND"}}, []),
        (parts({"text": ""}), []),
        (parts({"text": "more"}), [Text("more")]),
        ({"candidates": []}, []),
    ],
)
def test_work_without_text_is_progress_and_a_heartbeat_is_not(event: dict[str, Any], news: list[Event]) -> None:
    reader = reading(answer("a", usage=COUNTED))
    assert as_progress(reader.feed(b"data: " + json.dumps(event).encode() + b"\n\n")) == news


def test_the_same_part_again_is_a_heartbeat() -> None:
    reader = ResponseReader()
    event = b"data: " + json.dumps(parts({"executableCode": {"code": "1"}})).encode() + b"\n\n"
    assert [as_progress(reader.feed(event)), as_progress(reader.feed(event))] == [[PROGRESS], []]
