"""The answer of `POST /v1/responses`: whole."""

from collections.abc import Sequence
from typing import Any, Final, Literal

from msgspec import UNSET, Struct, UnsetType, field
from msgspec.structs import replace

from deltawire.protocol.errors import TABLE
from deltawire.protocol.frames import ErrorFrame
from deltawire.protocol.openai.calls import arguments_text, call_id
from deltawire.protocol.openai.chat_answer import finish_of
from deltawire.protocol.openai.functions import repeated_choice, repeated_tools
from deltawire.protocol.openai.json_answers import repeated_format
from deltawire.protocol.openai.pictures import PartBesidesText, calls_among, pictures_among
from deltawire.protocol.openai.response_request import ResponseRequest
from deltawire.protocol.shown import ShownCall
from deltawire.protocol.usage_figures import UsageFigures

Status = Literal["in_progress", "completed", "incomplete", "failed"]
_CUT_BY: Final = {"length": "max_output_tokens", "content_filter": "content_filter"}


class OutputText(Struct, frozen=True, kw_only=True):
    """The text of a message."""

    type: Literal["output_text"] = "output_text"
    text: str
    annotations: list[Any] = field(default_factory=list)
    logprobs: list[Any] = field(default_factory=list)


class SummaryText(Struct, frozen=True, kw_only=True):
    """The text of thoughts."""

    type: Literal["summary_text"] = "summary_text"
    text: str


class OutputMessage(Struct, frozen=True, kw_only=True, tag="message", tag_field="type"):
    """The message of an answer."""

    id: str
    status: Status
    role: Literal["assistant"] = "assistant"
    content: list[OutputText]


class OutputReasoning(Struct, frozen=True, kw_only=True, tag="reasoning", tag_field="type"):
    """The thoughts of an answer."""

    id: str
    summary: list[SummaryText]


class OutputCall(Struct, frozen=True, kw_only=True, tag="function_call", tag_field="type"):
    """A call of a function; the arguments are JSON."""

    id: str
    call_id: str
    name: str
    arguments: str
    status: Status


class OutputPicture(Struct, frozen=True, kw_only=True, tag="image_generation_call", tag_field="type"):
    """A picture that the model made, in base64; null until it is there."""

    id: str
    status: Status
    result: str | None


OutputItem = OutputMessage | OutputReasoning | OutputCall | OutputPicture


class InputDetails(Struct, frozen=True, kw_only=True):
    """The part of the input that was cached; nothing is written to a cache for the caller."""

    cached_tokens: int
    cache_write_tokens: Literal[0] = 0


class ReasoningTokens(Struct, frozen=True):
    """The part of the output that was thought."""

    reasoning_tokens: int


class ResponseUsage(Struct, frozen=True, kw_only=True):
    """The tokens of a response."""

    input_tokens: int
    input_tokens_details: InputDetails
    output_tokens: int
    output_tokens_details: ReasoningTokens
    total_tokens: int


class IncompleteDetails(Struct, frozen=True):
    """The reason of an answer that was cut."""

    reason: str


class ResponseFailure(Struct, frozen=True, kw_only=True):
    """The error of a response that failed in its stream. `code` is one of OpenAI's, which its schema lists."""

    code: Literal["server_error", "rate_limit_exceeded", "invalid_prompt"]
    message: str


class EffortAndSummary(Struct, frozen=True, kw_only=True):
    """The options of thinking, as they were asked."""

    effort: str | None
    summary: str | None


class OpenAIResponse(Struct, frozen=True, kw_only=True):
    """A response, with the options of its request."""

    id: str
    object: Literal["response"] = "response"
    created_at: int
    status: Status
    error: ResponseFailure | None = None
    incomplete_details: IncompleteDetails | None = None
    instructions: str | None
    max_output_tokens: int | None
    metadata: dict[str, str] = field(default_factory=dict)
    """Always empty, as the metadata of the request is ignored. OpenAI's schema requires the field."""
    model: str
    output: list[OutputItem]
    parallel_tool_calls: bool
    previous_response_id: None = None
    reasoning: EffortAndSummary
    store: Literal[False] = False
    temperature: float | None
    text: dict[str, Any]
    tool_choice: str | dict[str, Any]
    tools: list[dict[str, Any]]
    top_p: float | None
    truncation: Literal["disabled"] = "disabled"
    usage: ResponseUsage | UnsetType = UNSET
    """Left out until the end, and where it is not known."""


