"""A field of OpenAI's requests that is null counts as absent, at each place."""

import json
from collections.abc import Iterator
from copy import deepcopy
from typing import Any, Final

import pytest

from deltawire.protocol.errors import Failure
from deltawire.protocol.openai.chat_request import chat_of, read_chat_completion
from deltawire.protocol.openai.response_request import chat_of_response, read_response_request

SCHEMA: Final[dict[str, Any]] = {}
CALL: Final = {"id": "c", "type": "function", "index": 0, "function": {"name": "f", "arguments": "{}"}}
COMPLETION: Final[dict[str, Any]] = {
    "model": "m",
    "messages": [
        {"role": "system", "content": "Be brief."},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "What is it?"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA", "detail": "low"}},
                {"type": "file", "file": {"file_data": "AAAA", "filename": "a"}},
            ],
        },
        {"role": "assistant", "content": "Let me look.", "refusal": "No.", "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "c", "content": "x"},
        {"role": "user", "content": "hi"},
    ],
    "stream": False,
    "stream_options": {"include_usage": True},
    "max_completion_tokens": 9,
    "max_tokens": 9,
    "stop": ["a"],
    "seed": 1,
    "reasoning_effort": "low",
    "response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": SCHEMA, "strict": True}},
    "tools": [
        {"type": "function", "function": {"name": "f", "description": "d", "parameters": SCHEMA, "strict": True}}
    ],
    "tool_choice": {"type": "function", "function": {"name": "f"}},
    "n": 1,
}
RESPONSE: Final[dict[str, Any]] = {
    "model": "m",
    "instructions": "Be brief.",
    "input": [
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "What is it?"}]},
        {"type": "reasoning", "id": "r", "summary": []},
        {"type": "function_call", "id": "a", "call_id": "c", "name": "f", "arguments": "{}", "status": "completed"},
        {"type": "function_call_output", "call_id": "c", "output": "x"},
        {"role": "assistant", "content": [{"type": "output_text", "text": "Red.", "annotations": []}]},
        {"role": "user", "content": "hi"},
    ],
    "max_output_tokens": 9,
    "reasoning": {"effort": "low", "summary": "auto"},
    "text": {"format": {"type": "json_schema", "name": "x", "schema": SCHEMA, "strict": True}, "verbosity": "medium"},
    "tools": [{"type": "function", "name": "f", "description": "d", "parameters": SCHEMA, "strict": True}],
    "tool_choice": {"type": "function", "name": "f"},
    "store": False,
}


def places(value: Any, before: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of each field."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inner:
        if isinstance(key, str):
            yield (*before, key)
        yield from places(each, (*before, key))


def outcome(body: dict[str, Any]) -> Any:
    """The request of the turn, else the field that is refused."""
    text = json.dumps(body).encode()
    try:
        if "input" in body or "instructions" in body:
            return chat_of_response(read_response_request(text))
        return chat_of(read_chat_completion(text))
    except Failure as failure:
        return failure.field


@pytest.mark.parametrize("body", [COMPLETION, RESPONSE], ids=["completion", "response"])
def test_null_is_absent(body: dict[str, Any]) -> None:
    assert not isinstance(outcome(body), str)
    for *above, name in places(body):
        with_null = deepcopy(body)
        holder = with_null
        for key in above:
            holder = holder[key]
        holder[name] = None
        found = outcome(with_null)
        del holder[name]
        assert found == outcome(with_null), (*above, name)
