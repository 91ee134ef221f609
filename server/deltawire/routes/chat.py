"""`POST /chat` and `POST /chat/stream`: the same turn for scripts and simple clients.

A refusal before the upstream is asked is an HTTP status. After that, `/chat` answers when the turn has ended;
`/chat/stream` has sent 200 already and ends in a `usage` or `error` event. A client that leaves cancels its turn in
every phase.
"""

from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager, suppress
from typing import Any, Final

import msgspec
from litestar import Request, post
from litestar.di import NamedDependency
from litestar.types import ASGIApp, Receive, Scope, Send

from deltawire.api_docs.operations import STREAMED, WHOLE
from deltawire.chat.admission import Admission
from deltawire.chat.peer import PeerGone
from deltawire.chat.turn import Turn
from deltawire.edge.problem_details import Problem, Refusal, headers_of, problem_of, raw_headers
from deltawire.identity.caller import caller_of
from deltawire.limits.headers import rate_limit_fields
from deltawire.protocol.errors import TABLE, Failure
from deltawire.protocol.frames import (
    Delta,
    ErrorFrame,
    Spent,
    Thought,
    Usage,
    claimed_id,
    decode_request,
    encode,
    spent_of,
)
from deltawire.routes.bodies import json_body
from deltawire.routes.connection import http_link, while_connected
from deltawire.routes.services import Services
from deltawire.routes.sse import EventStream
from deltawire.telemetry.request_context import Transport, request_context
from deltawire.transport.link import room_within

_WHOLE_HEADERS: Final = {"content-type": "application/json"}


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """The whole answer of a turn in one response."""

    id: str
    text: str
    thoughts: str
    sources: list[str]
    usage: Spent


@post("/chat", status_code=200, operation_class=WHOLE)
async def chat(request: Request[Any, Any, Any], services: NamedDependency[Services]) -> ASGIApp:
    """Run a turn, and return the whole answer once it has ended."""

    async def respond(scope: Scope, receive: Receive, send: Send) -> None:
        with suppress(PeerGone):
            async with _admitted(request, services.admission, "rest") as (turn, headers):
                whole = await while_connected(receive, turn, _fold(turn))
                if whole is not None:
                    await _send_whole(whole, headers, scope, send, services)

    return respond


@post("/chat/stream", status_code=200, operation_class=STREAMED)
async def chat_stream(request: Request[Any, Any, Any], services: NamedDependency[Services]) -> ASGIApp:
    """Run a turn, and send the answer as server-sent events while it comes."""

    async def stream(scope: Scope, receive: Receive, send: Send) -> None:
        with suppress(PeerGone):
            async with _admitted(request, services.admission, "sse") as (turn, headers):
                writer = EventStream(scope, send, services.send_timeout, services.metrics)
                await while_connected(receive, turn, writer.run(turn, headers))

    return stream


@asynccontextmanager
async def _admitted(
    request: Request[Any, Any, Any], admission: Admission, transport: Transport
) -> AsyncIterator[tuple[Turn, dict[str, str]]]:
    """Yield the turn of a request, begun, and the header fields of its limits.

    Raise `Refusal`, and `PeerGone` for a client that left while the turn began.
    """
    body = await json_body(request)
    context = request_context(transport, request.scope["headers"])
    try:
        turn = admission.turn(decode_request(body), [], caller_of(request.scope), context)
    except Failure as failure:
        raise Refusal(failure, turn=claimed_id(body)[0], headers={}) from None
    async with turn:
        try:
            await _begin(turn, request.receive)
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
    texts: list[str] = []
    thoughts: list[str] = []
    end: Usage | ErrorFrame | None = None
    async with aclosing(turn.frames()) as frames:
        async for frame in frames:
            if isinstance(frame, Delta):
                texts.append(frame.text)
            elif isinstance(frame, Thought):
                thoughts.append(frame.text)
            else:
                end = frame
    if end is None:
        raise AssertionError("a turn has an end")
    text = "".join(texts)
    if isinstance(end, ErrorFrame):
        return problem_of(end, TABLE[end.code].status, text)
    return Answer(id=end.id, text=text, thoughts="".join(thoughts), sources=[], usage=spent_of(end))


async def _send_whole(
    whole: Answer | Problem, fields: dict[str, str], scope: Scope, send: Send, services: Services
) -> None:
    """Send a response, and wait until its client has read nearly all of it: only then is the turn over."""
    status, headers = (whole.status, headers_of(whole)) if isinstance(whole, Problem) else (200, _WHOLE_HEADERS)
    body = encode(whole)
    await send({"type": "http.response.start", "status": status, "headers": raw_headers(headers | fields, body)})
    await send({"type": "http.response.body", "body": body, "more_body": False})
    link = http_link(scope)
    if not link.has_room:
        services.metrics.send_waits.inc()
    try:
        await room_within(link, services.send_timeout)
    except TimeoutError:
        link.abort()
