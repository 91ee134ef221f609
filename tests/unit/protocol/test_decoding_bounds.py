"""A refusal costs less than an acceptance: long text is read once, and its lists are counted before they are made."""

import json
import sys
from collections.abc import Callable

import pytest

from deltawire.protocol.claims import claimed_id
from deltawire.protocol.decoding import Unreadable
from deltawire.protocol.frames import Chat, decode

LONG = 2**17
NO_NAME = (None, False)


@pytest.fixture
def _reads_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("the text was read a second time")

    monkeypatch.setattr("deltawire.protocol.decoding.json.loads", never)


def calls_of(work: Callable[[], object]) -> int:
    """Return the number of calls of Python's and of C's functions that something makes."""
    calls = 0

    def count(_: object, event: str, __: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(None)
    return calls


LISTS = "[]," * LONG + "[]"
SOMEWHERE = "That is not JSON, or not Unicode text: see "
NO_ID = "id must be 1 to 64 of A-Z a-z 0-9 _ . : -."


@pytest.mark.usefixtures("_reads_once")
@pytest.mark.parametrize(
    "text, code, message, named",
    [
        (
            f'{{"x":[{LISTS}]}}',
            "invalid_frame",
            'type is missing: "chat", "cancel", "resume", "auth" or "tool_result".',
            NO_NAME,
        ),
        (f'{{"type":"chat","id":"a","x":[{LISTS}]}}', "invalid_frame", "There is no field x here.", ("a", True)),
        (f'{{"id":"a","type":"chat","x":[{LISTS}]}}', "invalid_frame", "There is no field x here.", ("a", True)),
        ("a" * LONG, "invalid_json", SOMEWHERE + "byte 1.", NO_NAME),
        (
            '{"type":"chat","message":"' + "a" * LONG,
            "invalid_json",
            SOMEWHERE + "its end.",
            NO_NAME,
        ),
        ('{"x":' + "[" * LONG, "invalid_frame", "The frame is nested too deeply.", NO_NAME),
        (
            '{"type":"cancel","id":"' + "a" * LONG + '"}',
            "invalid_frame",
            "id must be 1 to 64 of A-Z a-z 0-9 _ . : -.",
            NO_NAME,
        ),
    ],
    ids=["lists", "lists after an id", "an id first", "no JSON", "cut", "deep", "a long id"],
)
def test_a_long_frame_is_refused_in_few_steps(
    text: str, code: str, message: str, named: tuple[str | None, bool]
) -> None:
    refused: list[Unreadable] = []
    names: list[tuple[str | None, bool]] = []

    def refuse() -> None:
        try:
            decode(text)
        except Unreadable as failure:
            refused.append(failure)
            names.append(claimed_id(failure, text))

    assert calls_of(refuse) < 1_000
    assert (refused[0].code, refused[0].message) == (code, message)
    assert names == [named]


def test_an_unknown_field_is_told_by_its_beginning() -> None:
    with pytest.raises(Unreadable) as refused:
        decode('{"type":"chat","' + "k" * LONG + '":1}')
    assert refused.value.field == "k" * 128


@pytest.mark.parametrize("field", ["history", "stop"])
def test_a_list_that_is_far_too_long_is_not_made(field: str) -> None:
    item = {"role": "user", "text": '\\"'} if field == "history" else "a"
    with pytest.raises(Unreadable, match="invalid_frame") as refused:
        decode(json.dumps({"type": "chat", "message": "hi", field: [item] * 150_000}))
    assert refused.value.message == "The frame holds more strings than any frame may."


def test_the_longest_history_is_taken_whatever_its_texts_hold() -> None:
    history = [{"role": "user", "text": '"\\"[]{}'}] * 10_000
    chat = decode(json.dumps({"type": "chat", "message": '"' * 1_000, "history": history}))
    assert isinstance(chat, Chat)


def test_a_short_frame_is_explained_to_the_character() -> None:
    with pytest.raises(Unreadable) as refused:
        decode('{"type":"chat","id":"a","message":"\\ud800"}')
    assert refused.value.field == "message"
    assert claimed_id(refused.value, "") == ("a", True)


@pytest.mark.parametrize("stop", ["s" * 1_001, ""])
def test_a_stop_string_has_a_length(stop: str) -> None:
    with pytest.raises(Unreadable) as refused:
        decode(json.dumps({"type": "chat", "message": "hi", "stop": [stop]}))
    assert refused.value.message == "stop[0] must be a string of 1 to 1,000 characters."
