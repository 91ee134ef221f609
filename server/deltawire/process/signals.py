"""The signals that stop a process: their handlers, and the test for a second signal."""

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

from deltawire.process.stop_signals import ALWAYS, stop_signals

_ECHO_SECONDS: Final = 1.0
"""A terminal, or make, may deliver one stop twice: only a signal later than this counts as a second one."""


class StopClock:
    """A clock that distinguishes a second stop signal from a duplicate of the first."""

    def __init__(self) -> None:
        """Start without a signal."""
        self._first: float | None = None

    def is_second(self, now: float) -> bool:
        """Note a signal; return True when the first came at least a second before it. `now` is seconds of any clock."""
        if self._first is None:
            self._first = now
        return now - self._first >= _ECHO_SECONDS


def exit_code_of(signals: list[int]) -> int:
    """Return the exit code that a shell expects of a process stopped before its start, by these signals or by none."""
    return 128 + (signals[0] if signals else signal.SIGTERM)


@contextmanager
def interrupts_blocked() -> Iterator[None]:
    """Block SIGINT in the processes that this block starts until they have handlers; `stopping` unblocks it.

    A terminal sends SIGINT to every process, and a worker that is still importing would print a stack trace.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def stopping(stop: Callable[[], None]) -> Iterator[list[int]]:
    """Call `stop` in the running loop at each stop signal; afterwards ignore them, because the process is ending.

    Yield the list of the signals that have come. A handler of the loop would be removed with the loop, and a duplicate
    of the signal would then kill the process during its exit.
    """
    loop = asyncio.get_running_loop()
    received: list[int] = []

    def receive(number: int, _: FrameType | None) -> None:
        received.append(number)
        loop.call_soon_threadsafe(stop)

    numbers = stop_signals()
    for number in numbers:
        signal.signal(number, receive)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ALWAYS)  # a worker starts with SIGINT blocked
    try:
        yield received
    finally:
        for number in numbers:
            signal.signal(number, signal.SIG_IGN)
