"""The signals that stop a process: what they do, and when one counts as a second one."""

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

_STOP_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)
_ECHO_SECONDS: Final = 1.0
"""A terminal, or make, may deliver one stop twice: only what comes later than this is a second one."""


class StopClock:
    """Tells a second wish to stop from the first one's echo."""

    def __init__(self) -> None:
        """Start with no wish."""
        self._first: float | None = None

    def is_second(self, now: float) -> bool:
        """Note a wish; whether another came at least a second before it. `now` is any clock's seconds."""
        if self._first is None:
            self._first = now
        return now - self._first >= _ECHO_SECONDS


def exit_code_of(told: list[int]) -> int:
    """What a shell expects of a process that was told to stop before it had started, by these signals or by none."""
    return 128 + (told[0] if told else signal.SIGTERM)


@contextmanager
def interrupts_held_back() -> Iterator[None]:
    """Let a process that is started meanwhile have its interrupts only when it has handlers: `stopping` lets them in.

    A terminal sends one to every process, and a worker that still imports would answer with a stack trace.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def stopping(stop: Callable[[], None]) -> Iterator[list[int]]:
    """Call `stop` in the running loop at each stop signal; afterwards ignore them, for the process is ending.

    Yield the list of the signals that have come. A handler of the loop's would be gone with the loop, and an echo kill
    the process on its last steps.
    """
    loop = asyncio.get_running_loop()
    received: list[int] = []

    def told(number: int, _: FrameType | None) -> None:
        received.append(number)
        loop.call_soon_threadsafe(stop)

    for number in _STOP_SIGNALS:
        signal.signal(number, told)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOP_SIGNALS)  # a worker starts with some of them held back
    try:
        yield received
    finally:
        for number in _STOP_SIGNALS:
            signal.signal(number, signal.SIG_IGN)
