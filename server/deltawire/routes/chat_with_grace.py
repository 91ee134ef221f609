"""`POST /chat` and `POST /chat/stream` with `grace`: the request listens to a run, which outlives it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from litestar.types import Scope, Send

from deltawire.chat.runs.registry import AnyRun
from deltawire.edge.error_handler import Refusal
from deltawire.edge.headers import preferences
from deltawire.limits.headers import rate_limit_fields
from deltawire.protocol.errors import Failure
from deltawire.protocol.frames import NumberedFrame, encode
from deltawire.protocol.problem_details import raw_headers
from deltawire.routes.answers import send_whole
from deltawire.routes.begun_turn import RequestedTurn
from deltawire.routes.connection import while_connected
from deltawire.routes.run_listeners import HttpListener
from deltawire.routes.run_report import report_of
from deltawire.routes.services import Services
from deltawire.routes.sse import EventStream
from deltawire.telemetry.request_context import Transport

_ASYNC: Final = "respond-async"


async def stream_with_grace(requested: RequestedTurn, stream: EventStream, services: Services) -> None:
    """Send the run of a chat as events. Raise `Refusal` before the first, and `PeerGone`."""
    async with _listening(requested, "sse", services) as (run, listener, frames):
        fields = rate_limit_fields(await run.standings())
        await while_connected(requested.request.scope, listener.stream(stream, frames, fields))


async def answer_with_grace(requested: RequestedTurn, scope: Scope, send: Send, services: Services) -> None:
    """Send the answer of the run of a chat; to a client that prefers so, send the name of the run at once."""
    async with _listening(requested, "rest", services) as (run, listener, frames):
        fields = rate_limit_fields(await run.standings())
        if _ASYNC in preferences(requested.request.scope):
            await _send_accepted(run, fields, send)
            return
        whole = await while_connected(scope, listener.answer(frames))
        await send_whole(whole, fields, scope, send, services)


@asynccontextmanager
async def _listening(
    requested: RequestedTurn, transport: Transport, services: Services
) -> AsyncIterator[tuple[AnyRun, HttpListener, list[NumberedFrame]]]:
    """Yield the run of a chat, a listener, and the first frames. Raise `Refusal`, and `PeerGone`."""
    try:
        run = await services.runs.start(requested.chat, [], requested.caller, requested.context(transport))
    except Failure as failure:
        raise Refusal(failure, turn=requested.chat.id, headers={}) from None
    async with HttpListener.on(run) as listener:
        try:
            frames = await while_connected(requested.request.scope, listener.first())
        except Failure as failure:
            raise Refusal(failure, turn=run.turn, headers=rate_limit_fields(await run.standings())) from None
        yield run, listener, frames


async def _send_accepted(run: AnyRun, fields: dict[str, str], send: Send) -> None:
    body = encode(report_of(run))
    named = {"content-type": "application/json", "location": f"/runs/{run.name}", "preference-applied": _ASYNC}
    await send({"type": "http.response.start", "status": 202, "headers": raw_headers({**named, **fields}, body)})
    await send({"type": "http.response.body", "body": body, "more_body": False})
