"""The wire: every frame that a client sends or receives, declared once.

`decode` reads what a client sent and raises `Failure` with the field that is wrong; `encode` writes
what the server sends. docs/reference/wire.md says what the frames mean.
"""

from typing import Annotated, Any, Final

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType
from msgspec.structs import asdict

from deltawire.protocol.chat_request import INT32, MAX_STRINGS, REQUEST_RULES, TURN_ID, ChatRequest, lacks_message
from deltawire.protocol.decoding import StrictDecoder, Unreadable, rules_of
from deltawire.protocol.errors import Failure
from deltawire.protocol.shown import (
    ShownCall,
    ShownCitation,
    ShownCode,
    ShownCodeResult,
    ShownFile,
    ShownPart,
    ShownSearch,
    ShownSource,
)
from deltawire.protocol.tools import ANSWER_RULE, CallName, ToolError, has_one_answer
from deltawire.protocol.usage_figures import UsageFigures

RUN_NAME: Final = r"^[A-Za-z0-9_-]{22,64}$(?!\n)"
MAX_TOKEN_CHARS: Final = 8_192
MAX_REF_CHARS: Final = 64
_A_REF: Final = f"a string of 1 to {MAX_REF_CHARS} characters"
_A_RUN: Final = "the name of a run"

type_tag: Final = "type"


class Chat(ChatRequest, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="chat", tag_field=type_tag):
    """Start a turn. An error that refuses this frame repeats its `ref`, also when its `id` is what is wrong."""

    ref: Annotated[str, Meta(min_length=1, max_length=MAX_REF_CHARS, description=_A_REF)] | None = None


class Cancel(Struct, frozen=True, forbid_unknown_fields=True, tag="cancel", tag_field=type_tag):
    """End the turn with this id, or this run of the same caller; without either, every turn of this socket."""

    id: Annotated[str, Meta(pattern=TURN_ID, description="the id of a running turn")] | None = None
    run: Annotated[str, Meta(pattern=RUN_NAME, description=_A_RUN)] | None = None


class Resume(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="resume", tag_field=type_tag):
    """Listen to a run, from the frame after number `after`; its frames have this `id` on this socket."""

    run: Annotated[str, Meta(pattern=RUN_NAME, description=_A_RUN)]
    after: Annotated[float, Meta(ge=0, le=INT32, multiple_of=1, description="the number of a frame, or 0")] = 0
    id: Annotated[str, Meta(pattern=TURN_ID, description="1 to 64 of A-Z a-z 0-9 _ . : -")] | None = None


class Auth(Struct, frozen=True, forbid_unknown_fields=True, tag="auth", tag_field=type_tag):
    """A fresh token for the one who opened this socket."""

    token: Annotated[
        str,
        Meta(min_length=1, max_length=MAX_TOKEN_CHARS, description=f"a string of 1 to {MAX_TOKEN_CHARS:,} characters"),
    ]

    def __repr__(self) -> str:
        """Nothing of the token."""
        return "Auth()"


class ToolResult(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="tool_result", tag_field=type_tag):
    """Answer one call of a running turn: with its `result`, or with the `error` that it ended in."""

    id: Annotated[str, Meta(pattern=TURN_ID, description="the id of a running turn")]
    call: CallName
    result: Annotated[Any, Meta(description="any JSON")] = UNSET
    error: ToolError | UnsetType | None = UNSET


class Started(Struct, frozen=True, tag="started", tag_field=type_tag):
    """The first frame of a turn with grace: the name of its run, and where its question is stored."""

    id: str
    run: str
    conversation: str | None
    question: str | None
    seq: int


class Delta(Struct, frozen=True, tag="delta", tag_field=type_tag):
    """The next piece of the answer, never empty. `seq` is its number in a run; absent in a turn without grace."""

    id: str
    text: str
    seq: int | UnsetType = UNSET


class Thought(Struct, frozen=True, tag="thought", tag_field=type_tag):
    """The next piece of the model's summary of its thoughts, never empty."""

    id: str
    text: str
    seq: int | UnsetType = UNSET


# The frames of an answer's other parts. What they hold is inherited, and comes after `type`, `id` and `seq`.


class Source(ShownSource, frozen=True, tag="source", tag_field=type_tag):
    """A page that the answer rests on; each comes once, before the citations that name it."""

    id: str
    seq: int | UnsetType = UNSET


class Citation(ShownCitation, frozen=True, tag="citation", tag_field=type_tag):
    """A piece of the answer, in code points of its whole text, and its sources; after the text that it cites."""

    id: str
    seq: int | UnsetType = UNSET


class Search(ShownSearch, frozen=True, tag="search", tag_field=type_tag):
    """The queries of a search, and the provider's suggestions, to be shown unchanged."""

    id: str
    seq: int | UnsetType = UNSET


class Code(ShownCode, frozen=True, tag="code", tag_field=type_tag):
    """Code that the model runs."""

    id: str
    seq: int | UnsetType = UNSET


class CodeResult(ShownCodeResult, frozen=True, tag="code_result", tag_field=type_tag):
    """The outcome of code that the model ran."""

    id: str
    seq: int | UnsetType = UNSET


