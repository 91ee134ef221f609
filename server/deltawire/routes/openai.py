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

from deltawire.api_docs.openai_operations import COMPLETE, LIST_OPENAI_MODELS, READ_OPENAI_MODEL, RESPOND
from deltawire.chat.peer import PeerGone
from deltawire.chat.turn import Turn
from deltawire.conversations.files.given import with_given_files
from deltawire.protocol.chat_request import ChatRequest
from deltawire.protocol.openai.chat_answer import ChunkWriter, completion_of
from deltawire.protocol.openai.chat_request import chat_of, read_chat_completion
from deltawire.protocol.openai.conversation import check_model
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
        return Wanted(
            chat_of(asked),
            bool(asked.stream),
            lambda turn: ChunkWriter(turn, now, wants_usage=asked.wants_usage),
            lambda answer: completion_of(answer.id, answer.text, answer.thoughts, answer.usage, now, answer.tool_calls),
        )

    return _answering(request, services, read)


@post("/responses", status_code=200, operation_class=RESPOND)
async def create_response(request: AnyRequest, services: NamedDependency[Services]) -> ASGIApp:
    """Run a turn; return the whole response, or with `stream` its events. It is not stored."""

    def read(body: bytes) -> Wanted:
        asked, now = read_response_request(body), int(time.time())

        def whole(answer: Answer) -> Struct:
            response = begun(answer.id, asked, answer.usage.model, now)
            thoughts = answer.thoughts if asked.wants_thoughts else ""
            return response_of(response, answer.id, answer.text, thoughts, answer.usage, answer.tool_calls)

        return Wanted(chat_of_response(asked), bool(asked.stream), lambda turn: ResponseWriter(turn, asked, now), whole)

    return _answering(request, services, read)


def _answering(request: AnyRequest, services: Services, read: Callable[[bytes], Wanted]) -> ASGIApp:
    """Return the response of the turn that a request asks for; `read` raises `Failure`."""

    async def respond(scope: Scope, receive: Receive, send: Send) -> None:
        with suppress(PeerGone):
            async with json_body(request, services) as body:
                # In a thread, where it is long: the time grows with the messages.
                wanted = await asyncio.to_thread(read, body) if len(body) > _LONG else read(body)
                chat = await _restored(request, wanted.chat, services)
            asked = Asked(request, chat, with_state=False)
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


async def _restored(request: AnyRequest, chat: ChatRequest, services: Services) -> ChatRequest:
    """Return the request of a turn with its files, and what the model said in earlier calls. Raise `Failure`."""
    model = services.admission.catalog.models_for(chat.model)[0]
    chat = await services.kept_calls.restored(owner_of(request), chat, model)
    return with_given_files(chat, services.files.bounds)


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


openai = Router("/v1", route_handlers=[complete_chat, create_response, list_openai_models, read_openai_model])
