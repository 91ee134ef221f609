"""The messages between processes, and the entries of a stream."""

from typing import Final

import msgspec
from msgspec import Struct

from deltawire.chat.runs.states import Departure, RunState
from deltawire.protocol.errors import Failure
from deltawire.protocol.frames import NumberedFrame, encode
from deltawire.protocol.tools import ToolAnswer


class AskReport(Struct, frozen=True, tag="report"):
    """Ask for the report of a run."""

    run: str
    process: str
    """The process that asks."""
    ask: str
    """The number of this question, which its reply repeats."""


class Report(Struct, frozen=True, tag="reply"):
    """The report of a run; `turn` is None for one that is not there."""

    ask: str
    turn: str | None = None
    state: RunState = RunState.ENDED
    seq: int = 0
    conversation: str | None = None
    question: str | None = None


class Listen(Struct, frozen=True, tag="listen"):
    """Write a run's frames after this number to a stream."""

    run: str
    after: int
    process: str
    """The process that asks."""
    stream: str
    """The name of the stream."""


class Leave(Struct, frozen=True, tag="leave"):
    """The reader of a stream has left."""

    stream: str
    departure: Departure


class GiveResult(Struct, frozen=True, tag="answer"):
    """Give a run the result of a call, or its error."""

    run: str
    process: str
    """The process that asks."""
    ask: str
    """The number of this question, which its reply repeats."""
    answer: ToolAnswer


class ResultGiven(Struct, frozen=True, tag="answered"):
    """Say that a result was accepted; or `code`, `message` and `field` of the failure."""

    ask: str
    code: str | None = None
    message: str | None = None
    field: str | None = None


class Stop(Struct, frozen=True, tag="stop"):
    """Stop a run."""

    run: str


Message = AskReport | Report | GiveResult | ResultGiven | Listen | Leave | Stop

END: Final = b"."
"""The last entry of a stream: the run has ended."""
_REFUSED: Final = b"!"

write_message = msgspec.json.Encoder().encode
read_message = msgspec.json.Decoder(Message).decode
_read_frame = msgspec.json.Decoder(NumberedFrame).decode
write_frame = encode


class _Refused(Struct, frozen=True):
    code: str
    message: str
    field: str | None


def write_refusal(failure: Failure) -> bytes:
    """Return the entry of a failure, which is the last one."""
    return _REFUSED + write_message(_Refused(failure.code, failure.message, failure.field))


def unreachable() -> Failure:
    """Return the failure for a run whose process cannot be asked now."""
    return Failure("store_unavailable", "This run cannot be reached at the moment; try again.")


def read_entry(entry: bytes) -> NumberedFrame | None:
    """Return the frame of an entry; None for the end. Raise the `Failure` that an entry holds."""
    if entry == END:
        return None
    if entry.startswith(_REFUSED):
        refused = msgspec.json.decode(entry[1:], type=_Refused)
        raise Failure(refused.code, refused.message, field=refused.field)
    frame: NumberedFrame = _read_frame(entry)
    return frame
