"""A timer whose deadline is moved by an assignment."""

import asyncio
from collections.abc import Callable
from math import inf


class Watchdog:
    """Calls `expire` once, when the loop's clock passes the deadline, which is called the mark.

    A stream moves its deadline with every token. Arming a timer for each would cost more than the token. So there is
    one timer; when it fires before the mark, it is armed again for the mark.
    """

    __slots__ = ("_expire", "_fires_at", "_loop", "_mark", "_timer")

    def __init__(self, expire: Callable[[], None]) -> None:
        """Start with no mark; needs the running loop."""
        self._loop = asyncio.get_running_loop()
        self._expire = expire
        self._mark = inf
        self._timer: asyncio.TimerHandle | None = None
        self._fires_at = inf

    @property
    def is_set(self) -> bool:
        """Say if there is a mark."""
        return self._mark < inf

    def set(self, mark: float) -> None:
        """Move the mark to this time of the loop's clock, in seconds."""
        self._mark = mark
        if mark < self._fires_at:
            self._arm()

    def clear(self) -> None:
        """Remove the mark; the timer stays armed and fires without effect."""
        self._mark = inf

    def cancel(self) -> None:
        """Stop for good and release the callback.

        The callback's object usually holds this watchdog, so this breaks a reference cycle.
        """
        self._mark = inf
        self._expire = _over
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
            self._fires_at = inf

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._fires_at = self._mark
        self._timer = self._loop.call_at(self._mark, self._look)

    def _look(self) -> None:
        self._timer = None
        self._fires_at = inf
        if self._mark <= self._loop.time():
            self._mark = inf
            self._expire()
        elif self._mark < inf:
            self._arm()


def _over() -> None:
    """Do nothing: the watchdog was cancelled."""
