"""The clock of the runs."""

import asyncio
from collections.abc import Callable
from typing import Protocol


class Timer(Protocol):
    """A scheduled call."""

    def cancel(self) -> None:
        """Cancel it."""
        ...


class RunClock(Protocol):
    """The clock of the runs: the running loop, or a test's."""

    def time(self) -> float:
        """Return the time, in seconds."""
        ...

    def call_at(self, when: float, call: Callable[[], object]) -> Timer:
        """Call `call` when `time` has reached `when`."""
        ...


class LoopClock:
    """The clock of the running loop."""

    def time(self) -> float:
        """Return the time, in seconds."""
        return asyncio.get_running_loop().time()

    def call_at(self, when: float, call: Callable[[], object]) -> Timer:
        """Call `call` when `time` has reached `when`."""
        return asyncio.get_running_loop().call_at(when, call)
