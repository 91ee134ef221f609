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


@contextmanager
def stopping(stop: Callable[[], None]) -> Iterator[None]:
    """Call `stop` in the running loop at each stop signal; afterwards ignore them, for the process is ending.

    A handler of the loop's would be gone with the loop, and an echo kill the process on its last steps.
    """
    loop = asyncio.get_running_loop()

    def told(_: int, __: FrameType | None) -> None:
        loop.call_soon_threadsafe(stop)

    for number in _STOP_SIGNALS:
        signal.signal(number, told)
    try:
        yield
    finally:
        for number in _STOP_SIGNALS:
            signal.signal(number, signal.SIG_IGN)
