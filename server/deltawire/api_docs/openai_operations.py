"""The operations of `/v1` in the OpenAPI document."""

from dataclasses import replace
from typing import Any, Final

from litestar.openapi.spec import OpenAPIMediaType, OpenAPIResponse, Schema
from litestar.openapi.spec.enums import OpenAPIType

from deltawire.api_docs.operations import SOCKET_ONLY, operation
from deltawire.api_docs.responses import LIMITS, OPENAI, examples_of, json_answer
from deltawire.protocol.errors import TABLE
from deltawire.protocol.openai.chat_answer import ChatCompletion, ChatCompletionChunk
from deltawire.protocol.openai.chat_request import ChatCompletionRequest
from deltawire.protocol.openai.errors import ErrorBody
from deltawire.protocol.openai.models import OpenAIModel, OpenAIModelList

SPOKEN: Final = (ChatCompletionRequest, ChatCompletion, ChatCompletionChunk, ErrorBody, OpenAIModel, OpenAIModelList)
"""The Structs of these routes."""

EXAMPLES: Final[dict[str, dict[str, Any]]] = {
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

_CHUNKS: Final = """\
data: {"id":"chatcmpl-9c2f","object":"chat.completion.chunk","created":1796000000,"model":"gemini-flash-latest",...}

data: [DONE]

"""
_CHUNK: Final = Schema(
    type=OpenAPIType.OBJECT,
    description="One event: a `ChatCompletionChunk` as JSON, an `ErrorBody`, or `[DONE]`.",
    properties={"data": Schema(type=OpenAPIType.STRING)},
    required=["data"],
)


def _complete() -> OpenAPIResponse:
    whole = json_answer(ChatCompletion, "The whole answer; with `stream`, its chunks.")
    chunks = OpenAPIMediaType(schema=_CHUNK, examples=examples_of({"an answer": _CHUNKS}))
    return replace(whole, content={**(whole.content or {}), "text/event-stream": chunks}, headers=LIMITS)


_READ: Final = frozenset({"unauthenticated", "forbidden", "internal"})

COMPLETE: Final = operation(
    {"200": _complete()},
    frozenset(TABLE) - SOCKET_ONLY,
    body=ChatCompletionRequest,
    examples=EXAMPLES,
    shape=OPENAI,
)
"""`POST /v1/chat/completions`."""
LIST_OPENAI_MODELS: Final = operation(
    {"200": json_answer(OpenAIModelList, "The models on offer.")}, _READ, shape=OPENAI
)
"""`GET /v1/models`."""
READ_OPENAI_MODEL: Final = operation(
    {"200": json_answer(OpenAIModel, "The model.")}, _READ | {"unknown_model"}, shape=OPENAI
)
"""`GET /v1/models/{model}`."""
