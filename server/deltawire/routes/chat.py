"""`POST /chat` and `POST /chat/stream`: the same turn for scripts and simple clients.

A refusal before the upstream is asked is an HTTP status. After that, `/chat` answers when the turn has ended;
`/chat/stream` has sent 200 already and ends in a `usage` or `error` event. A client that leaves cancels its turn in
every phase.
"""

from contextlib import suppress

from litestar import post
from litestar.di import NamedDependency
from litestar.types import ASGIApp, Receive, Scope, Send

from deltawire.api_docs.operations import RUN_CHAT, STREAM_CHAT
from deltawire.chat.peer import PeerGone
from deltawire.edge.error_handler import Refusal
from deltawire.edge.headers import list_header
from deltawire.protocol.chat_request import decode_request
from deltawire.protocol.claims import claimed_id
from deltawire.protocol.decoding import Unreadable
from deltawire.protocol.errors import Failure
from deltawire.protocol.ui_message_stream import FORMAT as UI_FORMAT
from deltawire.protocol.ui_message_stream import HEADERS as UI_HEADERS
from deltawire.protocol.ui_message_stream import MEDIA_TYPE as UI_MEDIA_TYPE
from deltawire.protocol.ui_message_stream import UiMessageWriter
from deltawire.routes.answers import fold, send_whole, stream_late
from deltawire.routes.begun_turn import RequestedTurn, begun_turn
from deltawire.routes.bodies import AnyRequest, json_body
from deltawire.routes.chat_with_grace import answer_with_grace, stream_with_grace
from deltawire.routes.connection import while_connected
from deltawire.routes.services import Services
from deltawire.routes.sse import EventStream


@post("/chat", status_code=200, operation_class=RUN_CHAT)
async def chat(request: AnyRequest, services: NamedDependency[Services]) -> ASGIApp:
    """Run a turn, and return the whole answer once it has ended."""

    async def respond(scope: Scope, _: Receive, send: Send) -> None:
        with suppress(PeerGone):
            requested = await _requested(request, services)
            if requested.chat.grace:
                await answer_with_grace(requested, scope, send, services)
                return
            async with begun_turn(requested, services, "rest") as (turn, fields):
                whole = await while_connected(scope, fold(turn), turn.leave)
                await send_whole(whole, fields, scope, send, services)

    return respond


@post("/chat/stream", status_code=200, operation_class=STREAM_CHAT)
async def chat_stream(request: AnyRequest, services: NamedDependency[Services]) -> ASGIApp:
    """Run a turn, and send the answer as server-sent events while it comes."""

    async def respond(scope: Scope, _: Receive, send: Send) -> None:
        with suppress(PeerGone):
            speaks_ui = _wants_ui_stream(request)
            requested = await _requested(request, services)
            stream = EventStream(scope, send, services.send_timeout, services.metrics)
            if requested.chat.grace:
                if speaks_ui:
                    raise Failure("invalid_frame", "The AI SDK's stream takes no grace.", field="grace")
                await stream_with_grace(requested, stream, services)
                return
            async with begun_turn(requested, services, "sse") as (turn, fields):
                if not speaks_ui:
                    await while_connected(scope, stream.run(turn, fields), turn.leave)
                    return
                writer = UiMessageWriter(turn.id, continues=requested.chat.tool_results is not None)
                work = stream_late(turn, writer, stream, fields | UI_HEADERS)
                problem = await while_connected(scope, work, turn.leave)
                if problem is not None:
                    await send_whole(problem, fields, scope, send, services)

    return respond


def _wants_ui_stream(request: AnyRequest) -> bool:
    """Return whether a request wants the AI SDK's stream. Raise `Failure` for a format that is not known."""
    forms = set(request.query_params.getall("format", []))  # other parameters are ignored
    if forms - {UI_FORMAT}:
        raise Failure("invalid_frame", f'format must be "{UI_FORMAT}", or absent.', field="format")
    accepted = [part.partition(";")[0].strip().lower() for part in list_header(request.scope, b"accept")]
    return bool(forms) or UI_MEDIA_TYPE in accepted


async def _requested(request: AnyRequest, services: Services) -> RequestedTurn:
    """Return the turn that a request asks for. Raise `Failure` and `Refusal`."""
    async with json_body(request, services) as body:
        try:
            return RequestedTurn(request, decode_request(body))
        except Unreadable as failure:
            raise Refusal(failure, turn=claimed_id(failure, body).id, headers={}) from None
