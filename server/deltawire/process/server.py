"""One server: it listens, and drains before it stops."""

import asyncio
import errno
import socket
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, Final, NamedTuple, cast

import msgspec
import structlog
import uvicorn
from uvicorn.config import Config

from deltawire.process.drain import Drain
from deltawire.process.signals import StopClock
from deltawire.telemetry.logs import where
from deltawire.transport.deadlines import HttpTimeouts
from deltawire.transport.http import HttpProtocol
from deltawire.transport.intake import SocketRates
from deltawire.transport.room import WaitingConnections, most_connections
from deltawire.transport.websocket import WebSocketProtocol

log = structlog.get_logger(__name__)

_GOODBYE_SECONDS: Final = 2
"""Time for connections to close after the drain; each has a shorter timeout of its own."""
_PORT_TRIES: Final = 16
"""Ports that the kernel is asked for, until one is free at each address of the host."""


class Listening(msgspec.Struct, frozen=True, kw_only=True):
    """The limits and time-outs of a listening server. Times are seconds."""

    max_frame_bytes: int
    socket_rates: SocketRates
    ping_interval: float
    ping_timeout: float
    handshake_timeout: float
    send_timeout: float
    keep_alive_timeout: float


class Service(NamedTuple):
    """The service of a process: its application, its listening settings, and its drain."""

    app: Any
    """An ASGI application."""
    listening: Listening
    drain: Drain
    loaded: Callable[[], Awaitable[None]]
    """Waits for the upstream's client, which is loaded while the server accepts connections; raises its exception."""


class ServerConfig(Config):
    """uvicorn's configuration, with this server's protocols."""

    def __init__(self, app: Any, listening: Listening) -> None:
        """Set uvicorn's options; `logs.configure` sets up the logging instead of uvicorn."""
        timeouts = HttpTimeouts(
            handshake=listening.handshake_timeout, send=listening.send_timeout, keep_alive=listening.keep_alive_timeout
        )
        waiting = WaitingConnections(most_connections())
        super().__init__(
            app,
            loop="auto",
            http=cast("Any", partial(HttpProtocol, timeouts=timeouts, waiting=waiting)),
            ws=cast("Any", partial(WebSocketProtocol, rates=listening.socket_rates)),
            ws_max_size=listening.max_frame_bytes,
            ws_ping_interval=listening.ping_interval,
            ws_ping_timeout=listening.ping_timeout,
            ws_per_message_deflate=False,
            lifespan="on",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=_GOODBYE_SECONDS,
        )


class Server(uvicorn.Server):
    """A uvicorn server that drains on a stop signal, and then returns instead of raising the signal again."""

    def __init__(
        self, config: ServerConfig, service: Service, on_listening: Callable[[], None], on_loaded: Callable[[], None]
    ) -> None:
        """Store the arguments; `serve` starts the server.

        `on_listening` is called when it accepts connections, and `on_loaded` when all of its service is loaded.
        """
        super().__init__(config)
        self._drain = service.drain
        self._loaded = service.loaded
        self._on_listening = on_listening
        self._on_loaded = on_loaded
        self._loading: asyncio.Task[None] | None = None
        self._clock = StopClock()
        self.is_listening = False
        """True once the server accepts connections; a server that was stopped before that never does."""
        self.has_failed = False
        """True when its service could not be loaded, which stops the server."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept connections."""
        await super().startup(sockets)
        if not self.should_exit:
            self.is_listening = True
            self._on_listening()
            self._loading = asyncio.create_task(self._load())

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Drain, while new connections are still answered with `draining`; then close."""
        await self._drain.run()
        if self._loading is not None:
            self._loading.cancel()
        await super().shutdown(sockets)

    async def _load(self) -> None:
        try:
            await self._loaded()
        except Exception as fault:  # noqa: BLE001 - whatever it is, nothing can be answered
            log.error("cannot start", cause=type(fault).__name__, where=where(fault))  # noqa: TRY400 - no stack traces
            self.has_failed = True
            self.stop()
        else:
            self._on_loaded()

    def stop(self) -> None:
        """Start the drain; a second call, a second later or more, ends it."""
        self.should_exit = True
        self._drain.begin()
        if self._clock.is_second(asyncio.get_running_loop().time()):
            self._drain.stop_waiting()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Install no signal handlers: `signals.stopping` does."""
        yield


def bind(host: str, port: int, *, shared: bool = False) -> list[socket.socket]:
    """Return listening sockets, one for each address of a host; raise OSError when an address is in use.

    They have the same port, also when the kernel chooses it. `shared` sockets may listen on one port together with
    other shared ones: the kernel distributes the connections over them.
    """
    addresses = list(_addresses_of(host))
    for _ in range(0 if port else _PORT_TRIES - 1):
        try:
            return _bind_each(addresses, port, shared=shared)
        except OSError as error:  # the kernel looks at the first address only: at another one its port may be in use
            if error.errno != errno.EADDRINUSE:
                raise
    return _bind_each(addresses, port, shared=shared)


def _bind_each(addresses: Iterable[tuple[int, str]], port: int, *, shared: bool) -> list[socket.socket]:
    bound: list[socket.socket] = []
    try:
        for family, address in addresses:
            at = (address, port or (bound[0].getsockname()[1] if bound else 0))
            bound.append(socket.create_server(at, family=family, backlog=2048, reuse_port=shared))
    except OSError:
        for listener in bound:
            listener.close()
        raise
    return bound


def _addresses_of(host: str) -> Iterator[tuple[int, str]]:
    """Yield each address of a host, with its family.

    `::` means all addresses. IPv4 gets a socket of its own, so that its clients have IPv4 addresses.
    """
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    addresses = dict.fromkeys((family, str(address[0])) for family, _, _, _, address in found)
    if (socket.AF_INET6, "::") in addresses:
        addresses[socket.AF_INET, "0.0.0.0"] = None  # noqa: S104 - `::` asks for all addresses
    yield from addresses


def url_of(listener: socket.socket) -> str:
    """Return the URL of a listening socket, for the log."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
