"""The facts of a server and of one of its connections."""

from typing import Any, NamedTuple

from uvicorn.config import Config
from uvicorn.server import ServerState

from deltawire.telemetry.request_ids import RequestIds
from deltawire.transport.deadlines import HttpTimeouts


class ServerFacts(NamedTuple):
    """Values that all connections of a server share."""

    timeouts: HttpTimeouts
    config: Config
    state: ServerState
    app_state: dict[str, Any]


class ConnectionFacts(NamedTuple):
    """The ends of a connection, and the ids of its requests."""

    server: tuple[str, int | None] | None
    client: tuple[str, int] | None
    ids: RequestIds


class SocketFacts(NamedTuple):
    """The facts of the server, and of one connection that has become a socket."""

    server: ServerFacts
    connection: ConnectionFacts
