"""OpenAI's wire without I/O: what is read, what is refused, and the bytes that are sent."""

import json
import re
from collections.abc import Callable
from typing import Any, Final

import msgspec
import pytest
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.chat.chat_completion_stream_options_param import ChatCompletionStreamOptionsParam
from openai.types.chat.completion_create_params import CompletionCreateParamsBase
from openai.types.responses import Response, ResponseStreamEvent, ResponseTextConfigParam
from openai.types.responses.response_create_params import ResponseCreateParamsBase
from openai.types.shared_params import Reasoning
from pydantic import TypeAdapter
from support.openai_wire import CALL, FIGURES
from support.paths import DOCS

from deltawire.protocol.chat_request import ChatRequest, HistoryMessage
from deltawire.protocol.errors import Failure
from deltawire.protocol.frames import Delta, PictureFrame, Thought, Usage, error_frame, figures_of
from deltawire.protocol.openai.chat_answer import ChunkWriter, completion_of, usage_of
from deltawire.protocol.openai.chat_request import FIELDS, chat_of, read_chat_completion
from deltawire.protocol.openai.errors import error_body, should_retry
from deltawire.protocol.openai.fields import FieldRow
from deltawire.protocol.openai.json_answers import with_enums
from deltawire.protocol.openai.pictures import PartBesidesText, PlacedPicture
from deltawire.protocol.openai.response_answer import new_response, response_of
from deltawire.protocol.openai.response_request import (
    RESPONSE_FIELDS,
    chat_of_response,
    read_response_request,
)
from deltawire.protocol.openai.response_stream import ResponseWriter
from deltawire.protocol.usage_figures import Modalities, UsageFigures

CALLED: Final = {"role": "assistant", "tool_calls": [{"id": "c", "function": {"name": "f", "arguments": ""}}]}
WRONG: Final = {"arguments": "[1]"}
HI: Final = [{"role": "user", "content": "hi"}]


def chat_request(**fields: Any) -> ChatRequest:
    return chat_of(read_chat_completion(json.dumps({"messages": HI, **fields}).encode()))


def responds(**fields: Any) -> ChatRequest:
    return chat_of_response(read_response_request(json.dumps({"input": "hi", **fields}).encode()))


def answered(call: str) -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": call, "content": "x"}


def refusal(**fields: Any) -> Failure:
    with pytest.raises(Failure) as refused:
        chat_request(**fields)
    return refused.value


def test_every_setting_reaches_the_turn() -> None:
    chat = chat_request(
        model="gemini-flash-latest",
        temperature=0.5,
        top_p=0.9,
        max_tokens=5,
        max_completion_tokens=99,
        stop="END",
        seed=-7,
        reasoning_effort="xhigh",
    )
    assert chat == ChatRequest(
        message="hi",
        history=[],
        model="gemini-flash-latest",
        temperature=0.5,
        top_p=0.9,
        max_output_tokens=99,
        stop=["END"],
        seed=-7,
        thinking="high",
    )


def test_messages_become_instructions_history_and_a_question() -> None:
    chat = chat_request(
        messages=[
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": [{"type": "text", "text": "one"}, {"type": "text", "text": "two"}]},
            {"role": "assistant", "content": None, "refusal": "No.", "tool_calls": []},
            {"role": "developer", "content": [{"type": "text", "text": "Be kind."}]},
            {"role": "assistant", "content": ""},
            {"role": "user", "content": "three", "name": "ann"},
            {"role": "system", "content": "Be true."},
        ]
    )
    assert chat.system == "Be brief.\n\nBe kind.\n\nBe true."
    assert chat.history == [HistoryMessage("user", "one\ntwo"), HistoryMessage("model", "No.")]
    assert chat.message == "three"


def test_instructions_alone_are_a_question() -> None:
    chat = chat_request(
        messages=[{"role": "system", "content": "Be brief."}, {"role": "developer", "content": "Say hi."}]
    )
    assert (chat.system, chat.history, chat.message) == ("Be brief.", [], "Say hi.")


