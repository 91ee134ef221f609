"""The context of a turn, made of the messages of its branch. Pure functions."""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from deltawire.conversations.files.filed_messages import FiledHistory, FiledMessage
from deltawire.gemini.messages import StoredMessage, contents_of
from deltawire.protocol.chat_request import HistoryMessage
from deltawire.protocol.errors import Failure
from deltawire.protocol.shown import Shown

LEFT_IN_CALLS = "tool_calls"
"""The finish reason of an answer over HTTP that ended in calls; another turn brings their results."""


class BranchRow(NamedTuple):
    """One message of a branch."""

    role: str
    text: str
    parts: str | None
    finish_reason: str | None
    shown: str | None = None
    """The files of a question, as JSON."""


def context_of(rows: Sequence[BranchRow], max_parts_bytes: int, *, is_left_in_calls: bool) -> list[HistoryMessage]:
    """Return the messages of a branch, oldest first: whole turns, the first message a question.

    A turn that delivered nothing is left out: an empty answer, and the questions directly above it. The parts of the
    newest answers are sent along, within `max_parts_bytes`; other answers are sent as text. With `is_left_in_calls`,
    the results of the last answer's calls will follow it: raise `Failure` when its parts are not among these.
    """
    sent_as_parts = _sent_as_parts(rows, max_parts_bytes, is_left_in_calls=is_left_in_calls)
    messages: list[HistoryMessage] = []
    for index, row in enumerate(rows):
        if index in sent_as_parts and row.parts is not None:
            if messages:
                messages.append(StoredMessage("model", row.text, parts=row.parts.encode()))
        elif row.text:
            if row.shown is not None:
                messages = messages if isinstance(messages, FiledHistory) else FiledHistory(messages)
                messages.append(FiledMessage("user", row.text, files=file_ids(row.shown)))
            elif messages or row.role == "user":
                messages.append(HistoryMessage(row.role, row.text))  # type: ignore[arg-type]
        elif index + 1 == len(rows) or rows[index + 1].role == "user":
            while messages and messages[-1].role == "user":
                messages.pop()
    if is_left_in_calls and len(rows) - 1 not in sent_as_parts:
        message = "The calls and results of this exchange are more than can be sent along; see MAX_PARTS_BYTES."
        raise Failure("message_too_large", message, field="tool_results")
    return messages


def _sent_as_parts(rows: Sequence[BranchRow], max_bytes: int, *, is_left_in_calls: bool) -> set[int]:
    """Return the indexes of the answers that are sent as their parts: each call among them has its results."""
    sent_as_parts: set[int] = set()
    end = len(rows)
    while end > 0:
        start = end
        while start > 0 and rows[start - 1].role == "model":
            start -= 1
        answers = rows[start:end]
        is_open = is_left_in_calls and end == len(rows)
        size = sum(len((row.parts or "").encode()) for row in answers)
        if size > max_bytes:
            break
        if _fits_together(answers, is_open=is_open):
            max_bytes -= size
            sent_as_parts.update(range(start, end))
        end = start - 1 if start == end else start
    return sent_as_parts


def _fits_together(answers: Sequence[BranchRow], *, is_open: bool) -> bool:
    """Return whether consecutive answers can be sent as their parts: each brings the results of the one before."""
    follows = False
    for answer in answers:
        if answer.parts is None:
            return False
        role, _ = contents_of(answer.parts.encode())[0]
        if (role == "user") is not follows:
            return False
        follows = answer.finish_reason == LEFT_IN_CALLS
    return bool(answers) and follows is is_open


def other_model(model: str) -> Failure:
    """Return the failure of a turn that brings results to another model than the one that called."""
    return Failure("invalid_frame", f"The calls are those of {model}, which gets their results.", field="model")


def file_ids(shown: str | None) -> tuple[str, ...]:
    """Return the ids of the files in a question's `shown`."""
    return () if shown is None else tuple(file.id for file in msgspec.json.decode(shown, type=Shown).files)
