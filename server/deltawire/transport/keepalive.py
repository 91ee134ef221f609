"""Pings that find out if the client of a socket is still there."""

import asyncio
import secrets
from typing import Final, Protocol

from deltawire.aio.running_time import LATE_SECONDS

_PAYLOAD_BYTES: Final = 4
_LOOK_AGAIN_SECONDS: Final = 0.5
"""Time to read the pong that came while the process did not run."""


class Pinged(Protocol):
    """A socket that is pinged."""

    def ping(self, payload: bytes) -> None:
        """Send a ping."""
        ...

    def lose(self) -> None:
        """Drop the client, who has not answered in time."""
        ...


class Keepalive:
    """The pings of one socket: one every `interval` seconds, each answered within `timeout` seconds."""

    __slots__ = ("_interval", "_payload", "_sent_at", "_socket", "_timeout", "_timer")

    def __init__(self, socket: Pinged, interval: float, timeout: float) -> None:
        """Start with the first ping after `interval`; an interval of 0 sends none."""
        self._socket = socket
        self._interval = interval
        self._timeout = timeout
        self._payload: bytes | None = None
        """The payload of the ping that is not answered yet."""
        self._sent_at = 0.0
        self._timer: asyncio.TimerHandle | None = None
        if interval > 0:
            self._timer = asyncio.get_running_loop().call_later(interval, self._send)

    def take_pong(self, payload: bytes) -> None:
        """Plan the next ping, if this pong answers the last one; ignore every other pong (RFC 6455, 5.5.3)."""
        if self._payload is None or payload != self._payload:
            return
        self.stop()
        loop = asyncio.get_running_loop()
        took = loop.time() - self._sent_at
        self._timer = loop.call_later(max(0.0, self._interval - took), self._send)

    def stop(self) -> None:
        """Send no more pings, and wait for no answer."""
        self._payload = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _send(self) -> None:
        loop = asyncio.get_running_loop()
        self._payload = secrets.token_bytes(_PAYLOAD_BYTES)
        self._sent_at = loop.time()
        self._timer = loop.call_later(self._timeout, self._end)
        self._socket.ping(self._payload)

    def _end(self) -> None:
        """Drop the client.

        A timer that fires late shows that this process did not run: the pong may lie in the buffer, so look once more.
        """
        loop = asyncio.get_running_loop()
        if loop.time() - self._sent_at - self._timeout > LATE_SECONDS:
            self._sent_at = loop.time() - self._timeout
            self._timer = loop.call_later(_LOOK_AGAIN_SECONDS, self._end)
            return
        self.stop()
        self._socket.lose()