def test_an_instruction_after_the_last_answer_is_the_question() -> None:
    answered = [{"role": "system", "content": "Be brief."}, *HI, {"role": "assistant", "content": "Hello."}]
    chat = chat_request(messages=[*answered, {"role": "system", "content": "Find a title."}])
    assert (chat.system, chat.message) == ("Be brief.", "Find a title.")
    assert chat.history == [HistoryMessage("user", "hi"), HistoryMessage("model", "Hello.")]


def body_of(row: FieldRow, value: Any) -> dict[str, Any]:
    """A body that has this value at the path of a row."""
    first, *rest = row.path.removesuffix(row.name).split(".")
    if first == "messages[]":
        part = {"type": "text", "text": "hi"}
        return {"messages": [_with({"role": "user", "content": [part]}, rest, row.name, value)]}
    if first == "input[]":
        part = {"type": "input_text", "text": "hi"}
        return {"input": [_with({"role": "user", "content": [part]}, rest, row.name, value)]}
    if first == "tools[]":
        return {"tools": [{"type": "function", "name": "f", row.name: value}]}
    return {first: {row.name: value}} if first else {row.name: value}


def _with(message: dict[str, Any], rest: list[str], name: str, value: Any) -> dict[str, Any]:
    target = message["content"][0] if rest[0] else message
    target[name] = value
    return message


ROWS: Final = [
    *((row, chat_request) for row in FIELDS if row.treatment == "refused"),
    *((row, responds) for row in RESPONSE_FIELDS if row.treatment == "refused"),
]


@pytest.mark.parametrize("row, ask", ROWS, ids=lambda value: value.path if isinstance(value, FieldRow) else "")
def test_a_refused_field_is_named_unless_it_asks_for_nothing(row: FieldRow, ask: Callable[..., ChatRequest]) -> None:
    for harmless in (None, *row.harmless):
        assert ask(**body_of(row, harmless)).message == "hi"
    with pytest.raises(Failure) as refused:
        ask(**body_of(row, {"x": [1, "y" * 100]}))
    assert (refused.value.code, refused.value.field) == ("invalid_frame", row.path.replace("[]", "[0]"))
    assert refused.value.message == f"{refused.value.field} is refused: {row.words}."


@pytest.mark.parametrize(
    "fields, code, field",
    [
        ({"messages": []}, "invalid_frame", "messages"),
        ({"messages": [{"role": "function", "name": "f", "content": "x"}]}, "invalid_frame", "messages[0].role"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "invalid_frame", "messages[0].tool_call_id"),
        ({"messages": [*HI, CALLED, answered("d")]}, "invalid_frame", "messages[2].tool_call_id"),
        ({"messages": [*HI, CALLED, answered("c"), answered("c")]}, "invalid_frame", "messages[3].tool_call_id"),
        ({"messages": [*HI, CALLED, *HI]}, "invalid_frame", "messages[1].tool_calls[0]"),
        ({"messages": [*HI, CALLED]}, "invalid_frame", "messages[1].role"),
        (
            {"messages": [*HI, {"role": "assistant", "tool_calls": [{"id": "c", "function": {"name": "f", **WRONG}}]}]},
            "invalid_frame",
            "messages[1].tool_calls[0].function.arguments",
        ),
        ({"tools": [{"type": "web_search"}]}, "invalid_frame", "tools[0].type"),
        ({"tools": [{"type": "function", "function": {"name": "1"}}]}, "invalid_frame", "tools[0].function.name"),
        ({"tool_choice": "any"}, "invalid_frame", "tool_choice"),
        ({"messages": [{"role": "user", "content": ""}]}, "invalid_frame", "messages[0].content"),
        ({"messages": [*HI, {"role": "assistant", "content": "I"}]}, "invalid_frame", "messages[1].role"),
        (
            {"messages": [{"role": "user", "content": [{"image_url": {"url": "data:,"}, "type": "image_url"}]}]},
            "invalid_frame",
            "messages[0].content[0].image_url.url",
        ),
        ({"temperature": 3}, "invalid_frame", "temperature"),
        ({"max_tokens": 0}, "invalid_frame", "max_tokens"),
        ({"seed": 2**40}, "invalid_frame", "seed"),
        ({"stop": ["", "a"]}, "invalid_frame", "stop[0]"),
        ({"top_k": 1}, "invalid_frame", "top_k"),
        ({"model": "openai/gpt"}, "unknown_model", "model"),
    ],
)
def test_what_cannot_be_asked_is_refused_by_name(fields: dict[str, Any], code: str, field: str) -> None:
    refused = refusal(**fields)
    assert (refused.code, refused.field) == (code, field)


