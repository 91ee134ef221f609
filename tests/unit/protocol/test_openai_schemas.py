"""Every answer of OpenAI's wire keeps to the schema that OpenAI publishes."""

import json
from typing import Any, Final

import msgspec
import pytest
from support.openai_schemas import validator
from support.openai_wire import CALL, FIGURES

from deltawire.protocol.errors import Failure
from deltawire.protocol.frames import Delta, Thought, ToolCall, TurnFrame, Usage, error_frame, figures_of
from deltawire.protocol.openai.chat_answer import ChunkWriter, completion_of
from deltawire.protocol.openai.errors import error_body
from deltawire.protocol.openai.models import OpenAIModel, model_list
from deltawire.protocol.openai.response_answer import new_response, response_of
from deltawire.protocol.openai.response_request import ResponseRequest, read_response_request
from deltawire.protocol.openai.response_stream import ResponseWriter

UNKNOWN: Final = {**FIGURES, "input_tokens": None, "total_tokens": None}
ANSWERS: Final[dict[str, tuple[tuple[TurnFrame, ...], dict[str, Any]]]] = {
    "text": ((Delta("t1", "a"), Delta("t1", "b")), FIGURES),
    "nothing": ((), FIGURES),
    "thoughts": ((Thought("t1", "Hm."), Delta("t1", "a"), Thought("t1", "So."), Delta("t1", "b")), FIGURES),
    "calls": ((Delta("t1", "a"), CALL, CALL), {**FIGURES, "finish_reason": "tool_calls"}),
    "a call alone": ((CALL,), {**FIGURES, "finish_reason": "tool_calls"}),
    "cut": ((Delta("t1", "a"),), {**FIGURES, "finish_reason": "max_tokens"}),
    "filtered": ((Delta("t1", "a"),), {**FIGURES, "finish_reason": "safety"}),
    "counts that are not known": ((Delta("t1", "a"),), UNKNOWN),
}
FIELDS: Final[dict[str, dict[str, Any]]] = {
    "none": {},
    "all": {
        "instructions": "Be brief.",
        "max_output_tokens": 9,
        "temperature": 0.5,
        "top_p": 0.5,
        "reasoning": {"effort": "low", "summary": "auto"},
        "text": {"format": {"type": "json_schema", "name": "a", "schema": {"type": "object"}, "strict": True}},
        "tools": [{"type": "function", "name": "f", "parameters": {"type": "object"}, "strict": False}],
        "tool_choice": {"type": "function", "name": "f"},
    },
    "a tool of which little is said": {"tools": [{"type": "function", "name": "f"}], "tool_choice": "required"},
}


def of(kind: str, name: str, value: Any) -> None:
    """Assert that a value keeps to a schema."""
    errors = [f"{error.instance_path}: {error.message[:300]}" for error in validator(name).iter_errors(value)]
    assert not errors, f"{kind}: {json.dumps(value)[:300]}: {errors}"


def _decoded(value: msgspec.Struct) -> Any:
    return msgspec.json.decode(msgspec.json.encode(value))


def sent(data: bytes) -> list[Any]:
    """The values of events."""
    lines = [line for line in data.split(b"\n") if line.startswith(b"data: ")]
    return [json.loads(line.removeprefix(b"data: ")) for line in lines if line != b"data: [DONE]"]


@pytest.mark.parametrize("kind", ANSWERS)
def test_a_completion_keeps_to_the_published_schema(kind: str) -> None:
    frames, counts = ANSWERS[kind]
    end = Usage("t1", **counts)
    for wants_usage in (False, True):
        writer = ChunkWriter("t1", 1796000000, wants_usage=wants_usage)
        for chunk in sent(b"".join(writer.events(frame, "m") for frame in (*frames, end))):
            of(kind, "CreateChatCompletionStreamResponse", chunk)
    text = "".join(frame.text for frame in frames if isinstance(frame, Delta))
    calls = [frame for frame in frames if isinstance(frame, ToolCall)]
    of(kind, "CreateChatCompletionResponse", _decoded(completion_of("t1", text, "", figures_of(end), 1, calls)))


@pytest.mark.parametrize("fields", FIELDS)
@pytest.mark.parametrize("kind", ANSWERS)
def test_a_response_keeps_to_the_published_schema(kind: str, fields: str) -> None:
    request = read_response_request(json.dumps({"input": "hi", **FIELDS[fields]}).encode())
    frames, counts = ANSWERS[kind]
    end = Usage("t1", **counts)
    writer = ResponseWriter("t1", request, 1796000000)
    for event in sent(b"".join(writer.events(frame, "m") for frame in (*frames, end))):
        of(kind, "ResponseStreamEvent", event)
    text = "".join(frame.text for frame in frames if isinstance(frame, Delta))
    thoughts = "".join(frame.text for frame in frames if isinstance(frame, Thought))
    calls = [frame for frame in frames if isinstance(frame, ToolCall)]
    whole = response_of(new_response("t1", request, "m", 1), "t1", text, thoughts, figures_of(end), calls)
    of(kind, "Response", _decoded(whole))


@pytest.mark.parametrize(
    "code, openai_code",
    [
        ("upstream_truncated", "server_error"),
        ("upstream_rate_limited", "rate_limit_exceeded"),
        ("budget_exhausted", "rate_limit_exceeded"),
        ("blocked", "invalid_prompt"),
    ],
)
def test_a_response_that_fails_keeps_to_the_published_schema(code: str, openai_code: str) -> None:
    writer = ResponseWriter("t1", ResponseRequest(input="hi"), 1796000000)
    data = writer.events(Delta("t1", "half"), "m")
    data += writer.events(error_frame(Failure(code), turn="t1"), "m")
    *_, error, failed = events = sent(data)
    for event in events:
        of("failed", "ResponseStreamEvent", event)
    assert (error["code"], failed["response"]["error"]["code"]) == (code, openai_code)


def test_errors_and_models_keep_to_the_published_schema() -> None:
    error = error_body("rate_limited", "Too many.", "messages", 429)
    of("error", "ErrorResponse", _decoded(error))
    of("model", "Model", _decoded(OpenAIModel(id="m")))
    of("models", "ListModelsResponse", _decoded(model_list(("m",))))