def failure_of(error: ErrorFrame) -> ResponseFailure:
    """Return the error of a response for one of ours."""
    if error.code == "blocked":
        return ResponseFailure(code="invalid_prompt", message=error.message)
    is_limit = error.code == "upstream_rate_limited" or TABLE[error.code].status == 429
    return ResponseFailure(code="rate_limit_exceeded" if is_limit else "server_error", message=error.message)


def new_response(turn: str, request: ResponseRequest, model: str, created: int) -> OpenAIResponse:
    """Return a response that has just begun; `created` is in seconds since the epoch."""
    longest = request.max_output_tokens
    summary = request.reasoning.summary if request.reasoning else None
    return OpenAIResponse(
        id=f"resp_{turn}",
        created_at=created,
        status="in_progress",
        instructions=request.instructions,
        max_output_tokens=None if longest is None else int(longest),
        model=model,
        output=[],
        reasoning=EffortAndSummary(effort=request.effort, summary=summary),
        temperature=request.temperature,
        parallel_tool_calls=bool(request.tools),
        text={"format": repeated_format(request.text.format if request.text else None)},
        tool_choice=repeated_choice(request.tool_choice),
        tools=repeated_tools(request.tools),
        top_p=request.top_p,
    )


def ended_response(response: OpenAIResponse, output: list[OutputItem], figures: UsageFigures) -> OpenAIResponse:
    """Return a response that has come to its end."""
    reason = _CUT_BY.get(finish_of(figures))
    return replace(
        response,
        status=status_of(figures),
        incomplete_details=IncompleteDetails(reason) if reason else None,
        model=figures.model,
        output=output,
        usage=response_usage_of(figures) or UNSET,
    )


def status_of(figures: UsageFigures) -> Status:
    """Return the status of an answer that has come to its end."""
    return "completed" if finish_of(figures) in ("stop", "tool_calls") else "incomplete"


def response_usage_of(figures: UsageFigures) -> ResponseUsage | None:
    """Return the tokens of a turn; None where a count is not known."""
    prompt, answer = figures.input_tokens, figures.output_tokens
    cached, thought = figures.cached_tokens, figures.thought_tokens
    if prompt is None or answer is None or cached is None or thought is None:
        return None
    prompt += figures.tool_tokens or 0
    return ResponseUsage(
        input_tokens=prompt,
        input_tokens_details=InputDetails(cached_tokens=cached),
        output_tokens=answer + thought,
        output_tokens_details=ReasoningTokens(thought),
        total_tokens=prompt + answer + thought,
    )


def message_item(name: str, text: str, status: Status = "completed") -> OutputMessage:
    """Return the message of an answer; `name` is a part of its id."""
    return OutputMessage(id=f"msg_{name}", status=status, content=[OutputText(text=text)])


def reasoning_item(name: str, thoughts: str) -> OutputReasoning:
    """Return the thoughts of an answer; `name` is a part of their id."""
    return OutputReasoning(id=f"rs_{name}", summary=[SummaryText(text=thoughts)])


def call_item(turn: str, name: str, index: int, call: ShownCall) -> OutputCall:
    """Return a call of an answer; `name` is a part of its id, and `index` its position among the calls."""
    return OutputCall(
        id=f"fc_{name}",
        call_id=call_id(turn, index),
        name=call.name,
        arguments=arguments_text(call.arguments),
        status="completed",
    )


def picture_item(name: str, data: str) -> OutputPicture:
    """Return a picture of an answer, whose bytes are in base64; `name` is a part of its id."""
    return OutputPicture(id=f"ig_{name}", status="completed", result=data)


def response_of(
    response: OpenAIResponse,
    turn: str,
    text: str,
    thoughts: str,
    figures: UsageFigures,
    parts: Sequence[PartBesidesText] = (),
) -> OpenAIResponse:
    """Return the whole answer of a turn, for a response that has just begun. `parts` has its calls and pictures."""
    output: list[OutputItem] = []
    if thoughts:
        output.append(reasoning_item(f"{turn}_0", thoughts))
    begin = 0
    for picture in pictures_among(parts):
        if picture.at > begin:
            output.append(message_item(f"{turn}_{len(output)}", text[begin : picture.at]))
            begin = picture.at
        output.append(picture_item(f"{turn}_{len(output)}", picture.frame.data))
    if len(text) > begin:
        output.append(message_item(f"{turn}_{len(output)}", text[begin:], status_of(figures)))
    for index, call in enumerate(calls_among(parts)):
        output.append(call_item(turn, f"{turn}_{len(output)}", index, call))
    return ended_response(response, output, figures)
