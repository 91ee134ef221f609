"""The model's parts, as they are sent back: its text, and the others in their places, byte for byte."""

import json

import pytest

from deltawire.chat.model_parts import ModelParts
from deltawire.gemini.events import Event, Opaque, Text, ToolCall
from deltawire.gemini.messages import Content, contents_of, exchange_of
from deltawire.gemini.reading.wire import ResponseReader

SIGNED = b'{"functionCall": {"name":"add", "args":{}},"thoughtSignature": "a+/="}'


def test_a_part_keeps_its_bytes_and_its_place_in_the_text() -> None:
    parts = ModelParts()
    parts.add(len("Hello "), 0, SIGNED)
    parts.add(len("Hello world"), len("world"), b'{"text":"world","thoughtSignature":"x"}')
    whole = parts.encoded("Hello world!")
    assert whole == b'[{"text":"Hello "},%b,{"text":"world","thoughtSignature":"x"},{"text":"!"}]' % SIGNED
    assert parts.encoded("Hel") == b'[{"text":"Hel"},%b,{"text":"world","thoughtSignature":"x"}]' % SIGNED


def test_a_round_begins_where_the_last_one_ended() -> None:
    parts = ModelParts()
    parts.add(2, 0, SIGNED)
    assert parts.encoded("ab") == b'[{"text":"ab"},%b]' % SIGNED
    parts.next_round(2)
    assert parts.is_only_text
    assert parts.encoded("abc") == b'[{"text":"c"}]'


def test_an_exchange_is_read_as_it_was_written() -> None:
    plain = b'[{"text":"a"}]'
    assert exchange_of([Content("model", plain)]) == plain
    assert contents_of(plain) == [("model", plain)]
    rounds = [
        Content("model", b"[%b]" % SIGNED),
        Content("user", b'[{"functionResponse":{}}]'),
        Content("model", plain),
    ]
    assert contents_of(exchange_of(rounds)) == rounds
    assert contents_of(exchange_of(rounds[1:])) == rounds[1:]


def events_of(*events: object, piece: int = 2**20) -> list[Event]:
    body = b"".join(
        b"data: " + (event if isinstance(event, bytes) else json.dumps(event).encode()) + b"\r\n\r\n"
        for event in events
    )
    reader = ResponseReader()
    read = [event for at in range(0, len(body), piece) for event in reader.feed(body[at : at + piece])]
    return read + reader.end()


def of(*parts: object, **more: object) -> dict[str, object]:
    return {"candidates": [{"content": {"parts": list(parts)}, **more}]}


END = of({"text": ""}, finishReason="STOP")


@pytest.mark.parametrize("piece", [1, 2**20])
def test_calls_are_told_in_order_and_their_parts_kept_as_they_came(piece: int) -> None:
    call = b'{"candidates":[{"content":{"parts":[{"text":"One"}, %b ,{"functionCall":{"id":"c2","name":"b"}}]}}]}'
    first, one, part, two, part_two = events_of(call % SIGNED, END, piece=piece)
    assert first == Text("One")
    assert isinstance(one, ToolCall)
    assert (one.name, one.arguments) == ("add", {})
    assert len(one.call) > 16, "one without an id gets one"
    assert part == Opaque(SIGNED, 0)
    assert two == ToolCall("c2", "b", {})
    assert part_two == Opaque(b'{"functionCall":{"id":"c2","name":"b"}}', 0)


def test_a_signature_beside_text_stays_with_its_text() -> None:
    text = {"text": "Paris", "thoughtSignature": "x"}
    assert events_of(of(text), END) == [Text("Paris"), Opaque(json.dumps(text).encode(), 5)]


def test_a_list_of_events_has_its_calls_too() -> None:
    whole = json.dumps([of({"functionCall": {"id": "c", "name": "a", "args": {"x": [1]}}}), END]).encode()
    call, part = events_of(whole)
    assert call == ToolCall("c", "a", {"x": [1]})
    assert isinstance(part, Opaque)
    assert json.loads(part.part) == {"functionCall": {"id": "c", "name": "a", "args": {"x": [1]}}}


@pytest.mark.parametrize("will_continue", [False, True], ids=["its last piece says so", "its last piece is missing"])
def test_arguments_in_pieces_become_one_call_and_one_part(*, will_continue: bool) -> None:
    pieces = [
        {"name": "write", "willContinue": True},
        {
            "partialArgs": [{"jsonPath": "$.items[0].name", "stringValue": "ap", "willContinue": True}],
            "willContinue": True,
        },
        {"partialArgs": [{"jsonPath": "$.items[0].name", "stringValue": "ple"}], "willContinue": True},
        {
            "partialArgs": [{"jsonPath": "$.items[0].price", "numberValue": 0.5}],
            "willContinue": will_continue,
        },
    ]
    signed = [
        of({"functionCall": piece, **({} if at else {"thoughtSignature": "s"})}) for at, piece in enumerate(pieces)
    ]
    events = [event for event in events_of(*signed, END) if isinstance(event, ToolCall | Opaque)]
    call, part = events
    assert isinstance(call, ToolCall)
    assert (call.name, call.arguments) == ("write", {"items": [{"name": "apple", "price": 0.5}]})
    assert isinstance(part, Opaque)
    assert json.loads(part.part) == {
        "functionCall": {"name": "write", "args": {"items": [{"name": "apple", "price": 0.5}]}},
        "thoughtSignature": "s",
    }
