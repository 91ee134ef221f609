"""One server: it listens, says where, and drains before it stops."""

import asyncio
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import msgspec
import uvicorn
from uvicorn.config import Config

from server.drain import Drain
from server.listener.http import HttpProtocol
from server.listener.websocket import WebSocketProtocol

STOP_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)
_SAME_STOP_SECONDS: Final = 1.0
"""A terminal, or make, may deliver one stop twice: only what comes later than this is a second one."""
_GOODBYE_SECONDS: Final = 2
"""What is left for close frames and last bytes once the drain is over."""


class Listening(msgspec.Struct, frozen=True, kw_only=True):
    """How to listen. Times are seconds."""

    max_frame_bytes: int
    ping_interval: float
    ping_timeout: float
    handshake_timeout: float


class ServerConfig(Config):
    """uvicorn's configuration, and what our protocols need beside it."""

    def __init__(self, app: Any, listening: Listening) -> None:
        """Settle on one way to do each thing; logging is ours (`logs.configure`)."""
        super().__init__(
            app,
            loop="auto",
            http=HttpProtocol,
            ws=WebSocketProtocol,
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
        self.handshake_timeout = listening.handshake_timeout


class StopClock:
    """Tells a second wish to stop from the first one's echo."""

    def __init__(self) -> None:
        self._first: float | None = None

    def is_second(self, now: float) -> bool:
        """Note a wish; whether another came at least a second before it."""
        if self._first is None:
            self._first = now
        return now - self._first >= _SAME_STOP_SECONDS


class Server(uvicorn.Server):
    """A uvicorn server that drains when it is told to stop, and then returns instead of dying of the signal."""

    def __init__(self, config: ServerConfig, drain: Drain, on_ready: Callable[[], None]) -> None:
        """Prepare; nothing is served before `serve`. `on_ready` is called when connections are accepted."""
        super().__init__(config)
        self._drain = drain
        self._on_ready = on_ready
        self._clock = StopClock()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept connections."""
        await super().startup(sockets)
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
        """Take the stop signals. uvicorn would raise them again in the end, and exit with 143."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        loop = asyncio.get_running_loop()
        for number in STOP_SIGNALS:
            loop.add_signal_handler(number, self.stop)
        try:
            yield
        finally:
            for number in STOP_SIGNALS:
                loop.remove_signal_handler(number)


def bind(host: str, port: int, *, shared: bool = False) -> list[socket.socket]:
    """Listening sockets, one for each address of a host; raise OSError when one is taken.

    They share one port, also when the kernel chooses it. `shared` sockets let others like them listen on
    the same port; the kernel spreads the connections over them.
    """
    bound: list[socket.socket] = []
    try:
        for family, _, _, _, address in dict.fromkeys(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)):
            at = (address[0], port or (bound[0].getsockname()[1] if bound else 0))
            bound.append(socket.create_server(at, family=family, backlog=2048, reuse_port=shared))
    except OSError:
        for listener in bound:
            listener.close()
        raise
    return bound


def url_of(listener: socket.socket) -> str:
    """The address of a listening socket, for people."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
