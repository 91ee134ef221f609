"""The wire: every frame that a client sends or receives, declared once.

`decode` reads what a client sent and raises `Failure` with the field that is wrong; `encode` writes
what the server sends. docs/protocol.md says what the frames mean.
"""

import json
import re
from typing import Annotated, Any, Final, Literal, get_type_hints

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import asdict

from server.errors import Failure

TURN_ID: Final = r"^[A-Za-z0-9_.:-]{1,64}$(?!\n)"
MODEL_NAME: Final = r"^[A-Za-z0-9._-]{1,128}$(?!\n)"
_INT32: Final = 2**31 - 1

type_tag: Final = "type"


class HistoryMessage(Struct, frozen=True, forbid_unknown_fields=True):
    """One earlier message, as the context of a turn."""

    role: Annotated[Literal["user", "model"], Meta(description='"user" or "model"')]
    text: Annotated[str, Meta(description="a string")]


class ChatRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a turn is asked, the same on every transport. A field that is null counts as absent."""

    message: Annotated[str, Meta(min_length=1, description="a string that is not empty")]
    id: Annotated[str, Meta(pattern=TURN_ID, description="1 to 64 of A-Z a-z 0-9 _ . : -")] | None = None
    model: (
        Annotated[str, Meta(pattern=MODEL_NAME, description="a model's name: 1 to 128 of A-Z a-z 0-9 . _ -")] | None
    ) = None
    system: Annotated[str, Meta(description="a string")] | None = None
    history: (
        Annotated[
            list[HistoryMessage],
            Meta(max_length=10_000, description='a list of at most 10,000 {"role", "text"} objects, oldest first'),
        ]
        | None
    ) = None
    temperature: Annotated[float, Meta(ge=0, le=2, description="a number from 0 to 2")] | None = None
    top_p: Annotated[float, Meta(ge=0, le=1, description="a number from 0 to 1")] | None = None
    # A float, because JSON has one kind of number and 256.0 is a whole one.
    max_output_tokens: (
        Annotated[float, Meta(ge=1, le=_INT32, multiple_of=1, description=f"a whole number from 1 to {_INT32}")] | None
    ) = None
    stop: (
        Annotated[
            list[Annotated[str, Meta(min_length=1)]],
            Meta(min_length=1, max_length=5, description="a list of 1 to 5 strings that are not empty"),
        ]
        | None
    ) = None
    thinking: (
        Annotated[Literal["off", "low", "medium", "high"], Meta(description='"off", "low", "medium" or "high"')] | None
    ) = None


class Chat(ChatRequest, frozen=True, tag="chat", tag_field=type_tag):
    """Start a turn."""


class Cancel(Struct, frozen=True, forbid_unknown_fields=True, tag="cancel", tag_field=type_tag):
    """End the turn with this id; without one, every turn of this socket."""

    id: Annotated[str, Meta(pattern=TURN_ID, description="the id of a running turn")] | None = None


class Delta(Struct, frozen=True, tag="delta", tag_field=type_tag):
    """The next piece of the answer, never empty."""

    id: str
    text: str


class Thought(Struct, frozen=True, tag="thought", tag_field=type_tag):
    """The next piece of the model's summary of its thoughts, never empty."""

    id: str
    text: str


class Spent(Struct, frozen=True, kw_only=True):
    """What a turn cost: tokens, milliseconds, dollars. What is not known is null, never 0."""

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


class Usage(Spent, frozen=True, tag="usage", tag_field=type_tag):
    """The end of a turn that was answered or cancelled."""

    # Not keyword-only, so that msgspec puts it before what is inherited: `type`, then `id`.
    id: str


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


FrameUp = Chat | Cancel
FrameDown = Delta | Thought | Usage | ErrorFrame

encode = msgspec.json.Encoder().encode
"""One frame to UTF-8 JSON bytes."""

_decode = msgspec.json.Decoder(FrameUp).decode
_decode_request = msgspec.json.Decoder(ChatRequest).decode
_turn_id = re.compile(TURN_ID)
_at_path = re.compile(r" - at `\$\.?(.*)`$", re.DOTALL)
_named_field = re.compile(r"^Object (?:contains unknown|missing required) field `(.*?)`(?: - at|$)", re.DOTALL)
_LONGEST_FIELD: Final = 128


def decode(text: str) -> FrameUp:
    """Read a frame that a client sent; raise `Failure` (`invalid_json`, `invalid_frame`)."""
    try:
        frame: FrameUp = _decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise _explain(text, error) from None
    return frame


