"""Time-outs of HTTP clients, and the timer that enforces them."""

import asyncio
from collections.abc import Callable

from msgspec import Struct


class HttpTimeouts(Struct, frozen=True, kw_only=True):
    """Time-outs in seconds."""

    handshake: float
    """For a request to come."""
    send: float
    """For a response to get on."""
    keep_alive: float
    """Until the next request."""


class Deadline:
    """The one deadline that a connection has at a time."""

    def __init__(self) -> None:
        """Start with none."""
        self.cuts_a_request = False
        """True while the timer is that of a request that is coming."""
        self._timer: asyncio.TimerHandle | None = None

    def set(self, seconds: float, then: Callable[[], None], *, cuts_a_request: bool = False) -> None:
        """Call `then` after so long, and what was set before not at all."""
        self.clear()
        self.cuts_a_request = cuts_a_request
        self._timer = asyncio.get_running_loop().call_later(seconds, then)

    def clear(self) -> None:
        """Call nothing."""
        self.cuts_a_request = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
