"""A timer whose deadline is moved by an assignment."""

import asyncio
from collections.abc import Callable
from math import inf
from typing import Final

from deltawire.aio.running_time import LATE_SECONDS, RunningTime

_CHECK_AGAIN_SECONDS: Final = 0.5
"""Time to read what came while the process did not run."""


class Watchdog:
    """Calls `expire` once, when the loop's clock passes the deadline.

    A stream moves its deadline with every token. Arming a timer for each would cost more than the token. So there is
    one timer; when it fires before the deadline, it is armed again for the deadline.
    """

    __slots__ = ("_deadline", "_due", "_expire", "_fires_at", "_loop", "_running", "_timer")

    def __init__(self, expire: Callable[[], None], running: RunningTime | None = None) -> None:
        """Start with no deadline; needs the running loop. With `running`, deadlines are times of that clock."""
        self._loop = asyncio.get_running_loop()
        self._expire = expire
        self._running = running
        self._due = 0.0
        """The time of the loop at which the timer fires; `_fires_at` is the same as a time of the clock."""
        self._deadline = inf
        self._timer: asyncio.TimerHandle | None = None
        self._fires_at = inf

    def set(self, deadline: float) -> None:
        """Move the deadline to this time of the clock, in seconds."""
        self._deadline = deadline
        if deadline < self._fires_at:
            self._arm()

    def cancel(self) -> None:
        """Stop for good and release the callback.

        The callback's object usually holds this watchdog, so this breaks a reference cycle.
        """
        self._deadline = inf
        self._expire = _over
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
            self._fires_at = inf

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._fires_at = self._deadline
        self._due = self._deadline + self._lost
        self._timer = self._loop.call_at(self._due, self._check)

    @property
    def _lost(self) -> float:
        return 0.0 if self._running is None else self._running.lost

    def _check(self) -> None:
        self._timer = None
        self._fires_at = inf
        now = self._loop.time()
        if self._deadline == inf:
            return
        if self._running is not None and now - self._due > LATE_SECONDS:
            self._deadline = max(self._deadline, now - self._lost + _CHECK_AGAIN_SECONDS)
        if self._deadline + self._lost <= now:
            self._deadline = inf
            self._expire()
        else:
            self._arm()


def _over() -> None:
    """Do nothing: the watchdog was cancelled."""
