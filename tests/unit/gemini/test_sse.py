"""Framing: bytes to payloads, whatever ends a line and wherever a read ends."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deltawire.gemini.reading.sse import EventStreamDecoder

EVENTS = b'data: {"a": 1}\n\n: ping\n\ndata: {"b":\ndata: 2}\n\n{\n "c": {}\n}\ndata: [DONE]\n\n'
PAYLOADS = [b' {"a": 1}', b' {"b":\n 2}', b'[{\n "c": {}\n}]', b" [DONE]"]


def payloads(body: bytes, cuts: list[int]) -> list[bytes]:
    decoder = EventStreamDecoder()
    found = []
    for start, end in zip([0, *cuts], [*cuts, len(body)], strict=True):
        found += decoder.feed(body[start:end])
    return found + decoder.end()


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r"])
@given(st.data())
def test_lines_may_end_in_any_way_and_be_cut_anywhere(line_end: bytes, data: st.DataObject) -> None:
    body = EVENTS.replace(b"\n", line_end)
    cuts = sorted(data.draw(st.sets(st.integers(0, len(body)), max_size=9)))
    assert [payload.replace(b"\n ", b" ") for payload in payloads(body, cuts)] == [
        payload.replace(b"\n ", b" ") for payload in PAYLOADS
    ]


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_an_event_in_one_piece_needs_no_framing(line_end: str) -> None:
    event = f'data: {{"a": 1}}{line_end}{line_end}'.encode()
    assert (EventStreamDecoder().whole_event(event) or b"").strip() == b'{"a": 1}'


@pytest.mark.parametrize(
    "data", [b"data: 1\ndata: 2\n\n", b"data: 1\n", b": ping\n\n", b"", b"data: 1\n\ndata: 2\n\n", b"data: 1\na\n"]
)
def test_what_is_not_one_event_is_not_taken_for_one(data: bytes) -> None:
    assert EventStreamDecoder().whole_event(data) is None


def test_an_event_that_goes_on_with_what_is_held_is_not_taken_for_a_new_one() -> None:
    decoder = EventStreamDecoder()
    assert list(decoder.feed(b'data: {"a":\n')) == []
    assert not decoder.is_between_events
    assert decoder.whole_event(b"data: 1}\n\n") is None
    assert list(decoder.feed(b"data: 1}\n\n")) == [b' {"a":\n 1}']
    assert decoder.is_between_events
