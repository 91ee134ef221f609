"""Writes log lines to a descriptor, in a thread: a pipe that nobody reads keeps no turn waiting.

What waits is bounded. Lines beyond it are lost, and counted: the first line after them says how many they were.
"""

import atexit
import os
import select
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Final

_MAX_BYTES: Final = 2**20
"""Of lines that wait: some thousand turns' worth."""
_CLOSE_SECONDS: Final = 1.0
"""At the end of the process, for what still waits."""

LostLine = Callable[[int], str]
"""Words the line that tells how many were lost."""


class LogWriter:
    """The writer of one process. Its methods never raise and never wait, but for `close`."""

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
        """Wait until all is written, for a second at most."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_idle and not self._waiting, _CLOSE_SECONDS)

    def _run(self) -> None:
        while True:
            for line in self._taken():  # one by one: what other workers write to the same pipe comes in between
                self._write_out(line)

    def _taken(self) -> list[bytes]:
        """All that waits; wait for it."""
        with self._changed:
            self._is_idle = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._waiting)
            self._is_idle = False
            if self._lost:
                self._waiting.append(f"{self._lost_line(self._lost)}\n".encode())
            taken = list(self._waiting)
            self._waiting.clear()
            self._bytes = self._lost = 0
        return taken

    def _write_out(self, data: bytes) -> None:
        """Write to the descriptor itself: `sys.stdout` has a lock, and the end of the process would wait for it."""
        rest = memoryview(data)
        with suppress(OSError):
            while rest:
                try:
                    rest = rest[os.write(self._descriptor, rest) :]
                except BlockingIOError:  # whoever started this process made the pipe so
                    select.select((), (self._descriptor,), ())
