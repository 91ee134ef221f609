"""The turn of a request over HTTP, from its acceptance until its response is sent."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

from litestar.types import Scope

from deltawire.chat.turn import Turn
from deltawire.edge.error_handler import Refusal
from deltawire.identity.caller import Caller, caller_of
from deltawire.limits.headers import rate_limit_fields
from deltawire.protocol.chat_request import ChatRequest
from deltawire.protocol.errors import Failure
from deltawire.routes.bodies import AnyRequest
from deltawire.routes.connection import while_connected
from deltawire.routes.services import Services
from deltawire.telemetry.request_context import RequestContext, Transport, request_context


class RequestedTurn(NamedTuple):
    """A request, and the chat that it asks for."""

    request: AnyRequest
    chat: ChatRequest
    is_self_contained: bool = False
    """True where the answer holds all: the client gets no state of a turn, and no id of a stored file."""

    @property
    def caller(self) -> Caller:
        """The caller."""
        return caller_of(self.request.scope)

    def context(self, transport: Transport) -> RequestContext:
        """Return the context of the turn."""
        return request_context(transport, self.request.scope["headers"])


@asynccontextmanager
async def begun_turn(
    requested: RequestedTurn, services: Services, transport: Transport
) -> AsyncIterator[tuple[Turn, dict[str, str]]]:
    """Yield the turn of a request, begun, and the header fields of its limits.

    Raise `Refusal`, and `PeerGone` for a client that left while the turn began.
    """
    try:
        turn = services.turn_registry.accept(
            requested.chat,
            [],
            requested.caller,
            requested.context(transport),
            is_self_contained=requested.is_self_contained,
        )
    except Failure as failure:
        raise Refusal(failure, turn=requested.chat.id, headers={}) from None
    async with turn:
        try:
            await _begin(turn, requested.request.scope)
        except Failure as failure:
            raise Refusal(failure, turn=turn.id, headers=rate_limit_fields(await turn.standings())) from None
        yield turn, rate_limit_fields(await turn.standings())


async def _begin(turn: Turn, scope: Scope) -> None:
    """Begin a turn while its client is connected; raise `Failure`, or `PeerGone` when it leaves."""
    if turn.record.may_refuse:
        await while_connected(scope, turn.begin(), turn.leave)
    else:
        await turn.begin()