def decode_request(body: bytes) -> ChatRequest:
    """Read the body of an HTTP request: the fields of `chat`; raise `Failure` as `decode` does."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise Failure("invalid_json", "That is not JSON: it is not UTF-8.") from None
    try:
        return _decode_request(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise _explain(text, error) from None


def claimed_id(text: str | bytes) -> tuple[str | None, bool]:
    """The turn id that a refused frame names, if it names one, and whether it wanted to start that turn."""
    try:
        frame = json.loads(text, parse_int=float)
    except (ValueError, RecursionError):
        return None, False
    name = frame.get("id") if isinstance(frame, dict) else None
    if not isinstance(name, str) or not _turn_id.match(name):
        return None, False
    return name, frame.get(type_tag) == "chat"


def spent_of(usage: Usage) -> Spent:
    """The figures of a `usage` frame without its id."""
    figures = asdict(usage)
    del figures["id"]
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
        retryable=failure.kind.retryable,
        retry_after=failure.retry_after,
        usage=usage,
    )


def _rules(struct: type[Struct], prefix: str = "") -> dict[str, str]:
    """Each field's path to what it takes, read off the declarations above."""
    rules = {}
    for name, hint in get_type_hints(struct, include_extras=True).items():
        for part in (hint, *getattr(hint, "__args__", ())):
            for meta in getattr(part, "__metadata__", ()):
                if isinstance(meta, Meta) and meta.description:
                    rules[prefix + name] = meta.description
    return rules


_RULES: Final = {
    type_tag: '"chat" or "cancel"',
    "history[]": 'an object with "role" and "text"',
    "stop[]": "a string that is not empty",
    **_rules(Cancel),
    **_rules(ChatRequest),
    **_rules(HistoryMessage, "history[]."),
}


def _invalid(complaint: str) -> Failure:
    """What msgspec says of a frame, as a sentence of ours about one field."""
    at = _at_path.search(complaint)
    path = at[1] if at else ""
    if named := _named_field.match(complaint):
        field = f"{path}.{named[1]}" if path else named[1]
        if complaint.startswith("Object contains"):
            field = field[:_LONGEST_FIELD]
            return Failure("invalid_frame", f"There is no field {field} here.", field=field)
        return Failure("invalid_frame", f"{field} is missing: {_rule(field)}.", field=field)
    if not path:
        return Failure("invalid_frame", "A frame is one JSON object.")
    return Failure("invalid_frame", f"{path} must be {_rule(path)}.", field=path)


def _rule(path: str) -> str:
    return _RULES.get(re.sub(r"\[\d+\]", "[]", path), "something else")


def _explain(text: str, error: Exception) -> Failure:
    """Tell text that is not JSON, JSON that is not Unicode, and JSON that is no frame from each other."""
    try:
        return _explanation(text, error)
    except RecursionError:
        return Failure("invalid_frame", "The frame is nested too deeply.")


def _explanation(text: str, error: Exception) -> Failure:
    try:
        value = json.loads(text, parse_constant=_no_constant, parse_int=float)
    except json.JSONDecodeError as malformed:
        return Failure("invalid_json", f"That is not JSON: {malformed.msg} at character {malformed.pos + 1}.")
    except (RecursionError, ValueError):  # nested too deeply, or a number too long for Python
        value = None
    if isinstance(error, msgspec.ValidationError):
        return _invalid(str(error))
    if isinstance(error, RecursionError):
        raise error
    field = _lone_surrogate(value)
    if field is None:
        return Failure("invalid_json")
    message = f"{field or 'The frame'} must be Unicode text: it holds half of a surrogate pair."
    return Failure("invalid_frame", message, field=field or None)


def _no_constant(name: str) -> Any:
    raise json.JSONDecodeError(f"{name} is no number", name, 0)


def _lone_surrogate(value: Any, path: str = "") -> str | None:
    """The path of the first string that cannot be written as UTF-8; None when every one can be."""
    if isinstance(value, str):
        return path if any("\ud800" <= char <= "\udfff" for char in value) else None
    if isinstance(value, dict):
        children = [(f"{path}.{key}" if path else str(key), child) for key, child in value.items()]
        if any(_lone_surrogate(key) is not None for key in value):
            return path
    elif isinstance(value, list):
        children = [(f"{path}[{index}]", child) for index, child in enumerate(value)]
    else:
        return None
    found = (_lone_surrogate(child, where) for where, child in children)
    return next((where for where in found if where is not None), None)
