"""The reader of Gemini's response: bytes to events."""

import json
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.bodies import OURS, PIECES, Reading, all_bodies
from support.upstream import answer

from deltawire.gemini.events import Counts, Text
from deltawire.gemini.reading.faults import failure_of
from deltawire.gemini.reading.sse import MAX_EVENT_BYTES
from deltawire.gemini.reading.wire import ResponseReader
from deltawire.protocol.errors import Failure


def read(body: bytes, piece: int = 2**24) -> Reading:
    return Reading(body, list(range(piece, len(body), piece)))


@pytest.mark.parametrize("piece", PIECES[1:])
@pytest.mark.parametrize("name", all_bodies())
def test_where_a_body_is_cut_changes_nothing(name: str, piece: int) -> None:
    body = all_bodies()[name]
    assert read(body, piece).summary() == read(body).summary()


@given(st.data())
def test_a_body_may_be_cut_anywhere(data: st.DataObject) -> None:
    body = OURS[data.draw(st.sampled_from(sorted(OURS)))]
    cuts = sorted(data.draw(st.sets(st.integers(0, len(body)), max_size=9)))
    assert Reading(body, cuts).summary() == read(body).summary()


@given(st.binary(max_size=300), st.sampled_from([b"", b"data: ", b"{", b'data: {"candidates": [']))
def test_any_bytes_end_in_a_row_of_the_table(noise: bytes, start: bytes) -> None:
    assert read(start + noise).failure in {"upstream_truncated", "upstream_unavailable", "upstream_rejected", None}


@pytest.mark.parametrize(
    "name, text, failure",
    [
        ("plain", "Hello world", None),
        ("empty", "", "upstream_truncated"),
        ("no finish", "ab", "upstream_truncated"),
        ("a refused prompt", "", "blocked"),
        ("an error in an event", "a", "upstream_unavailable"),
        ("a bare error", "a", "upstream_unavailable"),
        ("broken JSON", "a", "upstream_truncated"),
        ("a half event", "a", "upstream_truncated"),
        ("HTML", "", "upstream_truncated"),
        ("a field of the wrong type", "", "upstream_truncated"),
        ("a whole response, bare", '{not} a "brace"', None),
        ("an array of events", "ab", None),
        ("an array of events, a line each", "ab", None),
        ("comments and fields", "x", None),
        ("the word null", "nulltrue", None),
        ("parts that are not text", "yes", None),
        ("an array of events in one line", "ab", None),
        ("an array whose brackets share a line", "ab", None),
        ("an empty event", "ab", None),
        ("a field of tomorrow", "x", None),
        ("a byte order mark", "x", None),
        ("a word after the finish", "x", None),
        ("a part that is null", "x", None),
        ("figures of no known shape", "x", None),
    ],
)
def test_a_body_gives_its_text_and_its_end(name: str, text: str, failure: str | None) -> None:
    reading = read(OURS[name])
    assert (reading.text, reading.failure) == (text, failure)


@pytest.mark.parametrize(
    "word, reason",
    [("STOP", "stop"), ("MAX_TOKENS", "max_tokens"), ("NEWLY_INVENTED", "newly_invented"), ("Odd Word!", "odd_word_")],
)
def test_a_finish_reason_is_a_lower_case_word(word: str, reason: str) -> None:
    assert read(b"data: " + json.dumps(answer("x", finish=word)).encode() + b"\n\n").finish_reason == reason


@pytest.mark.parametrize(
    "usage, counts",
    [
        ({"promptTokenCount": 4, "candidatesTokenCount": 7, "totalTokenCount": 11}, Counts(4, 7, 0, 0, 0, 11)),
        ({"promptTokenCount": 4, "totalTokenCount": 4}, Counts(4, 0, 0, 0, 0, 4)),
        ({"promptTokenCount": 4, "candidatesTokenCount": 7, "thoughtsTokenCount": 2}, Counts(4, 7, 2, 0, 0, 13)),
        ({"promptTokenCount": 4, "thoughtsTokenCount": 2, "totalTokenCount": 9}, Counts(4, 3, 2, 0, 0, 9)),
        ({"candidatesTokenCount": 7, "totalTokenCount": 11}, Counts(4, 7, 0, 0, 0, 11)),
        ({"promptTokenCount": 9, "totalTokenCount": 4}, Counts(9, None, 0, 0, 0, 4)),
        ({"promptTokenCount": 9}, Counts(9, None, 0, 0, 0, None)),
        ({"promptTokenCount": -3, "candidatesTokenCount": 5}, Counts()),
        ({"promptTokenCount": 4.5, "totalTokenCount": 9}, Counts()),
        ({"promptTokenCount": 10**30, "totalTokenCount": 9}, Counts()),
        ({"trafficType": "ON_DEMAND"}, Counts()),
        ({}, Counts()),
    ],
)
def test_counts_add_up_and_what_is_not_known_is_none(usage: dict[str, int], counts: Counts) -> None:
    assert read(b"data: " + json.dumps({"usageMetadata": usage}).encode() + b"\n\n").counts == counts


