"""The time in which this process ran: time in which it was suspended, or its loop was blocked, does not count.

A suspended process (SIGSTOP, a paused virtual machine) wakes with its timers due and its sockets unread, and the loop
calls timers first. A deadline in this time does not pass meanwhile, so the data in the buffers can still be read.
"""

import asyncio
from typing import Final, Self

_TICK_SECONDS: Final = 0.5
LATE_SECONDS: Final = 1.0
"""A timer that fires later than this shows that the process did not run."""


class RunningTime:
    """A clock: the loop's time less `lost`. While its context is entered, it looks for lost time twice a second."""

    __slots__ = ("_due", "_timer", "lost")

    def __init__(self) -> None:
        """Start with nothing lost."""
        self.lost = 0.0
        """Seconds in which the process did not run, rounded up."""
        self._due = 0.0
        self._timer: asyncio.TimerHandle | None = None

    async def __aenter__(self) -> Self:
        """Start the checks, in the running loop."""
        self._check_later()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop the checks."""
        if self._timer is not None:
            self._timer.cancel()

    def now(self) -> float:
        """Return the time, in seconds."""
        return asyncio.get_running_loop().time() - self.lost

    def _check_later(self) -> None:
        loop = asyncio.get_running_loop()
        self._due = loop.time() + _TICK_SECONDS
        self._timer = loop.call_at(self._due, self._check)

    def _check(self) -> None:
        late = asyncio.get_running_loop().time() - self._due
        if late > LATE_SECONDS:
            self.lost += late + _TICK_SECONDS
        self._check_later()
