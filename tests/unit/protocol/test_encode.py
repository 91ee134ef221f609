"""JSON as it is sent: one line to every reader."""

import json

import pytest

from deltawire.protocol.frames import Delta, encode

OTHERS = [
    "“quotes” — and dashes…",
    "Привет, хорошо",
    "你好。世界",
    "¨©ª\u00c5 â",
    "😀",
    "\u2027\u202a\u0084\u0086",
    "",
]


@pytest.mark.parametrize("end", ["\u2028", "\u2029", "\u0085", "\u2028\u2029\u0085", "ж\u0085", "“\u2029”"])
@pytest.mark.parametrize("around", OTHERS)
def test_what_ends_a_line_in_other_languages_is_escaped(end: str, around: str) -> None:
    text = around + end + around
    data = encode(Delta("t1", text))
    assert json.loads(data)["text"] == text
    assert len(data.decode().splitlines()) == 1
    assert encode({"a": [text]}).decode().splitlines() == [encode({"a": [text]}).decode()]


@pytest.mark.parametrize("text", OTHERS)
def test_all_else_is_sent_as_it_is(text: str) -> None:
    assert text in encode(Delta("t1", text)).decode()
