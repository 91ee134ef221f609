"""`POST /chat` and `POST /chat/stream`: the same turn for scripts and simple clients.

What is decided before the upstream is asked is an HTTP status. After that, `/chat` answers when the turn
has ended; `/chat/stream` has said 200 already and ends in a `usage` or `error` event. A client that
leaves cancels its turn in every phase: Litestar tells a handler nothing, so these watch for it.
"""

import asyncio
from collections.abc import Coroutine
from contextlib import aclosing, closing
from typing import Any, Final, TypeVar, cast

import msgspec
from litestar import Request, post
from litestar.di import NamedDependency
from litestar.types import ASGIApp, Receive, Scope, Send

from deltawire.api_docs.operations import STREAMED, WHOLE
from deltawire.chat.admission import Admission
from deltawire.chat.session import PeerSlow
from deltawire.chat.turn import Turn
from deltawire.edge.problem_details import Problem, headers_of, problem_of, raw_headers
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
from deltawire.routes.services import Services
from deltawire.telemetry.metrics import Metrics
from deltawire.telemetry.request_context import RequestContext, via
from deltawire.transport.http import HttpProtocol
from deltawire.transport.link import LINK, room_within

T = TypeVar("T")

_HEARTBEAT_SECONDS: Final = 15.0
_EVENT_NAMES: Final = {Delta: b"delta", Thought: b"thought", Usage: b"usage", ErrorFrame: b"error"}
_WHOLE_HEADERS: Final = {"content-type": "application/json"}
_STREAM_HEADERS: Final = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),
]


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """A whole turn in one piece."""

    id: str
    text: str
    thoughts: str
    sources: list[str]
    usage: Spent


@post("/chat", status_code=200, operation_class=WHOLE)
async def chat(request: Request[Any, Any, Any], services: NamedDependency[Services]) -> ASGIApp:
    """Ask, and get the whole answer once the turn has ended."""
    turn, fields = await _accept(request, services.admission, via("rest", request.scope["headers"]))

    async def respond(scope: Scope, receive: Receive, send: Send) -> None:
        with closing(turn):
            whole = await _while_connected(receive, turn, _fold(turn))
            if whole is not None:
                await _send_whole(whole, fields, scope, send, services)

    return respond


@post("/chat/stream", status_code=200, operation_class=STREAMED)
async def chat_stream(request: Request[Any, Any, Any], services: NamedDependency[Services]) -> ASGIApp:
    """Ask, and get the answer as server-sent events while it comes."""
    turn, fields = await _accept(request, services.admission, via("sse", request.scope["headers"]))

    async def stream(scope: Scope, receive: Receive, send: Send) -> None:
        with closing(turn):
            writer = EventStream(scope, send, services.send_timeout, services.metrics)
            await _while_connected(receive, turn, writer.run(turn, fields))

    return stream


async def _accept(
    request: Request[Any, Any, Any], admission: Admission, came: RequestContext
) -> tuple[Turn, dict[str, str]]:
    """The turn that a request asks for, and the header fields of its limits; raise `Failure` when it is refused."""
    body = await json_body(request)
    turn: Turn | None = None
    try:
        turn = admission.accept(decode_request(body), [], caller_of(request.scope), came)
        if turn.may_be_refused and not await _while_connected(request.receive, turn, _begun(turn)):
            raise Failure("invalid_json", "The request broke off.")
        return turn, rate_limit_fields(await turn.standings())
    except BaseException as error:
        if turn is not None:
            turn.close()
        if isinstance(error, Failure):
            error.turn, _ = claimed_id(body)
            if turn is not None:
                error.headers = rate_limit_fields(await turn.standings())
        raise


async def _begun(turn: Turn) -> bool:
    await turn.begin()
    return True


async def _fold(turn: Turn) -> Answer | Problem:
    """Run a turn to its end and put its frames together."""
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
    """Send a response, and wait until its client has read nearly all of it: until then the turn is not over."""
    status, headers = (whole.status, headers_of(whole)) if isinstance(whole, Problem) else (200, _WHOLE_HEADERS)
    body = encode(whole)
    await send({"type": "http.response.start", "status": status, "headers": raw_headers(headers | fields, body)})
    await send({"type": "http.response.body", "body": body, "more_body": False})
    link = _link(scope)
    if not link.has_room:
        services.metrics.send_waits.inc()
    try:
        await room_within(link, services.send_timeout)
    except TimeoutError:
        link.abort()


def _link(scope: Scope) -> HttpProtocol:
    """The connection under a request."""
    link: HttpProtocol = cast("dict[str, Any]", scope["extensions"])[LINK]
    return link


class EventStream:
    """Writes the frames of a turn as server-sent events."""

    def __init__(self, scope: Scope, send: Send, send_timeout: float, metrics: Metrics) -> None:
        """`send_timeout` is how long, in seconds, a send may wait for the client to read."""
        self._send = send
        self._send_timeout = send_timeout
        self._metrics = metrics
        self._link = _link(scope)
        self._loop = asyncio.get_running_loop()
        self._last_write = self._loop.time()

    async def run(self, turn: Turn, fields: dict[str, str]) -> None:
        """Send the whole response, with these header fields too."""
        headers = [*_STREAM_HEADERS, *((name.encode(), value.encode()) for name, value in fields.items())]
        await self._send({"type": "http.response.start", "status": 200, "headers": headers})
        heart = self._loop.create_task(self._beat())
        try:
            async with aclosing(turn.frames()) as frames:
                async for frame in frames:
                    await self._write(turn, b"event: %b\ndata: %b\n\n" % (_EVENT_NAMES[type(frame)], encode(frame)))
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})
        except PeerSlow:
            self._link.abort()
        finally:
            heart.cancel()

    async def _write(self, turn: Turn, event: bytes) -> None:
        if not self._link.has_room:
            self._metrics.send_waits.inc()
            try:
                await room_within(self._link, self._send_timeout)
            except TimeoutError:
                turn.leave_by("slow_client")
                raise PeerSlow from None
            if self._link.is_gone:  # which is room, too, and told to `_while_connected` later
                turn.leave_by("client_gone")
        self._last_write = self._loop.time()
        self._link.write_piece(event)

    async def _beat(self) -> None:
        """Write a comment after each stretch of silence, so that no proxy takes it for a dead connection."""
        while True:
            silence = self._loop.time() - self._last_write
            if silence >= _HEARTBEAT_SECONDS:
                silence = 0.0
                self._last_write = self._loop.time()
                self._link.write_piece(b": \n\n")
            await asyncio.sleep(_HEARTBEAT_SECONDS - silence)


async def _while_connected(receive: Receive, turn: Turn, work: Coroutine[Any, Any, T]) -> T | None:
    """What `work` returns; None when the client left, and `work`, which runs the turn, was cancelled."""
    working = asyncio.ensure_future(work)
    watching = asyncio.ensure_future(_until_gone(receive))
    try:
        await asyncio.wait({working, watching}, return_when=asyncio.FIRST_COMPLETED)
    except asyncio.CancelledError:
        turn.leave_by("drain")  # uvicorn's last resort, should a drain leave something behind
        raise
    finally:
        watching.cancel()
        if not working.done():
            turn.leave_by("client_gone")
            working.cancel()
        await asyncio.wait({working, watching})
    return None if working.cancelled() else working.result()


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
