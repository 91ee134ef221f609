"""The context of a turn: what can be sent as it came, and what is sent as text."""

import pytest

from deltawire.conversations.context import BranchRow, context_of
from deltawire.gemini.messages import StoredMessage
from deltawire.protocol.chat_request import HistoryMessage
from deltawire.protocol.errors import Failure

QUESTION = BranchRow("user", "q", None, None)
PLAIN = BranchRow("model", "a", None, "stop")
SIGNED = BranchRow("model", "a", '[{"text":"a","thoughtSignature":"s"}]', "stop")
CALLED = BranchRow("model", "", '[{"functionCall":{}}]', "tool_calls")
RESULTS = '{"role":"user","parts":[{"functionResponse":{}}]}'
ANSWERED = BranchRow("model", "b", f'[{RESULTS},{{"role":"model","parts":[{{"text":"b"}}]}}]', "stop")
AGAIN = BranchRow("model", "", f'[{RESULTS},{{"role":"model","parts":[{{"functionCall":{{}}}}]}}]', "tool_calls")


def shown(*rows: BranchRow, most: int = 10_000, is_left_in_calls: bool = False) -> list[str]:
    """The messages, those with parts marked."""
    return [
        f"{message.text}*" if isinstance(message, StoredMessage) else message.text
        for message in context_of(rows, most, is_left_in_calls=is_left_in_calls)
    ]


@pytest.mark.parametrize(
    "rows, context",
    [
        ((QUESTION, PLAIN), ["q", "a"]),
        ((QUESTION, SIGNED), ["q", "a*"]),
        ((PLAIN, QUESTION, PLAIN), ["q", "a"]),
        ((SIGNED, QUESTION, SIGNED), ["q", "a*"]),
        ((QUESTION, CALLED, ANSWERED), ["q", "*", "b*"]),
        ((QUESTION, CALLED, AGAIN, ANSWERED, QUESTION, PLAIN), ["q", "*", "*", "b*", "q", "a"]),
        ((QUESTION, CALLED), []),
        ((QUESTION, CALLED, QUESTION, PLAIN), ["q", "a"]),
        ((QUESTION, PLAIN, QUESTION, CALLED), ["q", "a"]),
        ((QUESTION, ANSWERED), ["q", "b"]),
        ((QUESTION, CALLED, PLAIN), ["q", "a"]),
        ((QUESTION, BranchRow("model", "", None, "cancelled"), QUESTION, PLAIN), ["q", "a"]),
    ],
)
def test_an_answer_is_sent_as_its_parts_when_every_call_has_its_results(
    rows: tuple[BranchRow, ...], context: list[str]
) -> None:
    assert shown(*rows) == context


def test_the_calls_that_are_answered_now_are_sent_as_they_came() -> None:
    assert shown(QUESTION, CALLED, is_left_in_calls=True) == ["q", "*"]
    assert shown(QUESTION, CALLED, AGAIN, is_left_in_calls=True) == ["q", "*", "*"]


def test_of_the_parts_the_newest_are_kept() -> None:
    size = len(SIGNED.parts or "")
    assert shown(QUESTION, SIGNED, QUESTION, SIGNED, most=2 * size - 1) == ["q", "a", "q", "a*"]
    with pytest.raises(Failure, match="message_too_large"):
        context_of([QUESTION, CALLED, AGAIN], 10, is_left_in_calls=True)


def test_the_messages_are_those_of_the_branch() -> None:
    assert context_of([QUESTION, SIGNED], 100, is_left_in_calls=False) == [
        HistoryMessage("user", "q"),
        StoredMessage("model", "a", parts=b'[{"text":"a","thoughtSignature":"s"}]'),
    ]