def test_the_table_of_fields_has_every_field_that_the_client_knows() -> None:
    known = {*CompletionCreateParamsBase.__annotations__, "stream"}
    known |= {f"stream_options.{name}" for name in ChatCompletionStreamOptionsParam.__annotations__}
    assert known <= {row.path for row in FIELDS}
    known = {*ResponseCreateParamsBase.__annotations__, "stream"}
    known |= {f"reasoning.{name}" for name in Reasoning.__annotations__}
    known |= {f"text.{name}" for name in ResponseTextConfigParam.__annotations__}
    assert known <= {row.path for row in RESPONSE_FIELDS}


def test_the_docs_have_the_table_of_fields() -> None:
    text = (DOCS / "reference" / "openai.md").read_text()
    listed = re.findall(r"^\| `([\w.\[\]]+)` \| (supported|ignored|refused) \| (.*) \| (.*) \|$", text, re.MULTILINE)
    assert listed == [
        (row.path, row.treatment, row.words, ", ".join(f"`{json.dumps(value)}`" for value in row.harmless))
        for row in (*FIELDS, *RESPONSE_FIELDS)
    ]


GOLDEN: Final = (
    b'data: {"id":"chatcmpl-t1","object":"chat.completion.chunk","created":1796000000,"model":"m",'
    b'"choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}],"usage":null}\n\n'
    b'data: {"id":"chatcmpl-t1","object":"chat.completion.chunk","created":1796000000,"model":"m",'
    b'"choices":[{"index":0,"delta":{"reasoning_content":"Hm."},"finish_reason":null}],"usage":null}\n\n'
    b'data: {"id":"chatcmpl-t1","object":"chat.completion.chunk","created":1796000000,"model":"m",'
    b'"choices":[{"index":0,"delta":{"content":"a\\u2028b"},"finish_reason":null}],"usage":null}\n\n'
    b'data: {"id":"chatcmpl-t1","object":"chat.completion.chunk","created":1796000000,"model":"m",'
    b'"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":null}\n\n'
    b'data: {"id":"chatcmpl-t1","object":"chat.completion.chunk","created":1796000000,"model":"gemini-flash-latest",'
    b'"choices":[],"usage":{"prompt_tokens":16,"completion_tokens":3,"total_tokens":19,'
    b'"prompt_tokens_details":{"cached_tokens":3},"completion_tokens_details":{"reasoning_tokens":1}}}\n\n'
    b"data: [DONE]\n\n"
)


def test_a_stream_is_these_bytes() -> None:
    writer = ChunkWriter("t1", 1796000000, wants_usage=True)
    frames = (Thought("t1", "Hm."), Delta("t1", "a\u2028b"), Usage("t1", **FIGURES))
    assert b"".join(writer.events(frame, "m") for frame in frames) == GOLDEN


def test_a_usage_has_the_tokens_by_modality_where_more_than_text_was_counted() -> None:
    modalities = Modalities(input={"text": 4, "audio": 12}, output={"text": 2})
    usage = usage_of(UsageFigures(**{**FIGURES, "modalities": modalities}))
    assert usage is not None
    prompt, completion = (
        msgspec.to_builtins(part) for part in (usage.prompt_tokens_details, usage.completion_tokens_details)
    )
    assert prompt == {"cached_tokens": 3, "audio_tokens": 12, "image_tokens": 0, "text_tokens": 4}
    assert completion == {"reasoning_tokens": 1, "audio_tokens": 0, "text_tokens": 2}


def test_a_stream_that_fails_ends_in_an_error_and_is_not_done() -> None:
    writer = ChunkWriter("t1", 1796000000, wants_usage=False)
    sent = writer.events(Delta("t1", "half"), "m")
    sent += writer.events(error_frame(Failure("upstream_truncated"), turn="t1"), "m")
    assert b'"usage"' not in sent
    assert sent.endswith(
        b'data: {"error":{"message":"The answer broke off before its end.","type":"server_error","param":null,'
        b'"code":"upstream_truncated"}}\n\n'
    )


