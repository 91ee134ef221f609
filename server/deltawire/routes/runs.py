"""`/runs`: turns with grace: list them, read their states, receive their frames again, stop them."""

from contextlib import suppress
from typing import Final

from litestar import Router, delete, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.types import ASGIApp, Receive, Scope, Send

from deltawire.api_docs.operations import LIST_RUNS, READ_RUN, STOP_RUN, STREAM_RUN, EventsQuery
from deltawire.chat.peer import PeerGone
from deltawire.chat.runs.states import RunState
from deltawire.edge.head_requests import is_head
from deltawire.edge.headers import single_header
from deltawire.protocol.decoding import StrictDecoder, rules_of
from deltawire.protocol.errors import Failure
from deltawire.routes.bodies import AnyRequest, owner_of, parameters_of
from deltawire.routes.connection import while_connected
from deltawire.routes.options import allowing
from deltawire.routes.run_listeners import HttpListener
from deltawire.routes.run_report import RunList, RunReport, report_of, whole_report_of
from deltawire.routes.services import Services
from deltawire.routes.sse import EventStream

_read_query: Final = StrictDecoder[EventsQuery](EventsQuery, rules_of(EventsQuery)).read_query
_MAX_DIGITS: Final = 10
"""Digits of a frame's number."""


@get("/", operation_class=LIST_RUNS)
async def list_runs(request: AnyRequest, services: NamedDependency[Services]) -> RunList:
    """List the caller's turns with grace that have not ended."""
    return RunList([report_of(run) for run in await services.runs.live(owner_of(request))])


@get("/{run:str}", operation_class=READ_RUN)
async def read_run(run: FromPath[str], request: AnyRequest, services: NamedDependency[Services]) -> RunReport:
    """Return the state of a run, and its answer once it has ended."""
    return await whole_report_of(await services.runs.find(run, owner_of(request)))


@delete("/{run:str}", status_code=204, operation_class=STOP_RUN)
async def stop_run(run: FromPath[str], request: AnyRequest, services: NamedDependency[Services]) -> None:
    """Stop a run: its turn ends, and each listener receives the end. A run that has ended stays as it is."""
    (await services.runs.find(run, owner_of(request))).stop()


@get("/{run:str}/events", operation_class=STREAM_RUN)
async def stream_run(run: FromPath[str], request: AnyRequest, services: NamedDependency[Services]) -> ASGIApp:
    """Send a run's frames as server-sent events, from the one after `Last-Event-ID`; 204 when none are left."""
    found = await services.runs.find(run, owner_of(request))
    after = _after(request, run)

    async def respond(scope: Scope, _: Receive, send: Send) -> None:
        stream = EventStream(scope, send, services.send_timeout, services.metrics)
        if found.state is RunState.ENDED and after == found.seq:
            await send({"type": "http.response.start", "status": 204, "headers": []})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        elif is_head(scope):
            async with stream.open({}):
                return
        else:
            with suppress(PeerGone):
                async with HttpListener.on(found, after) as listener:
                    await while_connected(scope, listener.stream(stream, [], {}))

    return respond


def _after(request: AnyRequest, run: str) -> int:
    """Return the number of the last frame that a client has. Raise `Failure` for one that cannot be read.

    A browser that connects again sends a `Last-Event-ID`, which is newer than the `after` of its URL.
    """
    query = _read_query(parameters_of(request))
    last = single_header(request.scope, b"last-event-id")
    if not last:
        return query.after
    name, _, number = last.rpartition(":")
    if name != run or not (number.isascii() and number.isdigit() and len(number) <= _MAX_DIGITS):
        raise Failure(
            "invalid_frame", "Last-Event-ID must be the name of the run, a colon and a number.", field="Last-Event-ID"
        )
    return int(number)


runs = Router(
    "/runs",
    route_handlers=[allowing("/{run:str}", "DELETE", "GET", "OPTIONS"), list_runs, read_run, stop_run, stream_run],
)
