"""The answer whose calls a turn brings the results of, and the model that made them."""

from typing import Any, NamedTuple

from msgspec.structs import replace
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from deltawire.conversations.context import LEFT_IN_CALLS, other_model
from deltawire.conversations.tree import Tree
from deltawire.conversations.turn_settings import merged
from deltawire.gemini.catalog import ModelCatalog
from deltawire.protocol.chat_request import ChatRequest
from deltawire.protocol.errors import Failure


async def calling_answer(
    connection: AsyncConnection, tree: Tree, catalog: ModelCatalog, request: ChatRequest
) -> Row[*tuple[Any, ...]]:
    """Return the answer whose calls wait for the results of this request. Raise `Failure`, with its field."""
    leaf = request.parent or await tree.newest_answer(connection)
    answer = None if leaf is None else await tree.message(connection, leaf)
    if answer is None or answer.finish_reason != LEFT_IN_CALLS or answer.parts is None:
        field = "parent" if request.parent else "tool_results"
        raise Failure("invalid_frame", "No calls of this answer wait for results.", field=field)
    if request.model is not None and answer.model not in catalog.models_for(request.model):
        raise other_model(answer.model)
    return answer


class Continuation(NamedTuple):
    """A request that brings results, with the settings of its conversation."""

    request: ChatRequest
    models: tuple[str, ...]
    """The one model that is asked: the one that called, because no other one accepts its signatures."""


def continuation(request: ChatRequest, settings: str, model: str, catalog: ModelCatalog) -> Continuation:
    """Return the continuation of a request; `model` is the one that called.

    Raise `Failure` for what that model does not accept.
    """
    with_settings = merged(request, settings, catalog.tools)
    return Continuation(with_settings, catalog.models_of(replace(with_settings, model=model))[:1])
