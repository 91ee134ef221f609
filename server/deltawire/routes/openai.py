"""`/v1`: the same turn for clients of OpenAI's API.

Nothing is kept from one request to the next: a request brings its whole conversation.
"""

import re
import time
from contextlib import suppress
from typing import Final

from litestar import Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.types import ASGIApp, Receive, Scope, Send

from deltawire.api_docs.openai_operations import COMPLETE, LIST_OPENAI_MODELS, READ_OPENAI_MODEL
from deltawire.chat.peer import PeerGone
from deltawire.chat.turn import Turn
from deltawire.edge.problem_details import Problem, problem_of
from deltawire.protocol.errors import TABLE, Failure
from deltawire.protocol.frames import MODEL_NAME, TurnFrame
from deltawire.protocol.openai.chat_answer import ChatCompletion, ChunkWriter, completion_of
from deltawire.protocol.openai.chat_request import ChatCompletionRequest, chat_of, read_chat_completion
from deltawire.protocol.openai.models import OpenAIModel, OpenAIModelList, model_list
from deltawire.routes.admitted import admitted
from deltawire.routes.answers import fold, send_whole
from deltawire.routes.bodies import AnyRequest, json_body
from deltawire.routes.chat_with_grace import Asked
from deltawire.routes.connection import while_connected
from deltawire.routes.services import Services
from deltawire.routes.sse import EventStream

_model_name: Final = re.compile(MODEL_NAME)


@post("/chat/completions", status_code=200, operation_class=COMPLETE)
async def complete_chat(request: AnyRequest, services: NamedDependency[Services]) -> ASGIApp:
    """Run a turn; return the whole answer, or with `stream` its chunks as server-sent events."""

    async def respond(scope: Scope, receive: Receive, send: Send) -> None:
        with suppress(PeerGone):
            async with json_body(request, services.arriving) as body:
                wanted = read_chat_completion(body)
                asked = Asked(request, chat_of(wanted))
            async with admitted(asked, services, "sse" if wanted.stream else "rest") as (turn, fields):
                whole: ChatCompletion | Problem | None
                if wanted.stream:
                    stream = EventStream(scope, send, services.send_timeout, services.metrics)
                    whole = await while_connected(receive, turn, _stream(turn, wanted, stream, fields))
                else:
                    whole = await while_connected(receive, turn, _complete(turn))
                if whole is not None:
                    await send_whole(whole, fields, scope, send, services)

    return respond


async def _stream(
    turn: Turn, wanted: ChatCompletionRequest, stream: EventStream, fields: dict[str, str]
) -> Problem | None:
    """Send the chunks. Return the problem of a turn that failed before the first."""
    chunks = ChunkWriter(turn.id, int(time.time()), wants_usage=wanted.wants_usage)

    def events_of(frame: TurnFrame) -> bytes:
        return chunks.events(frame, turn.usage.model)

    error = await stream.run_late(turn, fields, events_of)
    return None if error is None else problem_of(error, TABLE[error.code].status)


async def _complete(turn: Turn) -> ChatCompletion | Problem:
    """Run a turn to its end; return the whole answer."""
    answer = await fold(turn)
    if isinstance(answer, Problem):
        return answer
    return completion_of(answer.id, answer.text, answer.thoughts, answer.usage, int(time.time()))


@get("/models", operation_class=LIST_OPENAI_MODELS)
async def list_openai_models(services: NamedDependency[Services]) -> OpenAIModelList:
    """List the models that a request may name."""
    return model_list(services.admission.catalog.models)


@get("/models/{model:str}", operation_class=READ_OPENAI_MODEL)
async def read_openai_model(model: FromPath[str], services: NamedDependency[Services]) -> OpenAIModel:
    """Return one model."""
    if not _model_name.match(model):
        raise Failure("unknown_model", field="model")
    return OpenAIModel(id=services.admission.catalog.models_for(model)[0])


openai = Router("/v1", route_handlers=[complete_chat, list_openai_models, read_openai_model])
