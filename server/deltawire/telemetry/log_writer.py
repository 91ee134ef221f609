"""Write log lines to a descriptor, in a thread: a pipe without a reader does not delay a turn.

The queue is bounded. Lines over the bound are lost, and counted: the line after them says how many were lost.
"""

import atexit
import os
import select
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Final

_MAX_BYTES: Final = 2**20
"""The bound of the queue: the lines of some thousand turns."""
_PAUSE_SECONDS: Final = 0.02
"""Time after lines were written in which others gather: waking a thread costs a turn a tenth of its CPU."""
_CLOSE_SECONDS: Final = 1.0
"""Time for the queued lines at the end of the process."""

LostLine = Callable[[int], str]
"""Returns the line that says how many lines were lost."""


class LogWriter:
    """The writer of one process. Its methods never raise; only `close` waits."""

    def __init__(self, descriptor: int, lost_line: LostLine) -> None:
        """Prepare; the thread starts with the first line."""
        self._descriptor = descriptor
        self._lost_line = lost_line
        self._waiting: deque[bytes] = deque()
        self._bytes = 0
        self._lost = 0
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._is_idle = True

    def write(self, line: str) -> None:
        """Write a line as soon as the descriptor takes it."""
        data = f"{line}\n".encode(errors="backslashreplace")
        with self._changed:
            if self._bytes + len(data) > _MAX_BYTES:
                self._lost += 1
                return
            self._waiting.append(data)
            self._bytes += len(data)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="log", daemon=True)
                self._thread.start()
                atexit.register(self.close)
            self._changed.notify_all()

    def close(self) -> None:
        """Wait until all lines are written, for a second at most."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_idle and not self._waiting, _CLOSE_SECONDS)

    def _run(self) -> None:
        while True:
            for piece in _pipe_pieces(self._wait_for_lines()):
                self._write_out(piece)
            with self._changed:
                self._is_idle = True
                self._changed.notify_all()
            time.sleep(_PAUSE_SECONDS)

    def _wait_for_lines(self) -> list[bytes]:
        """Wait for lines; return all that are queued."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting)
            self._is_idle = False
            if self._lost:
                self._waiting.append(f"{self._lost_line(self._lost)}\n".encode())
            lines = list(self._waiting)
            self._waiting.clear()
            self._bytes = self._lost = 0
        return lines

    def _write_out(self, data: bytes) -> None:
        """Write to the descriptor itself: `sys.stdout` has a lock, and the end of the process would wait for it."""
        rest = memoryview(data)
        with suppress(OSError):
            while rest:
                try:
                    rest = rest[os.write(self._descriptor, rest) :]
                except BlockingIOError:  # the parent process made the pipe non-blocking
                    select.select((), (self._descriptor,), ())


def _pipe_pieces(lines: list[bytes]) -> Iterator[bytes]:
    """Yield whole lines, as many at once as a pipe takes in one piece: other workers write to it in between."""
    joined = b""
    for line in lines:
        if joined and len(joined) + len(line) > select.PIPE_BUF:
            yield joined
            joined = b""
        joined += line
    yield joined
