"""The wire: every frame that a client sends or receives, declared once.

`decode` reads what a client sent and raises `Failure` with the field that is wrong; `encode` writes
what the server sends. docs/reference/wire.md says what the frames mean.
"""

from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType
from msgspec.structs import asdict

from deltawire.protocol.decoding import StrictDecoder, rules_of
from deltawire.protocol.errors import Failure

TURN_ID: Final = r"^[A-Za-z0-9_.:-]{1,64}$(?!\n)"
MODEL_NAME: Final = r"^[A-Za-z0-9._-]{1,128}$(?!\n)"
STORED_ID: Final = r"^[A-Za-z0-9_-]{1,64}$(?!\n)"
RUN_NAME: Final = r"^[A-Za-z0-9_-]{22,64}$(?!\n)"
MAX_STOP_CHARS: Final = 1_000
MAX_TOKEN_CHARS: Final = 8_192
_MAX_HISTORY: Final = 10_000
_MAX_STRINGS: Final = 4 * _MAX_HISTORY + 100
"""The strings of a frame: four of each earlier message, and those of the other fields."""
MAX_REF: Final = 64
INT32: Final = 2**31 - 1
_A_RUN: Final = "the name of a run"

type_tag: Final = "type"


Seed = Annotated[
    float, Meta(ge=-INT32 - 1, le=INT32, multiple_of=1, description=f"a whole number from {-INT32 - 1} to {INT32}")
]
"""A seed: the same one makes the same answer likelier."""