class FileFrame(Struct, frozen=True, tag="file", tag_field=type_tag):
    """A picture or another file that the model made, kept as a file of the caller's: `file` is its id.

    Where it could not be kept, `file` is null, and `error` is the code of the reason.
    """

    id: str
    file: str | None
    media_type: str
    name: str
    size: int
    seq: int | UnsetType = UNSET
    error: str | UnsetType = UNSET


class PictureFrame(FileFrame, frozen=True, kw_only=True):
    """A picture that is not kept: the frame holds it. Only the writers of OpenAI's wire get one."""

    data: str
    """The bytes in base64."""

    def __repr__(self) -> str:
        """Return the type and the size: the bytes do not reach a log."""
        return f"PictureFrame({self.media_type}, {self.size} bytes)"


class ToolCall(ShownCall, frozen=True, tag="tool_call", tag_field=type_tag):
    """A call of a function. The turn waits for its `tool_result`; over HTTP it ends."""

    id: str
    seq: int | UnsetType = UNSET


class Usage(UsageFigures, frozen=True, tag="usage", tag_field=type_tag):
    """The end of a turn that was answered or cancelled."""

    # Not keyword-only, so that msgspec puts it before what is inherited: `type`, then `id`.
    id: str
    seq: int | UnsetType = UNSET
    state: str | UnsetType = UNSET
    """The state of a turn over HTTP that ended in calls outside of a conversation; absent in any other."""


class ErrorFrame(Struct, frozen=True, kw_only=True, tag="error", tag_field=type_tag):
    """The end of a turn that failed, or a refusal. Only the former carries the turn's `id`."""

    id: str | None
    ref: str | None
    code: str
    message: str
    field: str | None
    retryable: bool
    retry_after: float | None
    usage: UsageFigures | None
    seq: int | UnsetType = UNSET


FrameUp = Chat | Cancel | Resume | Auth | ToolResult
PartFrame = Source | Citation | Search | Code | CodeResult | FileFrame | ToolCall
"""The frames of an answer's parts beside its text."""
TurnFrame = Delta | Thought | PartFrame | Usage | ErrorFrame
"""The frames of a turn, on every transport."""
NumberedFrame = Started | TurnFrame
"""The frames of a turn with grace: each has its number."""
FrameDown = NumberedFrame
"""The frames that a socket sends."""

_encode = msgspec.json.Encoder().encode


def encode(value: Any) -> bytes:
    """Return a frame, or any other value, as UTF-8 JSON that is one line to every reader.

    U+2028, U+2029 and U+0085 end a line in other languages, not in JSON; so they are escaped. Single bytes are
    looked for first: that costs 50 ns, and a search for the characters ten times that.
    """
    data = _encode(value)
    if data.isascii() or not ((0xE2 in data and (0xA8 in data or 0xA9 in data)) or (0xC2 in data and 0x85 in data)):
        return data
    data = data.replace(b"\xe2\x80\xa8", rb"\u2028").replace(b"\xe2\x80\xa9", rb"\u2029")
    return data.replace(b"\xc2\x85", rb"\u0085")


_frames_up: StrictDecoder[FrameUp] = StrictDecoder(
    FrameUp,
    {
        type_tag: '"chat", "cancel", "resume", "auth" or "tool_result"',
        **rules_of(Cancel),
        **rules_of(Resume),
        **rules_of(Auth),
        **rules_of(ToolResult),
        **rules_of(Chat),
        **REQUEST_RULES,
    },
    MAX_STRINGS,
)


def decode(text: str) -> FrameUp:
    """Read a frame that a client sent; raise `Unreadable` (`invalid_json`, `invalid_frame`)."""
    frame = _frames_up.read(text)
    if type(frame) is Chat and not frame.message and lacks_message(frame):
        raise _frames_up.missing(text, "message")
    if type(frame) is ToolResult and not has_one_answer(frame.result, frame.error):
        value = {type_tag: "tool_result", "id": frame.id}
        raise Unreadable("invalid_frame", f"A tool_result is {ANSWER_RULE}.", field="result", value=value)
    return frame


def figures_of(usage: Usage) -> UsageFigures:
    """The figures of a `usage` frame without its id and number."""
    figures = asdict(usage)
    del figures["id"], figures["seq"], figures["state"]
    return UsageFigures(**figures)


def shown_part(frame: PartFrame) -> ShownPart | None:
    """Return a frame in the form that an answer keeps; None for a file that was not kept."""
    if isinstance(frame, FileFrame):
        if frame.file is None:
            return None
        return ShownFile(id=frame.file, name=frame.name, type=frame.media_type, size=frame.size)
    return frame


def error_frame(
    failure: Failure, *, turn: str | None = None, ref: str | None = None, usage: UsageFigures | None = None
) -> ErrorFrame:
    """The frame that tells a client of a failure."""
    return ErrorFrame(
        id=turn,
        ref=ref,
        code=failure.code,
        message=failure.message,
        field=failure.field,
        retryable=failure.retryable,
        retry_after=failure.retry_after,
        usage=usage,
    )
