"""The operations of `/v1` in the OpenAPI document."""

from dataclasses import replace
from typing import Any, Final

from litestar.openapi.spec import OpenAPIMediaType, OpenAPIResponse, Schema
from litestar.openapi.spec.enums import OpenAPIType

from deltawire.api_docs.operations import SOCKET_ONLY, operation
from deltawire.api_docs.responses import LIMITS, OPENAI, examples_of, json_response
from deltawire.protocol.errors import TABLE
from deltawire.protocol.openai.chat_answer import ChatCompletion, ChatCompletionChunk
from deltawire.protocol.openai.chat_request import ChatCompletionRequest
from deltawire.protocol.openai.errors import ErrorBody
from deltawire.protocol.openai.models import OpenAIModel, OpenAIModelList
from deltawire.protocol.openai.response_answer import OpenAIResponse
from deltawire.protocol.openai.response_request import ResponseRequest

STRUCTS: Final = (
    *(ChatCompletionRequest, ChatCompletion, ChatCompletionChunk, ResponseRequest, OpenAIResponse),
    *(ErrorBody, OpenAIModel, OpenAIModelList),
)
"""The Structs of these routes."""

COMPLETIONS: Final[dict[str, dict[str, Any]]] = {
    "smallest": {"messages": [{"role": "user", "content": "hi"}]},
    "as a stream": {
        "model": "gemini-flash-latest",
        "messages": [
            {"role": "system", "content": "You are terse."},
            {"role": "user", "content": [{"type": "text", "text": "Why is the sky blue?"}]},
            {"role": "assistant", "content": "Because air scatters blue light more than red."},
            {"role": "user", "content": "And in one sentence?"},
        ],
        "stream": True,
        "stream_options": {"include_usage": True},
        "max_completion_tokens": 256,
        "temperature": 0.4,
        "top_p": 0.9,
        "stop": "END",
        "seed": 7,
        "reasoning_effort": "low",
    },
}
"""Example requests; the tests send each to a real server."""

RESPONSES: Final[dict[str, dict[str, Any]]] = {
    "smallest": {"input": "hi"},
    "as a stream": {
        "model": "gemini-flash-latest",
        "instructions": "You are terse.",
        "input": [
            {"role": "user", "content": [{"type": "input_text", "text": "Why is the sky blue?"}]},
            {"role": "assistant", "content": "Because air scatters blue light more than red."},
            {"role": "user", "content": "And in one sentence?"},
        ],
        "stream": True,
        "store": False,
        "max_output_tokens": 256,
        "reasoning": {"effort": "low", "summary": "auto"},
    },
}
"""The same for responses."""

_CHUNKS: Final = """\
data: {"id":"chatcmpl-9c2f","object":"chat.completion.chunk","created":1796000000,"model":"gemini-flash-latest",...}

data: [DONE]

"""
_EVENTS: Final = """\
event: response.output_text.delta
data: {"type":"response.output_text.delta","sequence_number":4,"item_id":"msg_9c2f_0","output_index":0,...}

"""
_CHUNK: Final = Schema(
    type=OpenAPIType.OBJECT,
    description="One event: a `ChatCompletionChunk` as JSON, an `ErrorBody`, or `[DONE]`.",
    properties={"data": Schema(type=OpenAPIType.STRING)},
    required=["data"],
)


_EVENT: Final = Schema(
    type=OpenAPIType.OBJECT,
    description="One event, as OpenAI has them for responses.",
    properties={"event": Schema(type=OpenAPIType.STRING), "data": Schema(type=OpenAPIType.STRING)},
    required=["event", "data"],
)


def _responses_of(response: OpenAPIResponse, event: Schema, example: str) -> dict[str, OpenAPIResponse]:
    """Return the responses of a route: one JSON document, or a stream of events."""
    stream = OpenAPIMediaType(schema=event, examples=examples_of({"an answer": example}))
    content = {**(response.content or {}), "text/event-stream": stream}
    return {"200": replace(response, content=content, headers=LIMITS)}


_READ_CODES: Final = frozenset({"unauthenticated", "forbidden", "internal"})

_TURN_CODES: Final = frozenset(TABLE) - SOCKET_ONLY

COMPLETE: Final = operation(
    _responses_of(json_response(ChatCompletion, "The whole answer; with `stream`, its chunks."), _CHUNK, _CHUNKS),
    _TURN_CODES,
    body=ChatCompletionRequest,
    examples=COMPLETIONS,
    shape=OPENAI,
)
"""`POST /v1/chat/completions`."""
RESPOND: Final = operation(
    _responses_of(json_response(OpenAIResponse, "The whole response; with `stream`, its events."), _EVENT, _EVENTS),
    _TURN_CODES,
    body=ResponseRequest,
    examples=RESPONSES,
    shape=OPENAI,
)
"""`POST /v1/responses`."""
LIST_OPENAI_MODELS: Final = operation(
    {"200": json_response(OpenAIModelList, "The models on offer.")}, _READ_CODES, shape=OPENAI
)
"""`GET /v1/models`."""
READ_OPENAI_MODEL: Final = operation(
    {"200": json_response(OpenAIModel, "The model.")}, _READ_CODES | {"unknown_model"}, shape=OPENAI
)
"""`GET /v1/models/{model}`."""