def test_a_stream_that_ends_in_a_call_is_these_bytes() -> None:
    writer = ChunkWriter("t1", 1796000000, wants_usage=False)
    frames = (CALL, Usage("t1", **{**FIGURES, "finish_reason": "tool_calls"}))
    head = b'data: {"id":"chatcmpl-t1","object":"chat.completion.chunk","created":1796000000,"model":"m","choices":'
    assert b"".join(writer.events(frame, "m") for frame in frames).split(b"\n\n") == [
        head + b'[{"index":0,"delta":{"role":"assistant","content":null},"finish_reason":null}]}',
        head + b'[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"call_t1_0","type":"function",'
        b'"function":{"name":"f","arguments":"{\\"a\\":1}"}}]},"finish_reason":null}]}',
        head + b'[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}',
        b"data: [DONE]",
        b"",
    ]


@pytest.mark.parametrize("counts", [FIGURES, {**FIGURES, "input_tokens": None, "total_tokens": None}])
def test_every_answer_is_as_the_client_has_it_declared(counts: dict[str, Any]) -> None:
    writer = ChunkWriter("t1", 1796000000, wants_usage=True)
    frames = (Thought("t1", "Hm."), Delta("t1", "hi"), CALL, Usage("t1", **counts))
    *chunks, done = b"".join(writer.events(frame, "m") for frame in frames).split(b"\n\n")[:-1]
    assert done == b"data: [DONE]"
    for chunk in chunks:
        ChatCompletionChunk.model_validate_json(chunk.removeprefix(b"data: "), strict=True)
    whole = msgspec.json.encode(completion_of("t1", "hi", "Hm.", UsageFigures(**counts), 1796000000, [CALL]))
    ChatCompletion.model_validate_json(whole, strict=True)
    assert (b'"usage":{' in chunks[-1], b'"usage":{' in whole) == (counts is FIGURES,) * 2


REQUIRED_OF_RESPONSE: Final = {
    *("id", "object", "created_at", "error", "incomplete_details", "instructions", "model", "tools", "output"),
    *("parallel_tool_calls", "metadata", "tool_choice", "temperature", "top_p"),
}
"""The fields that OpenAI's published schema requires; its client takes a response without them."""


@pytest.mark.parametrize("counts", [FIGURES, {**FIGURES, "input_tokens": None, "total_tokens": None}])
def test_every_response_is_as_the_client_has_it_declared(counts: dict[str, Any]) -> None:
    request = read_response_request(b'{"input": "hi", "reasoning": {"effort": "low", "summary": "auto"}}')
    writer = ResponseWriter("t1", request, 1796000000)
    picture = PictureFrame("t1", None, "image/png", "", 1, data="AA==")
    frames = (Thought("t1", "Hm."), Delta("t1", "a"), CALL, picture, Thought("t1", "So."), Delta("t1", "b"))
    sent = b"".join(writer.events(frame, "m") for frame in (*frames, Usage("t1", **counts)))
    events = []
    declared = TypeAdapter[ResponseStreamEvent](ResponseStreamEvent)
    for event in sent.split(b"\n\n")[:-1]:
        name, data = event.split(b"\n")
        events.append(declared.validate_json(data.removeprefix(b"data: "), strict=True))
        assert name == f"event: {events[-1].type}".encode()
    assert [event.sequence_number for event in events] == list(range(len(events)))
    last = events[-1]
    assert last.type == "response.completed"
    assert [item.id for item in last.response.output] == [
        *("rs_t1_0", "msg_t1_1", "fc_t1_2", "ig_t1_3", "rs_t1_4", "msg_t1_5"),
    ]
    assert (last.response.output_text, last.response.usage is not None) == ("ab", counts is FIGURES)
    parts: list[PartBesidesText] = [CALL, PlacedPicture(1, picture)]
    whole = response_of(new_response("t1", request, "m", 1796000000), "t1", "ab", "Hm.", UsageFigures(**counts), parts)
    assert Response.model_validate_json(msgspec.json.encode(whole), strict=True).output_text == "ab"
    assert msgspec.to_builtins(whole).keys() >= REQUIRED_OF_RESPONSE


