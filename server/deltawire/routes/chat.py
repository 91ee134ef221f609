"""`POST /chat` and `POST /chat/stream`: the same turn for scripts and simple clients.

A refusal before the upstream is asked is an HTTP status. After that, `/chat` answers when the turn has ended;
`/chat/stream` has sent 200 already and ends in a `usage` or `error` event. A client that leaves cancels its turn in
every phase.
"""

from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager, suppress

from litestar import post
from litestar.di import NamedDependency
from litestar.types import ASGIApp, Receive, Scope, Send

from deltawire.api_docs.operations import STREAMED, WHOLE
from deltawire.chat.peer import PeerGone
from deltawire.chat.turn import Turn
from deltawire.edge.problem_details import Problem, Refusal
from deltawire.limits.headers import rate_limit_fields
from deltawire.protocol.claims import claimed_id
from deltawire.protocol.decoding import Unreadable
from deltawire.protocol.errors import Failure
from deltawire.protocol.frames import decode_request
from deltawire.routes.answers import Answer, Fold, send_whole
from deltawire.routes.bodies import AnyRequest, json_body
from deltawire.routes.chat_with_grace import Asked, answer_with_grace, stream_with_grace
from deltawire.routes.connection import while_connected
from deltawire.routes.services import Services
from deltawire.routes.sse import EventStream
from deltawire.telemetry.request_context import Transport


@post("/chat", status_code=200, operation_class=WHOLE)
async def chat(request: AnyRequest, services: NamedDependency[Services]) -> ASGIApp:
    """Run a turn, and return the whole answer once it has ended."""

    async def respond(scope: Scope, receive: Receive, send: Send) -> None:
        with suppress(PeerGone):
            asked = await _asked(request, services)
            if asked.chat.grace:
                await answer_with_grace(asked, scope, receive, send, services)
                return
            async with _admitted(asked, services, "rest") as (turn, headers):
                whole = await while_connected(receive, turn, _fold(turn))
                if whole is not None:
                    await send_whole(whole, headers, scope, send, services)

    return respond


@post("/chat/stream", status_code=200, operation_class=STREAMED)
async def chat_stream(request: AnyRequest, services: NamedDependency[Services]) -> ASGIApp:
    """Run a turn, and send the answer as server-sent events while it comes."""

    async def stream(scope: Scope, receive: Receive, send: Send) -> None:
        with suppress(PeerGone):
            asked = await _asked(request, services)
            writer = EventStream(scope, send, services.send_timeout, services.metrics)
            if asked.chat.grace:
                await stream_with_grace(asked, writer, receive, services)
                return
            async with _admitted(asked, services, "sse") as (turn, headers):
                await while_connected(receive, turn, writer.run(turn, headers))

    return stream


async def _asked(request: AnyRequest, services: Services) -> Asked:
    """Return what a request asks. Raise `Failure` and `Refusal`."""
    async with json_body(request, services) as body:
        try:
            return Asked(request, decode_request(body))
        except Unreadable as failure:
            raise Refusal(failure, turn=claimed_id(failure, body)[0], headers={}) from None


@asynccontextmanager
async def _admitted(
    asked: Asked, services: Services, transport: Transport
) -> AsyncIterator[tuple[Turn, dict[str, str]]]:
    """Yield the turn of a request, begun, and the header fields of its limits.

    Raise `Refusal`, and `PeerGone` for a client that left while the turn began.
    """
    try:
        turn = services.admission.turn(asked.chat, [], asked.caller, asked.context(transport))
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
    if not turn.may_be_refused:
        await turn.begin()
    elif not await while_connected(receive, turn, _begun(turn)):
        raise PeerGone


async def _begun(turn: Turn) -> bool:
    await turn.begin()
    return True


async def _fold(turn: Turn) -> Answer | Problem:
    """Run a turn to its end; return its frames joined into one answer."""
    fold = Fold()
    async with aclosing(turn.frames()) as frames:
        async for frame in frames:
            fold.add(frame)
    return fold.whole()
