"""One server: it listens, says where, and drains before it stops."""

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, Final, NamedTuple, cast

import msgspec
import uvicorn
from uvicorn.config import Config

from deltawire.process.drain import Drain
from deltawire.process.signals import StopClock
from deltawire.transport.deadlines import HttpTimeouts
from deltawire.transport.http import HttpProtocol
from deltawire.transport.websocket import WebSocketProtocol

_GOODBYE_SECONDS: Final = 2
"""For connections to close once the drain is over; each has a shorter clock of its own."""


class Listening(msgspec.Struct, frozen=True, kw_only=True):
    """How to listen. Times are seconds."""

    max_frame_bytes: int
    max_frames_per_second: int
    ping_interval: float
    ping_timeout: float
    handshake_timeout: float
    send_timeout: float
    keep_alive_timeout: float


class Service(NamedTuple):
    """What a process serves, how it listens, and how it ends."""

    app: Any
    """An ASGI application."""
    listening: Listening
    drain: Drain


class ServerConfig(Config):
    """uvicorn's configuration, with our protocols."""

    def __init__(self, app: Any, listening: Listening) -> None:
        """Settle on one way to do each thing; logging is ours (`logs.configure`)."""
        timeouts = HttpTimeouts(
            handshake=listening.handshake_timeout, send=listening.send_timeout, keep_alive=listening.keep_alive_timeout
        )
        super().__init__(
            app,
            loop="auto",
            http=cast("Any", partial(HttpProtocol, timeouts=timeouts)),
            ws=cast("Any", partial(WebSocketProtocol, max_frames_per_second=listening.max_frames_per_second)),
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
    """A uvicorn server that drains when it is told to stop, and then returns instead of dying of the signal."""

    def __init__(self, config: ServerConfig, drain: Drain, on_ready: Callable[[], None]) -> None:
        """Prepare; nothing is served before `serve`. `on_ready` is called when connections are accepted."""
        super().__init__(config)
        self._drain = drain
        self._on_ready = on_ready
        self._clock = StopClock()
        self.is_ready = False
        """Whether it has accepted connections; one that was told to stop before never does."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept connections."""
        await super().startup(sockets)
        if not self.should_exit:
            self.is_ready = True
            self._on_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Drain, while new connections still learn that we do; then close."""
        await self._drain.run()
        await super().shutdown(sockets)

    def stop(self) -> None:
        """Start the drain; end it when this is called again, a second later or more."""
        self.should_exit = True
        self._drain.begin()
        if self._clock.is_second(asyncio.get_running_loop().time()):
            self._drain.hurry()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to whoever runs this server."""
        yield


def bind(host: str, port: int, *, shared: bool = False) -> list[socket.socket]:
    """Listening sockets, one for each address of a host; raise OSError when one is taken.

    They have one port, also when the kernel chooses it. `shared` ones may listen beside others that are
    shared: the kernel spreads the connections over them.
    """
    bound: list[socket.socket] = []
    try:
        for family, address in _addresses_of(host):
            at = (address, port or (bound[0].getsockname()[1] if bound else 0))
            bound.append(socket.create_server(at, family=family, backlog=2048, reuse_port=shared))
    except OSError:
        for listener in bound:
            listener.close()
        raise
    return bound


def _addresses_of(host: str) -> Iterator[tuple[int, str]]:
    """Each address of a host, with its family.

    `::` is all of them. Those of IPv4 get a socket of their own, so that their clients are known by IPv4 addresses.
    """
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    addresses = dict.fromkeys((family, str(address[0])) for family, _, _, _, address in found)
    if (socket.AF_INET6, "::") in addresses:
        addresses[socket.AF_INET, "0.0.0.0"] = None  # noqa: S104 - who says `::` has said that
    yield from addresses


def url_of(listener: socket.socket) -> str:
    """The address of a listening socket, for people."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
