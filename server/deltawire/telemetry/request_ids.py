"""The server's own ids of connections and requests, which every log line of a request has.

An id is `CONNECTION.NUMBER`: the number of the request on its connection. A frame that a client sends on a socket is a
request, too. So all that came over one connection is found by the part before the dot.
"""

import secrets
from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any, Final

import msgspec
from structlog.typing import EventDict, WrappedLogger

HEADER: Final = b"x-request-id"
IDS: Final = "deltawire.request_ids"
"""The ASGI extension that holds the `RequestIds` of the connection under a request."""


class RequestIds:
    """The ids of the requests of one connection."""

    __slots__ = ("_connection", "_number")

    def __init__(self) -> None:
        """Choose the connection's id."""
        self._connection = secrets.token_hex(6)
        self._number = 0

    @property
    def current(self) -> str:
        """The id of the last request that came."""
        return f"{self._connection}.{self._number}"

    def next(self) -> str:
        """Return the id of a request that has just come."""
        self._number += 1
        return self.current


class LogContext(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The data of a request that log lines about it need."""

    request: str
    client: str = ""
    """The address of the client, which trusted proxies may have named; empty where it is not known yet."""
    caller: str = ""
    path: str = ""


NO_REQUEST: Final = LogContext(request="")
_context: ContextVar[LogContext] = ContextVar("deltawire.log_context", default=NO_REQUEST)


def log_context() -> LogContext:
    """Return the log context of the running task; `NO_REQUEST` where the task serves no request."""
    return _context.get()


def set_log_context(context: LogContext) -> None:
    """Set the log context of the running task, and of the tasks that it creates from now on."""
    _context.set(context)


def ids_of(scope: Mapping[str, Any]) -> RequestIds:
    """Return the ids of the connection under a request."""
    ids: RequestIds | None = (scope.get("extensions") or {}).get(IDS)
    return ids or RequestIds()


def with_request(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Add the id of the request to a log line; a structlog processor."""
    request = _context.get().request
    if request:
        event["request"] = request
    return event