def test_half_a_surrogate_pair_becomes_a_question_mark() -> None:
    body = b'data: {"candidates":[{"content":{"parts":[{"text":"a\\ud83d b"}]},"finishReason":"STOP"}]}\n\n'
    assert (read(body).text, read(body).failure) == ("a? b", None)


def test_text_that_arrives_together_is_one_event() -> None:
    assert ResponseReader().feed(OURS["plain"]) == [Text("Hello world")]


def test_text_is_not_held_back_for_what_follows() -> None:
    reader = ResponseReader()
    assert reader.feed(OURS["plain"][:-5]) == [Text("Hello")]


def test_the_largest_picture_that_is_kept_comes_in_one_event() -> None:
    reader, data = ResponseReader(), "A" * (4 * (20 * 2**20 + 1) // 3 // 4 * 4)
    part = json.dumps({"inlineData": {"mimeType": "image/png", "data": data}})
    body = b'data: {"candidates":[{"content":{"parts":[%b]}}]}\r\n\r\n' % part.encode()
    events = [event for at in range(0, len(body), 2**20) for event in reader.feed(body[at : at + 2**20])]
    assert [type(event).__name__ for event in events] == ["MadeFile", "Opaque"]


@pytest.mark.parametrize("separator", [b"", b"\n"], ids=["in one line", "in many"])
def test_an_event_over_32_mib_is_given_up(separator: bytes) -> None:
    reader = ResponseReader()
    piece = b"x" * 2**20 + separator
    reader.feed(b'data: {"candidates": "')
    fed = 0
    while not (events := reader.feed(b"data: " + piece if separator else piece)):
        fed += len(piece)
        assert fed <= MAX_EVENT_BYTES
    assert isinstance(events[-1], Failure)
    assert events[-1].code == "upstream_truncated"


def test_a_long_stream_of_small_events_is_not_given_up() -> None:
    reader = ResponseReader()
    event = b"data: " + json.dumps(answer("x" * 2**20)).encode() + b"\r\n\r\n"
    for _ in range(20):
        assert reader.feed(event) == [Text("x" * 2**20)]


@pytest.mark.parametrize(
    "status, code",
    [
        (400, "upstream_rejected"),
        (401, "upstream_rejected"),
        (403, "upstream_rejected"),
        (404, "upstream_rejected"),
        (302, "upstream_rejected"),
        (408, "upstream_unavailable"),
        (429, "upstream_rate_limited"),
        (499, "upstream_unavailable"),
        (500, "upstream_unavailable"),
        (503, "upstream_unavailable"),
    ],
)
def test_a_provider_status_has_its_row(status: int, code: str) -> None:
    assert failure_of(None, status).code == code
    assert failure_of({"code": status}).code == code


@pytest.mark.parametrize(
    "error, code",
    [
        ({"code": "400"}, "upstream_rejected"),
        ({"status": "INVALID_ARGUMENT"}, "upstream_rejected"),
        ({"status": "RESOURCE_EXHAUSTED"}, "upstream_rate_limited"),
        ({"status": "UNAVAILABLE"}, "upstream_unavailable"),
        ({"code": 200}, "upstream_unavailable"),
        ({"code": 10**5000}, "upstream_unavailable"),
        ("odd", "upstream_unavailable"),
    ],
)
def test_an_error_without_a_status_is_known_by_its_word(error: object, code: str) -> None:
    assert failure_of(error).code == code


def test_a_long_line_of_bare_json_takes_no_more_memory_than_it_is_worth() -> None:
    body = json.dumps([answer("x" * 2**22, finish="STOP")]).encode()
    tracemalloc.start()
    try:
        assert len(read(body).text) == 2**22
        assert tracemalloc.get_traced_memory()[1] < 10 * len(body)
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "delay, seconds", [("34.4s", 34.4), ("3s", 3.0), ("soon", None), (3, None), ("-1s", None), ("1e9s", None)]
)
def test_retry_info_is_read(delay: object, seconds: float | None) -> None:
    error = {
        "code": 429,
        "details": ["odd", {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay}],
    }
    assert failure_of(error).retry_after == seconds


def test_the_cause_holds_the_reason_word_and_never_the_text() -> None:
    failure = failure_of({"code": 400, "status": "INVALID_ARGUMENT", "message": "key AIza123 is invalid"})
    assert failure.cause == "400 INVALID_ARGUMENT"
    assert failure_of({"code": 400, "status": "key AIza123"}).cause == "400"


@pytest.mark.parametrize("rest", [b'data: {"cand', b'{"error": {"code": 499,\n'])
def test_an_event_that_is_cut_is_no_end_although_every_event_says_stop(rest: bytes) -> None:
    stop = b"data: " + json.dumps(answer("Hello", finish="STOP")).encode() + b"\n\n"
    assert read(stop).failure is None
    assert read(stop + b"data: [DONE]\n\n").failure is None
    assert read(stop + rest).failure == "upstream_truncated"
