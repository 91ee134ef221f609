"""Time-outs.

- `InterruptibleTimeout`: many blocks of one task, each of which can be interrupted before its deadline.
- `RunningTimeout`: one block, by a clock that stops while the process does not run.
- `ticking_timeout`: the same without such a clock: it counts ticks of the event loop.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from math import inf
from types import TracebackType
from typing import Final, Self

from deltawire.aio.running_time import RunningTime
from deltawire.aio.watchdog import Watchdog

_TICKS: Final = 10


class InterruptibleTimeout(Watchdog):
    """A time-out for the awaits of one task, one `with` block after another.

    A block costs a few assignments, because all blocks share one timer: `asyncio.timeout` would make a timer for each.
    A cancellation from elsewhere is handled as `asyncio.timeout` handles it.
    """

    __slots__ = ("_cancelling", "_has_expired", "_is_inside", "_task")

    def __init__(self, running: RunningTime | None = None) -> None:
        """Start outside any block; needs the running loop. With `running`, deadlines are times of that clock."""
        super().__init__(self._cancel_task, running)
        self._task: asyncio.Task[object] | None = None
        self._is_inside = False
        self._cancelling = 0
        self._has_expired = False

    def enter_task(self) -> None:
        """Bound the blocks of the running task from here on. A look-up in each block would cost more than the block."""
        self._task = task = asyncio.current_task()
        self._cancelling = 0 if task is None else task.cancelling()

    def cancel(self) -> None:
        """Release the timer and the task. No block may follow."""
        super().cancel()
        self._task = None

    def until(self, deadline: float) -> Self:
        """Bound the next block: it raises TimeoutError at this time of the clock, or when it is interrupted."""
        self._deadline = deadline  # as in `set`: this saves a call for each read of the upstream
        if deadline < self._fires_at:
            self._arm()
        return self

    def interrupt(self) -> None:
        """End the block that is awaited now, if there is one."""
        if self._is_inside and not self._has_expired:
            self._cancel_task()

    def __enter__(self) -> None:
        """Start a block."""
        if self._task is None:
            raise AssertionError("a block runs in a task that was entered")
        self._is_inside = True
        self._has_expired = False

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Raise TimeoutError in place of our own cancellation; leave a cancellation from elsewhere as it is."""
        self._is_inside = False
        self._deadline = inf
        if self._has_expired and self._task is not None:
            is_ours_alone = self._task.uncancel() <= self._cancelling
            if is_ours_alone and kind is asyncio.CancelledError:
                raise TimeoutError from None

    def _cancel_task(self) -> None:
        if self._is_inside and self._task is not None:
            self._has_expired = True
            self._task.cancel()


class RunningTimeout(InterruptibleTimeout):
    """A time-out for one block of the running task; `until` moves its deadline."""

    __slots__ = ()

    def __init__(self, running: RunningTime, deadline: float) -> None:
        """Raise TimeoutError at this time of the clock `running`; needs the running loop."""
        super().__init__(running)
        self.enter_task()
        self.until(deadline)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Release the timer, too."""
        try:
            super().__exit__(kind, error, trace)
        finally:
            self.cancel()


@asynccontextmanager
async def ticking_timeout(seconds: float) -> AsyncIterator[None]:
    """Raise TimeoutError after these seconds in which the event loop ran.

    A blocked loop, or a suspended process, does not count as time of the other side: what it sent may have come and not
    been read yet.
    """
    async with asyncio.timeout(None) as limit:
        ticks = _Ticks(limit, seconds / _TICKS)
        ticks.wait(_TICKS - 1)
        try:
            yield
        finally:
            ticks.stop()


class _Ticks:
    """Lets a time-out pass after some ticks.

    Once stopped, it is in no reference cycle: its task may hold a large piece.
    """

    __slots__ = ("_limit", "_loop", "_seconds", "_timer")

    def __init__(self, limit: asyncio.Timeout, seconds: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._limit = limit
        self._seconds = seconds

    def wait(self, remaining: int) -> None:
        """Wait for one tick, and then for the `remaining` ones."""
        self._timer = self._loop.call_later(self._seconds, self._tick, remaining)

    def stop(self) -> None:
        self._timer.cancel()

    def _tick(self, remaining: int) -> None:
        if remaining:
            self.wait(remaining - 1)
        else:
            self._limit.reschedule(self._loop.time())
