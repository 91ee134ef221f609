"""Time-outs of HTTP clients, and the timer that enforces them."""

import asyncio
from collections.abc import Callable

from msgspec import Struct


class HttpTimeouts(Struct, frozen=True, kw_only=True):
    """Time-outs in seconds."""

    handshake: float
    """Time for a request to come."""
    send: float
    """Time that a response may make no progress."""
    keep_alive: float
    """Time until the next request."""


class Deadline:
    """The one deadline that a connection has at a time."""

    def __init__(self) -> None:
        """Start without a timer."""
        self.cuts_a_request = False
        """True while the timer is for a request that is still coming."""
        self._timer: asyncio.TimerHandle | None = None

    def set(self, seconds: float, then: Callable[[], None], *, cuts_a_request: bool = False) -> None:
        """Call `then` after these seconds; cancel the timer that was set before."""
        self.clear()
        self.cuts_a_request = cuts_a_request
        self._timer = asyncio.get_running_loop().call_later(seconds, then)

    def leave_to_handler(self) -> None:
        """Stop the timer of a request whose handler itself checks that the body makes progress."""
        if self.cuts_a_request:
            self.clear()

    def clear(self) -> None:
        """Cancel the timer."""
        self.cuts_a_request = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
