"""The turn of a request over HTTP, from its admission until its response is sent."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from litestar.types import Receive

from deltawire.chat.peer import PeerGone
from deltawire.chat.turn import Turn
from deltawire.edge.error_handler import Refusal
from deltawire.limits.headers import rate_limit_fields
from deltawire.protocol.errors import Failure
from deltawire.routes.chat_with_grace import Asked
from deltawire.routes.connection import while_connected
from deltawire.routes.services import Services
from deltawire.telemetry.request_context import Transport


@asynccontextmanager
async def admitted(
    asked: Asked, services: Services, transport: Transport
) -> AsyncIterator[tuple[Turn, dict[str, str]]]:
    """Yield the turn of a request, begun, and the header fields of its limits.

    Raise `Refusal`, and `PeerGone` for a client that left while the turn began.
    """
    try:
        turn = services.admission.turn(
            asked.chat, [], asked.caller, asked.context(transport), with_state=asked.with_state
        )
    except Failure as failure:
        raise Refusal(failure, turn=asked.chat.id, headers={}) from None
    async with turn:
        try:
            await _begin(turn, asked.request.receive)
        except Failure as failure:
            raise Refusal(failure, turn=turn.id, headers=rate_limit_fields(await turn.standings())) from None
        yield turn, rate_limit_fields(await turn.standings())


async def _begin(turn: Turn, receive: Receive) -> None:
    """Begin a turn while its client is connected; raise `Failure`, or `PeerGone` when it leaves."""
    if not turn.record.may_refuse:
        await turn.begin()
    elif not await while_connected(receive, turn, _begun(turn)):
        raise PeerGone


async def _begun(turn: Turn) -> bool:
    await turn.begin()
    return True
