"""The bodies that clients of today send by default, with every field that each of them adds: all are read."""

import json
from typing import Any, Final

import pytest

from deltawire.protocol.errors import Failure
from deltawire.protocol.openai.chat_request import chat_of, read_chat_completion
from deltawire.protocol.openai.response_request import chat_of_response, read_response_request

FUNCTION: Final = {"name": "read", "description": "Reads.", "parameters": {"type": "object", "properties": {}}}
CALLED: Final = {"id": "c1", "type": "function", "function": {"name": "read", "arguments": "{}"}}
PARTS: Final = [{"type": "text", "text": "hi"}]
HI: Final = [{"role": "user", "content": "hi"}]

CHATS: Final[dict[str, dict[str, Any]]] = {
    "Open WebUI": {
        "stream": True,
        "stream_options": {"include_usage": True},
        "messages": [
            {"role": "system", "content": "Be brief."},
            *HI,
            {"role": "assistant", "content": "", "tool_calls": [{"index": 0, **CALLED}]},
            {"role": "tool", "tool_call_id": "c1", "content": "x"},
        ],
        "tools": [{"type": "function", "function": FUNCTION}],
        "user": "someone",
    },
    "Open WebUI, a title": {
        "stream": False,
        "max_completion_tokens": 1000,
        "messages": HI,
        "metadata": {"task": "title"},
    },
    "LibreChat": {
        "messages": HI,
        "user": "65f0",
        "stream": True,
        "stream_options": {"include_usage": True},
        "temperature": 1,
        "top_p": 1,
        "n": 1,
        "presence_penalty": 0,
        "frequency_penalty": 0,
        "parallel_tool_calls": True,
    },
    "Continue": {
        "messages": [{"role": "user", "content": PARTS}],
        "max_tokens": 4096,
        "stream": True,
        "stream_options": {"include_usage": True},
        "prediction": {"type": "content", "content": "x"},
    },
    "Zed": {
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": PARTS},
            {"role": "assistant", "content": None, "tool_calls": [CALLED]},
            {"role": "tool", "content": PARTS, "tool_call_id": "c1"},
        ],
        "stream": True,
        "stream_options": {"include_usage": True},
        "max_completion_tokens": 8192,
        "stop": [],
        "temperature": 1.0,
        "tool_choice": "auto",
        "parallel_tool_calls": False,
        "tools": [{"type": "function", "function": FUNCTION}],
        "prompt_cache_key": "thread",
        "reasoning_effort": "medium",
    },
    "LiteLLM": {
        "messages": [
            {"role": "system", "content": [{**PARTS[0], "cache_control": {"type": "ephemeral"}}]},
            *HI,
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [{**CALLED, "provider_specific_fields": None}],
                "function_call": None,
                "provider_specific_fields": {"refusal": None},
                "reasoning_content": "Hm.",
                "thinking_blocks": [],
            },
            {
                "role": "tool",
                "tool_call_id": "c1",
                "name": "read",
                "content": "x",
                "cache_control": {"type": "ephemeral"},
            },
        ],
        "tools": [{"type": "function", "function": FUNCTION, "cache_control": {"type": "ephemeral"}}],
        "extra_body": {},
        "stream": True,
    },
    "openai, all that asks for nothing": {
        "messages": [{**HI[0], "name": "ann", "id": "m1"}],
        "n": 1,
        "logprobs": False,
        "logit_bias": {},
        "modalities": ["text"],
        "store": False,
        "metadata": {},
        "service_tier": "auto",
        "verbosity": "medium",
        "safety_identifier": "hash",
        "prompt_cache_key": "key",
        "prompt_cache_retention": "24h",
        "stream_options": {"include_usage": True, "include_obfuscation": False},
        "response_format": {"type": "text"},
    },
}
RESPONSES: Final[dict[str, dict[str, Any]]] = {
    "Codex": {
        "instructions": "Be brief.",
        "input": [
            {"type": "message", "role": "developer", "content": [{"type": "input_text", "text": "Be kind."}]},
            {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hi"}]},
            {"type": "reasoning", "summary": [], "content": None, "encrypted_content": "x"},
            {"type": "function_call", "name": "read", "arguments": "{}", "call_id": "c1"},
            {"type": "function_call_output", "call_id": "c1", "output": "x"},
        ],
        "tools": [{"type": "function", "strict": False, **FUNCTION}],
        "tool_choice": "auto",
        "parallel_tool_calls": False,
        "reasoning": {"effort": "medium", "summary": "auto"},
        "store": False,
        "stream": True,
        "include": ["reasoning.encrypted_content"],
        "prompt_cache_key": "thread",
        "text": {"verbosity": "medium"},
        "client_metadata": {"thread": "x"},
    },
    "openai, all that asks for nothing": {
        "input": "hi",
        "truncation": "disabled",
        "background": False,
        "top_logprobs": 0,
        "max_tool_calls": 3,
        "text": {"format": {"type": "text"}, "verbosity": "medium"},
        "stream_options": {"include_obfuscation": False},
        "metadata": {},
        "service_tier": "default",
        "safety_identifier": "hash",
    },
}
REFUSED: Final = [
    ({"tools": [{"type": "custom", "custom": {"name": "patch"}}]}, "tools[0].type"),
    ({"web_search_options": {}}, "web_search_options"),
    ({"verbosity": "low"}, "verbosity"),
    ({"store": True}, "store"),
    ({"top_k": 40}, "top_k"),
    ({"tool_choice": {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": []}}}, "tool_choice.type"),
]
REFUSED_OF_RESPONSE: Final = [
    ({"tools": [{"type": "web_search"}]}, "tools[0].type"),
    ({"tools": [{"type": "custom", "name": "patch"}]}, "tools[0].type"),
    ({"text": {"verbosity": "high"}}, "text.verbosity"),
    ({"truncation": "auto"}, "truncation"),
    ({"store": True}, "store"),
]


@pytest.mark.parametrize("client", CHATS)
def test_what_a_client_sends_to_chat_is_read(client: str) -> None:
    chat = chat_of(read_chat_completion(json.dumps({"model": "gemini-flash-latest", **CHATS[client]}).encode()))
    assert chat.message == "hi" or chat.history


@pytest.mark.parametrize("client", RESPONSES)
def test_what_a_client_sends_to_responses_is_read(client: str) -> None:
    body = json.dumps({"model": "gemini-flash-latest", **RESPONSES[client]}).encode()
    chat = chat_of_response(read_response_request(body))
    assert chat.message == "hi" or chat.history


@pytest.mark.parametrize("fields, path", REFUSED)
def test_what_a_client_may_ask_of_chat_in_vain_is_named(fields: dict[str, Any], path: str) -> None:
    with pytest.raises(Failure) as refused:
        chat_of(read_chat_completion(json.dumps({"messages": HI, **fields}).encode()))
    assert (refused.value.code, refused.value.field) == ("invalid_frame", path)


@pytest.mark.parametrize("fields, path", REFUSED_OF_RESPONSE)
def test_what_a_client_may_ask_of_responses_in_vain_is_named(fields: dict[str, Any], path: str) -> None:
    with pytest.raises(Failure) as refused:
        chat_of_response(read_response_request(json.dumps({"input": "hi", **fields}).encode()))
    assert (refused.value.code, refused.value.field) == ("invalid_frame", path)