@pytest.mark.parametrize(
    "reason, status, cause",
    [
        ("stop", "completed", None),
        ("max_tokens", "incomplete", "max_output_tokens"),
        ("safety", "incomplete", "content_filter"),
    ],
)
def test_a_response_that_was_cut_is_incomplete(reason: str, status: str, cause: str | None) -> None:
    request = read_response_request(b'{"input": "hi"}')
    writer = ResponseWriter("t1", request, 1796000000)
    sent = writer.events(Delta("t1", "a"), "m") + writer.events(
        Usage("t1", **{**FIGURES, "finish_reason": reason}), "m"
    )
    name, data = sent.split(b"\n\n")[-2].split(b"\n")
    last = Response.model_validate(json.loads(data.removeprefix(b"data: "))["response"])
    assert (name, last.status) == (f"event: response.{status}".encode(), status)
    assert (last.incomplete_details.reason if last.incomplete_details else None) == cause
    assert [item.status for item in last.output] == [status]


@pytest.mark.parametrize(
    "fields, field",
    [
        ({"input": []}, "input"),
        ({"input": ""}, "input"),
        ({"input": [{"type": "reasoning", "summary": []}]}, "input"),
        ({"input": [{"content": "hi"}]}, "input[0].role"),
        ({"input": [{"role": "user", "content": ""}]}, "input[0].content"),
        ({"input": [{"role": "assistant", "content": "I"}]}, "input[0].role"),
        ({"input": [{"type": "function_call_output", "call_id": "c", "output": "x"}]}, "input[0].call_id"),
        ({"input": [*HI, {"type": "function_call", "call_id": "c", "arguments": "{}"}]}, "input[1].name"),
        ({"input": [*HI, {"type": "item_reference", "id": "msg_1"}]}, "input[1].type"),
    ],
)
def test_what_a_response_cannot_be_asked_is_refused_by_name(fields: dict[str, Any], field: str) -> None:
    with pytest.raises(Failure) as refused:
        responds(**fields)
    assert (refused.value.code, refused.value.field) == ("invalid_frame", field)


@pytest.mark.parametrize(
    "reason, finish",
    [("stop", "stop"), ("max_tokens", "length"), ("safety", "content_filter"), ("newly_invented", "content_filter")],
)
def test_a_finish_reason_is_one_that_clients_know(reason: str, finish: str) -> None:
    usage = Usage("t1", **{**FIGURES, "finish_reason": reason})
    assert completion_of("t1", "", "", figures_of(usage), 0).choices[0].finish_reason == finish


def test_counts_that_are_not_known_are_not_told() -> None:
    assert usage_of(UsageFigures(**{**FIGURES, "output_tokens": None})) is None


@pytest.mark.parametrize(
    "code, status, kind",
    [
        ("invalid_frame", 400, "invalid_request_error"),
        ("unauthenticated", 401, "authentication_error"),
        ("forbidden", 403, "permission_error"),
        ("rate_limited", 429, "rate_limit_error"),
        ("budget_exhausted", 429, "insufficient_quota"),
        ("overloaded", 503, "server_error"),
    ],
)
def test_an_error_has_the_type_of_its_status(code: str, status: int, kind: str) -> None:
    error = error_body(code, "A sentence.", "history", status).error
    assert (error.type, error.code, error.param, error.message) == (kind, code, "messages", "A sentence.")


@pytest.mark.parametrize(
    "retryable, retry_after, has_cost, again",
    [
        (True, None, False, True),
        (True, 60, False, True),
        (True, 61, False, False),
        (True, None, True, False),
        (False, None, False, False),
    ],
)
def test_clients_ask_again_only_where_it_may_help_and_costs_nothing_twice(
    *, retryable: bool, retry_after: float | None, has_cost: bool, again: bool
) -> None:
    assert should_retry(retryable=retryable, retry_after=retry_after, has_cost=has_cost) is again


@pytest.mark.parametrize("fields", [{"n": True}, {"store": 0}, {"logprobs": 0}, {"frequency_penalty": False}])
def test_a_truth_is_no_number(fields: dict[str, Any]) -> None:
    assert refusal(**fields).field == next(iter(fields))
    assert chat_request(n=1.0, frequency_penalty=0.0, logprobs=False, top_logprobs=0).message == "hi"


SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}


def test_both_apis_ask_for_json_in_their_own_words() -> None:
    named = {"name": "city", "schema": SCHEMA, "strict": True}
    assert chat_request(response_format={"type": "json_schema", "json_schema": named}).response_schema == SCHEMA
    assert chat_request(response_format={"type": "json_object"}).response_schema == {"type": "object"}
    assert chat_request(response_format={"type": "text"}).response_schema is None
    text = {"format": {"type": "json_schema", **named}}
    assert responds(text=text).response_schema == SCHEMA
    request = read_response_request(json.dumps({"input": "hi", "text": text}).encode())
    whole = response_of(new_response("t1", request, "m", 1), "t1", "{}", "", UsageFigures(**FIGURES))
    read = Response.model_validate_json(msgspec.json.encode(whole), strict=True)
    assert read.text is not None
    assert read.text.model_dump(by_alias=True, exclude_unset=True) == text
    assert refusal(response_format={"type": "json_schema"}).field == "response_format.json_schema.schema"


def test_a_literal_of_a_client_is_asked_as_an_enum_wherever_it_stands() -> None:
    one = {"type": "string", "const": "one"}
    schema = {
        "$defs": {"a": one},
        "type": "object",
        "properties": {"const": one, "b": {"anyOf": [{"const": 1.5}, {"type": "array", "items": {"const": 2}}]}},
        "additionalProperties": {"const": ""},
        "default": {"const": "one"},
    }
    named = {"name": "x", "schema": schema}
    text = {"format": {"type": "json_schema", **named}}
    written = json.dumps(schema)
    for chat in (chat_request(response_format={"type": "json_schema", "json_schema": named}), responds(text=text)):
        assert chat.response_schema == {
            "$defs": {"a": {"type": "string", "enum": ["one"]}},
            "type": "object",
            "properties": {
                "const": {"type": "string", "enum": ["one"]},
                "b": {"anyOf": [{"enum": [1.5]}, {"type": "array", "items": {"enum": [2]}}]},
            },
            "additionalProperties": {"enum": [""]},
            "default": {"const": "one"},
        }
    options = read_response_request(json.dumps({"input": "hi", "text": text}).encode())
    assert json.dumps(new_response("t1", options, "m", 1).text["format"]["schema"]) == written


@pytest.mark.parametrize("part", [{"const": True}, {"const": None}, {"const": [1]}, {"const": 1, "enum": [1, 2]}])
def test_a_const_that_is_no_enum_of_the_provider_is_left_to_be_refused(part: dict[str, Any]) -> None:
    assert with_enums({"properties": {"a": part}}) == {"properties": {"a": part}}


def test_a_schema_of_any_depth_is_read() -> None:
    schema: dict[str, Any] = {"const": 1}
    for _ in range(10_000):
        schema = {"items": schema}
    copy = with_enums(schema)
    for _ in range(10_000):
        copy = copy["items"]
    assert copy == {"enum": [1]}


@pytest.mark.parametrize(
    "path, field",
    [
        ("/v1/responses", "text.format.schema.oneOf"),
        ("/v1/chat/completions", "response_format.json_schema.schema.oneOf"),
    ],
)
def test_a_keyword_that_is_refused_has_the_path_of_the_api(path: str, field: str) -> None:
    assert error_body("invalid_frame", "", "response_schema.oneOf", 400, path).error.param == field


def test_the_calls_of_one_step_have_a_bound() -> None:
    """Each result is looked for among the calls before it."""
    call = {"type": "function_call", "name": "f", "arguments": "{}"}
    output = {"type": "function_call_output", "output": "x"}

    def steps_request(number: int) -> Any:
        steps = [[{**item, "call_id": f"c{each}"} for each in range(number)] for item in (call, output)]
        return read_response_request(json.dumps({"model": "m", "input": [*steps[0], *steps[1]]}).encode())

    assert chat_of_response(steps_request(128)).history
    with pytest.raises(Failure) as refused:
        chat_of_response(steps_request(129))
    assert (refused.value.code, refused.value.field) == ("invalid_frame", "input[128]")
