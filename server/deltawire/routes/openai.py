"""`/v1`: the same turn for clients of OpenAI's API.

A request brings its whole conversation. Only the provider's parts of a step with calls are kept for the next request.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from functools import partial
from typing import Any, Final, NamedTuple

from litestar import Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.types import ASGIApp, Receive, Scope, Send
from msgspec import Struct
from msgspec.structs import replace

from deltawire.api_docs.openai_operations import COMPLETE, LIST_OPENAI_MODELS, READ_OPENAI_MODEL, RESPOND
from deltawire.chat.peer import PeerGone
from deltawire.chat.turn import Turn
from deltawire.conversations.files.given import with_given_files
from deltawire.gemini.messages import encoded_size
from deltawire.protocol.chat_request import ChatRequest
from deltawire.protocol.errors import Failure
from deltawire.protocol.openai.chat_answer import ChunkWriter, completion_of
from deltawire.protocol.openai.chat_request import chat_of, read_chat_completion
from deltawire.protocol.openai.conversation import check_model
from deltawire.protocol.openai.given_files import given_chars
from deltawire.protocol.openai.models import OpenAIModel, OpenAIModelList, model_list
from deltawire.protocol.openai.response_answer import begun, response_of
from deltawire.protocol.openai.response_request import chat_of_response, read_response_request
from deltawire.protocol.openai.response_stream import ResponseWriter
from deltawire.protocol.problem_details import Problem
from deltawire.routes.admitted import admitted
from deltawire.routes.answers import Answer, FrameWriter, fold, send_whole, stream_late
from deltawire.routes.bodies import AnyRequest, json_body, owner_of
from deltawire.routes.chat_with_grace import Asked
from deltawire.routes.connection import while_connected
from deltawire.routes.services import Services
from deltawire.routes.sse import EventStream

_LONG: Final = 2**16
"""Bytes of a body that takes longer to be read than a thread takes to start."""


class Wanted(NamedTuple):
    """A request, read: the turn that it asks for, and the shape of the answer."""

    chat: ChatRequest
    stream: bool
    writer: Callable[[str], FrameWriter]
    """Makes the writer of a turn with this id."""
    whole: Callable[[Answer], Struct]


@post("/chat/completions", status_code=200, operation_class=COMPLETE)
async def complete_chat(request: AnyRequest, services: NamedDependency[Services]) -> ASGIApp:
    """Run a turn; return the whole answer, or with `stream` its chunks as server-sent events."""

    def read(body: bytes) -> Wanted:
        asked, now = read_chat_completion(body), int(time.time())
        wants_usage = asked.wants_usage
        return Wanted(
            chat_of(asked),
            bool(asked.stream),
            lambda turn: ChunkWriter(turn, now, wants_usage=wants_usage),
            lambda answer: completion_of(answer.id, answer.text, answer.thoughts, answer.usage, now, answer.tool_calls),
        )

    return _answering(request, services, read)


@post("/responses", status_code=200, operation_class=RESPOND)
async def create_response(request: AnyRequest, services: NamedDependency[Services]) -> ASGIApp:
    """Run a turn; return the whole response, or with `stream` its events. It is not stored."""

    def read(body: bytes) -> Wanted:
        asked, now = read_response_request(body), int(time.time())
        chat = chat_of_response(asked)
        asked = replace(asked, input="")  # the turn has its files, so their base64 is not held as long as it runs

        def whole(answer: Answer) -> Struct:
            response = begun(answer.id, asked, answer.usage.model, now)
            thoughts = answer.thoughts if asked.wants_thoughts else ""
            return response_of(response, answer.id, answer.text, thoughts, answer.usage, answer.tool_calls)

        return Wanted(chat, bool(asked.stream), lambda turn: ResponseWriter(turn, asked, now), whole)

    return _answering(request, services, read)


def _answering(request: AnyRequest, services: Services, read: Callable[[bytes], Wanted]) -> ASGIApp:
    """Return the response of the turn that a request asks for; `read` raises `Failure`."""

    async def respond(scope: Scope, receive: Receive, send: Send) -> None:
        with suppress(PeerGone):
            wanted = await _wanted(request, services, read)
            asked = Asked(request, wanted.chat, with_state=False)
            async with admitted(asked, services, "sse" if wanted.stream else "rest") as (turn, fields):
                keep = partial(services.kept_calls.keep, asked.caller.name, turn)
                if wanted.stream:
                    stream = EventStream(scope, send, services.send_timeout, services.metrics)
                    work: Coroutine[Any, Any, Struct | None] = stream_late(
                        turn, wanted.writer(turn.id), stream, fields, keep
                    )
                else:
                    work = _whole(turn, wanted, keep)
                whole = await while_connected(receive, turn, work)
                if whole is not None:
                    await send_whole(whole, fields, scope, send, services)

    return respond


async def _wanted(request: AnyRequest, services: Services, read: Callable[[bytes], Wanted]) -> Wanted:
    """Return what a request asks for, with its files. Raise `Failure`, and `BrokeOff` for a client that has left."""
    async with json_body(request, services, files=encoded_size(services.files.bounds.file_bytes)) as body:
        # In a thread, where it is long: the time grows with the messages.
        wanted = await asyncio.to_thread(read, body) if len(body) > _LONG else read(body)
        if len(body) - given_chars(wanted.chat) > services.body_bytes:
            message = f"Without its files, a request may have at most {services.body_bytes:,} bytes"
            raise Failure("message_too_large", f"{message}; see MAX_FRAME_BYTES.")
        return wanted._replace(chat=await _restored(request, wanted.chat, services))


async def _restored(request: AnyRequest, chat: ChatRequest, services: Services) -> ChatRequest:
    """Return the request of a turn with its files, and what the model said in earlier calls. Raise `Failure`."""
    model = services.admission.catalog.models_for(chat.model)[0]
    chat = await services.kept_calls.restored(owner_of(request), chat, model)
    return await with_given_files(chat, services.files.bounds)


async def _whole(turn: Turn, wanted: Wanted, keep: Callable[[], Awaitable[None]]) -> Struct | None:
    """Run a turn to its end; return the whole answer."""
    answer = await fold(turn)
    if isinstance(answer, Problem):
        return answer
    await keep()
    return wanted.whole(answer)


@get("/models", operation_class=LIST_OPENAI_MODELS)
async def list_openai_models(services: NamedDependency[Services]) -> OpenAIModelList:
    """List the models that a request may name."""
    return model_list(services.admission.catalog.models)


@get("/models/{model:str}", operation_class=READ_OPENAI_MODEL)
async def read_openai_model(model: FromPath[str], services: NamedDependency[Services]) -> OpenAIModel:
    """Return one model."""
    check_model(model)
    return OpenAIModel(id=services.admission.catalog.models_for(model)[0])


openai = Router(
    "/v1",
    route_handlers=[complete_chat, create_response, list_openai_models, read_openai_model],
    request_max_body_size=None,  # `json_body` bounds a body with its files
)
