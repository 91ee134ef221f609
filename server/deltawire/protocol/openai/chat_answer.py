"""The answer of `POST /v1/chat/completions`: whole, or as the chunks of a stream."""

from collections.abc import Sequence
from typing import Final, Literal

from msgspec import UNSET, Struct, UnsetType

from deltawire.protocol.errors import TABLE
from deltawire.protocol.frames import Delta, ErrorFrame, PictureFrame, Thought, ToolCall, TurnFrame, Usage, encode
from deltawire.protocol.openai.calls import arguments_text, call_id
from deltawire.protocol.openai.errors import error_body
from deltawire.protocol.openai.pictures import (
    CompletionPicture,
    PartBesidesText,
    calls_among,
    completion_picture,
    pictures_among,
)
from deltawire.protocol.openai.token_details import CompletionTokens, PromptTokens, completion_details, prompt_details
from deltawire.protocol.shown import ShownCall
from deltawire.protocol.usage_figures import UsageFigures

FinishReason = Literal["stop", "length", "content_filter", "tool_calls"]
_FINISHES: Final[dict[str | None, FinishReason]] = {
    "stop": "stop",
    "max_tokens": "length",
    "continuation": "length",
    "tool_calls": "tool_calls",
}
"""Any other finish reason of the provider is `content_filter`: the answer is not what the model would have given."""
_DONE: Final = b"data: [DONE]\n\n"


class CompletionUsage(Struct, frozen=True, kw_only=True):
    """The tokens of a completion. It is left out where they are not known."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    prompt_tokens_details: PromptTokens | UnsetType = UNSET
    completion_tokens_details: CompletionTokens | UnsetType = UNSET


class CalledFunction(Struct, frozen=True, kw_only=True):
    """The function of a call; the arguments are JSON."""

    name: str
    arguments: str


class CompletionCall(Struct, frozen=True, kw_only=True):
    """A call of a function. `index` is its position among the calls of the answer."""

    index: int
    id: str
    type: Literal["function"] = "function"
    function: CalledFunction


class CompletionMessage(Struct, frozen=True, kw_only=True):
    """The message of a whole answer."""

    role: Literal["assistant"] = "assistant"
    content: str | None
    """Null in an answer that has calls and no text."""
    refusal: None = None
    reasoning_content: str | UnsetType = UNSET
    images: list[CompletionPicture] | UnsetType = UNSET
    """Absent in an answer without pictures."""
    tool_calls: list[CompletionCall] | UnsetType = UNSET


class Choice(Struct, frozen=True, kw_only=True):
    """The one choice of a whole answer."""

    index: Literal[0] = 0
    message: CompletionMessage
    finish_reason: FinishReason
    logprobs: None = None


class ChatCompletion(Struct, frozen=True, kw_only=True):
    """A whole answer."""

    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    model: str
    choices: list[Choice]
    usage: CompletionUsage | UnsetType = UNSET


class ChunkDelta(Struct, frozen=True, kw_only=True):
    """The pieces of the answer that a chunk adds."""

    role: Literal["assistant"] | UnsetType = UNSET
    content: str | UnsetType | None = UNSET
    reasoning_content: str | UnsetType = UNSET
    images: list[CompletionPicture] | UnsetType = UNSET
    tool_calls: list[CompletionCall] | UnsetType = UNSET


class ChunkChoice(Struct, frozen=True, kw_only=True):
    """The one choice of a chunk; `finish_reason` is null but in the last."""

    index: Literal[0] = 0
    delta: ChunkDelta
    finish_reason: FinishReason | None = None


class ChatCompletionChunk(Struct, frozen=True, kw_only=True):
    """A chunk of a stream. `usage` is absent where it was not asked for, and null in all chunks but the last."""

    id: str
    object: Literal["chat.completion.chunk"] = "chat.completion.chunk"
    created: int
    model: str
    choices: list[ChunkChoice]
    usage: CompletionUsage | UnsetType | None = UNSET


def finish_of(figures: UsageFigures) -> FinishReason:
    """Return OpenAI's word for the end of an answer."""
    return _FINISHES.get(figures.finish_reason, "content_filter")