class HistoryMessage(Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """One earlier message, as the context of a turn."""

    role: Annotated[Literal["user", "model"], Meta(description='"user" or "model"')]
    text: Annotated[str, Meta(description="a string")]


class TurnSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The settings of a turn. A field that is null counts as absent."""

    model: (
        Annotated[str, Meta(pattern=MODEL_NAME, description="a model's name: 1 to 128 of A-Z a-z 0-9 . _ -")] | None
    ) = None
    system: Annotated[str, Meta(description="a string")] | None = None
    temperature: Annotated[float, Meta(ge=0, le=2, description="a number from 0 to 2")] | None = None
    top_p: Annotated[float, Meta(ge=0, le=1, description="a number from 0 to 1")] | None = None
    # A float, because JSON has one kind of number and 256.0 is a whole one.
    max_output_tokens: (
        Annotated[float, Meta(ge=1, le=INT32, multiple_of=1, description=f"a whole number from 1 to {INT32}")] | None
    ) = None
    stop: (
        Annotated[
            list[Annotated[str, Meta(min_length=1, max_length=MAX_STOP_CHARS)]],
            Meta(
                min_length=1,
                max_length=5,
                description=f"a list of 1 to 5 strings of 1 to {MAX_STOP_CHARS:,} characters",
            ),
        ]
        | None
    ) = None
    thinking: (
        Annotated[Literal["off", "low", "medium", "high"], Meta(description='"off", "low", "medium" or "high"')] | None
    ) = None


class ChatRequest(TurnSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The request of a turn, the same on every transport. A field that is null counts as absent."""

    message: Annotated[str, Meta(min_length=1, description="a string that is not empty")]
    id: Annotated[str, Meta(pattern=TURN_ID, description="1 to 64 of A-Z a-z 0-9 _ . : -")] | None = None
    history: (
        Annotated[
            list[HistoryMessage],
            Meta(
                max_length=_MAX_HISTORY,
                description=f'a list of at most {_MAX_HISTORY:,} {{"role", "text"}} objects, oldest first',
            ),
        ]
        | None
    ) = None
    conversation: Annotated[str, Meta(pattern=STORED_ID, description="the id of a conversation")] | None = None
    parent: (
        Annotated[str, Meta(pattern=STORED_ID, description="the id of a message of the conversation, or its own")]
        | None
    ) = None
    grace: Annotated[float, Meta(ge=0, description="seconds, 0 or more")] | None = None
    seed: Seed | None = None


class Chat(ChatRequest, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="chat", tag_field=type_tag):
    """Start a turn. An error that refuses this frame repeats its `ref`, also when its `id` is what is wrong."""

    ref: (
        Annotated[str, Meta(min_length=1, max_length=MAX_REF, description=f"a string of 1 to {MAX_REF} characters")]
        | None
    ) = None


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


class Spent(Struct, frozen=True, kw_only=True):
    """The usage of a turn: tokens, milliseconds, dollars. A figure that is not known is null, never 0.

    The last three are the ids of what is stored of a turn of a conversation; `message` is its answer.
    """

    model: str
    finish_reason: str | None
    input_tokens: int | None
    output_tokens: int | None
    thought_tokens: int | None
    tool_tokens: int | None
    cached_tokens: int | None
    total_tokens: int | None
    measured: Literal["reported", "partial", "unknown"]
    first_delta_ms: int | None
    duration_ms: int
    cost_usd: float | None
    conversation: str | None = None
    question: str | None = None
    message: str | None = None


TOKEN_FIELDS: Final = tuple(name for name in Spent.__struct_fields__ if name.endswith("_tokens"))
"""The field of every kind of token that is counted: `input_tokens`, `output_tokens` and so on."""
TOKEN_KINDS: Final = tuple(name.removesuffix("_tokens") for name in TOKEN_FIELDS)
"""The kinds themselves: `input`, `output` and so on."""
NANO: Final = 10**9
"""Nanodollars in a dollar: costs are added up as whole numbers."""


class Usage(Spent, frozen=True, tag="usage", tag_field=type_tag):
    """The end of a turn that was answered or cancelled."""

    # Not keyword-only, so that msgspec puts it before what is inherited: `type`, then `id`.
    id: str
    seq: int | UnsetType = UNSET


class ErrorFrame(Struct, frozen=True, kw_only=True, tag="error", tag_field=type_tag):
    """The end of a turn that failed, or a refusal. Only the former carries the turn's `id`."""

    id: str | None
    ref: str | None
    code: str
    message: str
    field: str | None
    retryable: bool
    retry_after: float | None
    usage: Spent | None
    seq: int | UnsetType = UNSET


FrameUp = Chat | Cancel | Resume | Auth
TurnFrame = Delta | Thought | Usage | ErrorFrame
"""The frames of a turn, on every transport."""
NumberedFrame = Started | TurnFrame
"""The frames of a turn with grace: each has its number."""
FrameDown = NumberedFrame
"""The frames that a socket sends."""

_encode = msgspec.json.Encoder().encode


def encode(value: Any) -> bytes:
    """Return a frame, or any other value, as UTF-8 JSON that is one line to every reader.

    U+2028, U+2029 and U+0085 end a line in other languages, not in JSON; so they are escaped. The looks for single
    bytes come first, because they cost 50 ns, and a search for these characters ten times that.
    """
    data = _encode(value)
    if data.isascii() or not ((0xE2 in data and (0xA8 in data or 0xA9 in data)) or (0xC2 in data and 0x85 in data)):
        return data
    data = data.replace(b"\xe2\x80\xa8", rb"\u2028").replace(b"\xe2\x80\xa9", rb"\u2029")
    return data.replace(b"\xc2\x85", rb"\u0085")


REQUEST_RULES: Final = {
    **rules_of(ChatRequest),
    "history[]": 'an object with "role" and "text"',
    **rules_of(HistoryMessage, "history[]."),
    "stop[]": f"a string of 1 to {MAX_STOP_CHARS:,} characters",
}
_frames_up: StrictDecoder[FrameUp] = StrictDecoder(
    FrameUp,
    {
        type_tag: '"chat", "cancel", "resume" or "auth"',
        **rules_of(Cancel),
        **rules_of(Resume),
        **rules_of(Auth),
        **rules_of(Chat),
        **REQUEST_RULES,
    },
    _MAX_STRINGS,
)
_requests: StrictDecoder[ChatRequest] = StrictDecoder(ChatRequest, REQUEST_RULES, _MAX_STRINGS)
decode = _frames_up.read
"""Read a frame that a client sent; raise `Unreadable` (`invalid_json`, `invalid_frame`)."""
decode_request = _requests.read_bytes
"""Read the body of an HTTP request, the fields of `chat`; raise `Unreadable` as `decode` does."""


def spent_of(usage: Usage) -> Spent:
    """The figures of a `usage` frame without its id and number."""
    figures = asdict(usage)
    del figures["id"], figures["seq"]
    return Spent(**figures)


def error_frame(
    failure: Failure, *, turn: str | None = None, ref: str | None = None, usage: Spent | None = None
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
