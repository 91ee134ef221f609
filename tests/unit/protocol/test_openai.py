"""OpenAI's wire without I/O: what is read, what is refused, and the bytes that are sent."""

import json
import re
from typing import Any, Final

import msgspec
import pytest
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.chat.chat_completion_stream_options_param import ChatCompletionStreamOptionsParam
from openai.types.chat.completion_create_params import CompletionCreateParamsBase
from support.paths import DOCS

from deltawire.protocol.errors import Failure
from deltawire.protocol.frames import ChatRequest, Delta, HistoryMessage, Spent, Thought, Usage, error_frame, spent_of
from deltawire.protocol.openai.chat_answer import ChunkWriter, completion_of, usage_of
from deltawire.protocol.openai.chat_request import FIELDS, chat_of, read_chat_completion
from deltawire.protocol.openai.errors import error_body, should_retry

HI: Final = [{"role": "user", "content": "hi"}]
SPENT: Final[dict[str, Any]] = {
    "model": "gemini-flash-latest",
    "finish_reason": "stop",
    "input_tokens": 10,
    "output_tokens": 2,
    "thought_tokens": 1,
    "tool_tokens": 6,
    "cached_tokens": 3,
    "total_tokens": 19,
    "measured": "reported",
    "first_delta_ms": 1,
    "duration_ms": 2,
    "cost_usd": None,
}


def asked(**fields: Any) -> ChatRequest:
    return chat_of(read_chat_completion(json.dumps({"messages": HI, **fields}).encode()))


def refusal(**fields: Any) -> Failure:
    with pytest.raises(Failure) as refused:
        asked(**fields)
    return refused.value


def test_every_setting_reaches_the_turn() -> None:
    chat = asked(
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
    chat = asked(
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
    chat = asked(messages=[{"role": "system", "content": "Be brief."}, {"role": "developer", "content": "Say hi."}])
    assert (chat.system, chat.history, chat.message) == ("Be brief.", [], "Say hi.")


@pytest.mark.parametrize("row", [row for row in FIELDS if row.treatment == "refused"], ids=lambda row: row.path)
def test_a_refused_field_is_named_unless_it_asks_for_nothing(row: Any) -> None:
    def body(value: Any) -> dict[str, Any]:
        part = {"type": "text", "text": "hi"}
        if row.path.startswith("messages[].content[]."):
            return {"messages": [{"role": "user", "content": [part | {row.name: value}]}]}
        if row.path.startswith("messages[]."):
            return {"messages": [{"role": "user", "content": [part], row.name: value}]}
        return {row.name: value}

    for harmless in (None, *row.harmless):
        assert asked(**body(harmless)).message == "hi"
    refused = refusal(**body({"x": [1, "y" * 100]}))
    assert (refused.code, refused.field) == ("invalid_frame", row.path.replace("[]", "[0]"))
    assert refused.message == f"{refused.field} is refused: {row.words}."


@pytest.mark.parametrize(
    "fields, code, field",
    [
        ({"messages": []}, "invalid_frame", "messages"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "invalid_frame", "messages[0].role"),
        ({"messages": [{"role": "user", "content": ""}]}, "invalid_frame", "messages[0].content"),
        ({"messages": [*HI, {"role": "assistant", "content": "I"}]}, "invalid_frame", "messages[1].role"),
        (
            {"messages": [{"role": "user", "content": [{"image_url": {"url": "data:,"}, "type": "image_url"}]}]},
            "invalid_frame",
            "messages[0].content[0].type",
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


def test_the_docs_have_the_table_of_fields() -> None:
    text = (DOCS / "reference" / "openai.md").read_text()
    listed = re.findall(r"^\| `([\w.\[\]]+)` \| (taken|passed over|refused) \| (.*) \| (.*) \|$", text, re.MULTILINE)
    assert listed == [
        (row.path, row.treatment, row.words, ", ".join(f"`{json.dumps(value)}`" for value in row.harmless))
        for row in FIELDS
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
    frames = (Thought("t1", "Hm."), Delta("t1", "a\u2028b"), Usage("t1", **SPENT))
    assert b"".join(writer.events(frame, "m") for frame in frames) == GOLDEN


def test_a_stream_that_fails_ends_in_an_error_and_is_not_done() -> None:
    writer = ChunkWriter("t1", 1796000000, wants_usage=False)
    sent = writer.events(Delta("t1", "half"), "m")
    sent += writer.events(error_frame(Failure("upstream_truncated"), turn="t1"), "m")
    assert b'"usage"' not in sent
    assert sent.endswith(
        b'data: {"error":{"message":"The answer broke off before its end.","type":"server_error","param":null,'
        b'"code":"upstream_truncated"}}\n\n'
    )


@pytest.mark.parametrize("counts", [SPENT, {**SPENT, "input_tokens": None, "total_tokens": None}])
def test_every_answer_is_as_the_client_has_it_declared(counts: dict[str, Any]) -> None:
    writer = ChunkWriter("t1", 1796000000, wants_usage=True)
    frames = (Thought("t1", "Hm."), Delta("t1", "hi"), Usage("t1", **counts))
    *chunks, done = b"".join(writer.events(frame, "m") for frame in frames).split(b"\n\n")[:-1]
    assert done == b"data: [DONE]"
    for chunk in chunks:
        ChatCompletionChunk.model_validate_json(chunk.removeprefix(b"data: "), strict=True)
    whole = msgspec.json.encode(completion_of("t1", "hi", "Hm.", Spent(**counts), 1796000000))
    ChatCompletion.model_validate_json(whole, strict=True)
    assert (b'"usage":{' in chunks[-1], b'"usage":{' in whole) == (counts is SPENT,) * 2


@pytest.mark.parametrize(
    "reason, finish",
    [("stop", "stop"), ("max_tokens", "length"), ("safety", "content_filter"), ("newly_invented", "content_filter")],
)
def test_a_finish_reason_is_one_that_clients_know(reason: str, finish: str) -> None:
    usage = Usage("t1", **{**SPENT, "finish_reason": reason})
    assert completion_of("t1", "", "", spent_of(usage), 0).choices[0].finish_reason == finish


def test_counts_that_are_not_known_are_not_told() -> None:
    assert usage_of(Spent(**{**SPENT, "output_tokens": None})) is None


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
    assert asked(n=1.0, frequency_penalty=0.0).message == "hi"
