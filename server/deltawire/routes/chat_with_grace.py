"""`POST /chat` and `POST /chat/stream` with `grace`: the request listens to a run, which outlives it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final, NamedTuple

from litestar.types import Receive, Scope, Send

from deltawire.chat.runs.registry import AnyRun
from deltawire.edge.error_handler import Refusal
from deltawire.edge.headers import preferences
from deltawire.identity.caller import Caller, caller_of
from deltawire.limits.headers import rate_limit_fields
from deltawire.protocol.chat_request import ChatRequest
from deltawire.protocol.errors import Failure
from deltawire.protocol.frames import NumberedFrame, encode
from deltawire.protocol.problem_details import raw_headers
from deltawire.routes.answers import send_whole
from deltawire.routes.bodies import AnyRequest
from deltawire.routes.run_listeners import HttpListener, while_there
from deltawire.routes.run_report import report_of
from deltawire.routes.services import Services
from deltawire.routes.sse import EventStream
from deltawire.telemetry.request_context import RequestContext, Transport, request_context

_ASYNC: Final = "respond-async"


class Asked(NamedTuple):
    """A request, and the chat that it asks for."""

    request: AnyRequest
    chat: ChatRequest
    with_state: bool = True
    """True where the client gets the state of a turn that ends in calls."""

    @property
    def caller(self) -> Caller:
        """The caller."""
        return caller_of(self.request.scope)

    def context(self, transport: Transport) -> RequestContext:
        """Return the context of the turn."""
        return request_context(transport, self.request.scope["headers"])


async def stream_with_grace(asked: Asked, writer: EventStream, receive: Receive, services: Services) -> None:
    """Send the run of a chat as events. Raise `Refusal` before the first, and `PeerGone`."""
    async with _listening(asked, "sse", receive, services) as (run, listener, frames):
        fields = rate_limit_fields(await run.standings())
        await while_there(receive, listener.stream(writer, frames, fields))


async def answer_with_grace(asked: Asked, scope: Scope, receive: Receive, send: Send, services: Services) -> None:
    """Send the answer of the run of a chat, or its name at once to a client that prefers so."""
    async with _listening(asked, "rest", receive, services) as (run, listener, frames):
        fields = rate_limit_fields(await run.standings())
        if _ASYNC in preferences(asked.request.scope):
            await _send_accepted(run, fields, send)
            return
        whole = await while_there(receive, listener.answer(frames))
        await send_whole(whole, fields, scope, send, services)


@asynccontextmanager
async def _listening(
    asked: Asked, transport: Transport, receive: Receive, services: Services
) -> AsyncIterator[tuple[AnyRun, HttpListener, list[NumberedFrame]]]:
    """Yield the run of a chat, a listener, and the first frames. Raise `Refusal`, and `PeerGone`."""
    try:
        run = await services.runs.ask(asked.chat, [], asked.caller, asked.context(transport))
    except Failure as failure:
        raise Refusal(failure, turn=asked.chat.id, headers={}) from None
    async with HttpListener.on(run) as listener:
        try:
            frames = await while_there(receive, listener.first())
        except Failure as failure:
            raise Refusal(failure, turn=run.turn, headers=rate_limit_fields(await run.standings())) from None
        yield run, listener, frames


async def _send_accepted(run: AnyRun, fields: dict[str, str], send: Send) -> None:
    body = encode(report_of(run))
    named = {"content-type": "application/json", "location": f"/runs/{run.name}", "preference-applied": _ASYNC}
    await send({"type": "http.response.start", "status": 202, "headers": raw_headers({**named, **fields}, body)})
    await send({"type": "http.response.body", "body": body, "more_body": False})
