"""A timer whose deadline is moved by an assignment."""

import asyncio
from collections.abc import Callable
from math import inf
from typing import Final

from deltawire.aio.running_time import LATE_SECONDS, RunningTime

_CHECK_AGAIN_SECONDS: Final = 0.5
"""Time to read what came while the process did not run."""


class Watchdog:
    """Calls `expire` once, when the loop's clock passes the deadline, which is called the mark.

    A stream moves its deadline with every token. Arming a timer for each would cost more than the token. So there is
    one timer; when it fires before the mark, it is armed again for the mark.
    """

    __slots__ = ("_due", "_expire", "_fires_at", "_loop", "_mark", "_running", "_timer")

    def __init__(self, expire: Callable[[], None], running: RunningTime | None = None) -> None:
        """Start with no mark; needs the running loop. With `running`, marks are times of that clock."""
        self._loop = asyncio.get_running_loop()
        self._expire = expire
        self._running = running
        self._due = 0.0
        self._mark = inf
        self._timer: asyncio.TimerHandle | None = None
        self._fires_at = inf

    @property
    def is_set(self) -> bool:
        """True while there is a mark."""
        return self._mark < inf

    def set(self, mark: float) -> None:
        """Move the mark to this time of the clock, in seconds."""
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
        self._due = self._mark + self._lost
        self._timer = self._loop.call_at(self._due, self._check)

    @property
    def _lost(self) -> float:
        return 0.0 if self._running is None else self._running.lost

    def _check(self) -> None:
        self._timer = None
        self._fires_at = inf
        now = self._loop.time()
        if self._mark == inf:
            return
        if self._running is not None and now - self._due > LATE_SECONDS:
            self._mark = max(self._mark, now - self._lost + _CHECK_AGAIN_SECONDS)
        if self._mark + self._lost <= now:
            self._mark = inf
            self._expire()
        else:
            self._arm()


def _over() -> None:
    """Do nothing: the watchdog was cancelled."""