def usage_of(figures: UsageFigures) -> CompletionUsage | None:
    """Return the tokens of a turn; None where a count is not known."""
    if figures.input_tokens is None or figures.output_tokens is None:
        return None
    prompt = figures.input_tokens + (figures.tool_tokens or 0)
    completion = figures.output_tokens + (figures.thought_tokens or 0)
    return CompletionUsage(
        prompt_tokens=prompt,
        completion_tokens=completion,
        total_tokens=prompt + completion,
        prompt_tokens_details=prompt_details(figures),
        completion_tokens_details=completion_details(figures),
    )


def completion_of(
    turn: str,
    text: str,
    thoughts: str,
    figures: UsageFigures,
    created: int,
    parts: Sequence[PartBesidesText] = (),
) -> ChatCompletion:
    """Return the whole answer of a turn; `created` is in seconds since the epoch.

    `parts` has its calls and its pictures.
    """
    calls = [_call(turn, index, call) for index, call in enumerate(calls_among(parts))]
    content = None if calls and not text else text
    message = CompletionMessage(
        content=content,
        reasoning_content=thoughts or UNSET,
        images=[completion_picture(picture.frame, index) for index, picture in enumerate(pictures_among(parts))]
        or UNSET,
        tool_calls=calls or UNSET,
    )
    return ChatCompletion(
        id=completion_id(turn),
        created=created,
        model=figures.model,
        choices=[Choice(message=message, finish_reason=finish_of(figures))],
        usage=usage_of(figures) or UNSET,
    )


def _call(turn: str, index: int, call: ShownCall) -> CompletionCall:
    function = CalledFunction(name=call.name, arguments=arguments_text(call.arguments))
    return CompletionCall(index=index, id=call_id(turn, index), function=function)


def completion_id(turn: str) -> str:
    """Return the id of the answer of a turn."""
    return f"chatcmpl-{turn}"


class ChunkWriter:
    """Writes the frames of one turn as chunks."""

    __slots__ = ("_calls", "_created", "_has_begun", "_id", "_pictures", "_turn", "_usage")

    def __init__(self, turn: str, created: int, *, wants_usage: bool) -> None:
        """Start before the first frame; `created` is in seconds since the epoch."""
        self._turn = turn
        self._id = completion_id(turn)
        self._calls = 0
        self._pictures = 0
        self._created = created
        self._has_begun = False
        self._usage: UnsetType | None = None if wants_usage else UNSET

    def events(self, frame: TurnFrame, model: str) -> bytes:
        """Return the events of the next frame; `model` is the one that answers."""
        if isinstance(frame, ErrorFrame):
            return _event(error_body(frame.code, frame.message, frame.field, TABLE[frame.code].status))
        content = None if isinstance(frame, ToolCall) else ""
        begin = b"" if self._has_begun else self._chunk(model, ChunkDelta(role="assistant", content=content))
        self._has_begun = True
        if isinstance(frame, Delta):
            return begin + self._chunk(model, ChunkDelta(content=frame.text))
        if isinstance(frame, Thought):
            return begin + self._chunk(model, ChunkDelta(reasoning_content=frame.text))
        if isinstance(frame, ToolCall | PictureFrame):
            return begin + self._chunk(model, self._whole(frame))
        if not isinstance(frame, Usage):
            return begin
        return begin + self._chunk(model, ChunkDelta(), finish_of(frame)) + self._last(frame) + _DONE

    def _whole(self, part: ToolCall | PictureFrame) -> ChunkDelta:
        """Return the delta of a part that comes whole."""
        if isinstance(part, PictureFrame):
            self._pictures += 1
            return ChunkDelta(images=[completion_picture(part, self._pictures - 1)])
        self._calls += 1
        return ChunkDelta(tool_calls=[_call(self._turn, self._calls - 1, part)])

    def _chunk(self, model: str, delta: ChunkDelta, finish: FinishReason | None = None) -> bytes:
        choices = [ChunkChoice(delta=delta, finish_reason=finish)]
        return _event(
            ChatCompletionChunk(id=self._id, created=self._created, model=model, choices=choices, usage=self._usage)
        )

    def _last(self, figures: UsageFigures) -> bytes:
        """Return the chunk with the usage, where it was asked for and is known."""
        usage = None if self._usage is UNSET else usage_of(figures)
        if usage is None:
            return b""
        return _event(
            ChatCompletionChunk(id=self._id, created=self._created, model=figures.model, choices=[], usage=usage)
        )


def _event(value: Struct) -> bytes:
    return b"data: %b\n\n" % encode(value)
