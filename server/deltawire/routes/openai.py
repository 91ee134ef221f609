"""`/v1`: the same turn for clients of OpenAI's API.

A request brings its whole conversation. Only the provider's parts of a step with calls are kept for the next request.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
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
from deltawire.protocol.openai.pictures import PartBesidesText, PlacedPicture
from deltawire.protocol.openai.response_answer import new_response, response_of
from deltawire.protocol.openai.response_request import chat_of_response, read_response_request
from deltawire.protocol.openai.response_stream import ResponseWriter
from deltawire.protocol.problem_details import Problem
from deltawire.routes.answers import Answer, FrameWriter, folded, send_whole, stream_late
from deltawire.routes.begun_turn import RequestedTurn, begun_turn
from deltawire.routes.bodies import AnyRequest, json_body, owner_of
from deltawire.routes.connection import while_connected
from deltawire.routes.services import Services
from deltawire.routes.sse import EventStream

_LONG_BYTES: Final = 2**16
"""Bytes of a body that takes longer to be read than a thread takes to start."""


class DecodedRequest(NamedTuple):
    """A request: the turn that it asks for, and the shape of the answer."""

    chat: ChatRequest
    is_streamed: bool
    make_writer: Callable[[str], FrameWriter]
    """Makes the writer of a stream, for a turn with this id."""
    make_answer: Callable[[Answer, Sequence[PlacedPicture]], Struct]
    """Makes the whole answer of a turn that is not streamed, with the pictures that the model made."""


@post("/chat/completions", status_code=200, operation_class=COMPLETE)
async def complete_chat(request: AnyRequest, services: NamedDependency[Services]) -> ASGIApp:
    """Run a turn; return the whole answer, or with `stream` its chunks as server-sent events."""

    def decode(body: bytes) -> DecodedRequest:
        completion, now = read_chat_completion(body), int(time.time())
        wants_usage = completion.wants_usage

        def make_answer(answer: Answer, pictures: Sequence[PlacedPicture]) -> Struct:
            parts: list[PartBesidesText] = [*answer.tool_calls, *pictures]
            return completion_of(answer.id, answer.text, answer.thoughts, answer.usage, now, parts)

        return DecodedRequest(
            chat_of(completion),
            bool(completion.stream),
            lambda turn: ChunkWriter(turn, now, wants_usage=wants_usage),
            make_answer,
        )

    return _response(request, services, decode)


@post("/responses", status_code=200, operation_class=RESPOND)
async def create_response(request: AnyRequest, services: NamedDependency[Services]) -> ASGIApp:
    """Run a turn; return the whole response, or with `stream` its events. It is not stored."""

    def decode(body: bytes) -> DecodedRequest:
        options, now = read_response_request(body), int(time.time())
        chat = chat_of_response(options)
        options = replace(options, input="")  # the turn has its files, so their base64 is not held as long as it runs

        def make_answer(answer: Answer, pictures: Sequence[PlacedPicture]) -> Struct:
            response = new_response(answer.id, options, answer.usage.model, now)
            thoughts = answer.thoughts if options.wants_thoughts else ""
            parts: list[PartBesidesText] = [*answer.tool_calls, *pictures]
            return response_of(response, answer.id, answer.text, thoughts, answer.usage, parts)

        return DecodedRequest(chat, bool(options.stream), lambda turn: ResponseWriter(turn, options, now), make_answer)

    return _response(request, services, decode)


def _response(request: AnyRequest, services: Services, decode: Callable[[bytes], DecodedRequest]) -> ASGIApp:
    """Return the response of the turn that a request asks for; `decode` raises `Failure`."""

    async def respond(scope: Scope, _: Receive, send: Send) -> None:
        with suppress(PeerGone):
            decoded = await _decoded(request, services, decode)
            requested = RequestedTurn(request, decoded.chat, is_self_contained=True)
            async with begun_turn(requested, services, "sse" if decoded.is_streamed else "rest") as (turn, fields):
                keep = partial(services.kept_calls.keep, requested.caller.name, turn)
                if decoded.is_streamed:
                    stream = EventStream(scope, send, services.send_timeout, services.metrics)
                    work: Coroutine[Any, Any, Struct | None] = stream_late(
                        turn, decoded.make_writer(turn.id), stream, fields, keep
                    )
                else:
                    work = _whole_answer(turn, decoded, keep)
                response = await while_connected(scope, work, turn.leave)
                if response is not None:
                    await send_whole(response, fields, scope, send, services)

    return respond


async def _decoded(
    request: AnyRequest, services: Services, decode: Callable[[bytes], DecodedRequest]
) -> DecodedRequest:
    """Return the decoded body, with its files. Raise `Failure`, and `RequestAborted` for a client that has left."""
    async with json_body(request, services, files=encoded_size(services.files.bounds.file_bytes)) as body:
        # In a thread, where it is long: the time grows with the messages.
        decoded = await asyncio.to_thread(decode, body) if len(body) > _LONG_BYTES else decode(body)
        if len(body) - given_chars(decoded.chat) > services.body_bytes:
            message = f"Without its files, a request may have at most {services.body_bytes:,} bytes"
            raise Failure("message_too_large", f"{message}; see MAX_FRAME_BYTES.")
        return decoded._replace(chat=await _with_kept_calls(request, decoded.chat, services))


async def _with_kept_calls(request: AnyRequest, chat: ChatRequest, services: Services) -> ChatRequest:
    """Return the request of a turn with the kept parts of its calls, and with its files. Raise `Failure`."""
    model = services.turn_registry.catalog.models_for(chat.model)[0]
    chat = await services.kept_calls.with_kept_parts(owner_of(request), chat, model)
    return await with_given_files(chat, services.files.bounds)


async def _whole_answer(turn: Turn, decoded: DecodedRequest, keep: Callable[[], Awaitable[None]]) -> Struct | None:
    """Run a turn to its end; return the whole answer."""
    joined = await folded(turn)
    answer = joined.result()
    if isinstance(answer, Problem):
        return answer
    await keep()
    return decoded.make_answer(answer, joined.pictures)


@get("/models", operation_class=LIST_OPENAI_MODELS)
async def list_openai_models(services: NamedDependency[Services]) -> OpenAIModelList:
    """List the models that a request may name."""
    return model_list(services.turn_registry.catalog.models)


@get("/models/{model:str}", operation_class=READ_OPENAI_MODEL)
async def read_openai_model(model: FromPath[str], services: NamedDependency[Services]) -> OpenAIModel:
    """Return one model."""
    check_model(model)
    return OpenAIModel(id=services.turn_registry.catalog.models_for(model)[0])


openai = Router(
    "/v1",
    route_handlers=[complete_chat, create_response, list_openai_models, read_openai_model],
    request_max_body_size=None,  # `json_body` bounds a body with its files
)
