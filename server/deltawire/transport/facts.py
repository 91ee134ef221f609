"""The facts of a server and of one of its connections."""

import asyncio
from typing import Any, NamedTuple

from uvicorn.config import Config
from uvicorn.server import ServerState

from deltawire.telemetry.request_ids import RequestIds
from deltawire.transport.deadlines import HttpTimeouts
from deltawire.transport.room import WaitingConnections


class ServerFacts(NamedTuple):
    """Values that all connections of a server share."""

    timeouts: HttpTimeouts
    config: Config
    state: ServerState
    app_state: dict[str, Any]
    waiting: WaitingConnections


class ConnectionFacts(NamedTuple):
    """The ends of a connection, and the ids of its requests."""

    server: tuple[str, int | None] | None
    client: tuple[str, int] | None
    ids: RequestIds


def connection_facts(transport: asyncio.Transport) -> ConnectionFacts:
    """Return the facts of a new connection, over TCP or a Unix socket.

    The event loop knows both addresses. uvicorn's functions would make a socket of Python's for each, to ask again.
    """
    server, client = transport.get_extra_info("sockname"), transport.get_extra_info("peername")
    here = (server, None) if isinstance(server, str) else _host_and_port(server)
    return ConnectionFacts(here, _host_and_port(client), RequestIds())


def _host_and_port(address: object) -> tuple[str, int] | None:
    """Return the first two parts of an address: one of IPv6 has four."""
    return (str(address[0]), int(address[1])) if isinstance(address, tuple) else None


class SocketFacts(NamedTuple):
    """The facts of the server, and of one connection that has become a socket."""

    server: ServerFacts
    connection: ConnectionFacts
