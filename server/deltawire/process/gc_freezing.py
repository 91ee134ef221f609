"""Freeze long-lived objects: the garbage collector's pauses stay short, however many sockets are open.

An idle socket is some hundred objects. A full collection visits all of them and blocks the event loop: with ten
thousand sockets that takes a second, again and again. So the objects that survive such a collection are frozen: later
collections skip them. A frozen object is still freed when its reference count falls to 0, but not when it is part of a
reference cycle. A socket, a request or a turn leaves no cycle when it ends. The exception is a turn that its client
leaves before the first token: the standard library's time-outs leave one. So, rarely, a collection visits everything.
"""

import gc
import time
from typing import Any, Final

_LONG_SECONDS: Final = 0.05
_WHOLE_EVERY: Final = 8
"""Full collections until one visits everything. Each comes after a million new objects, with almost no cycles."""
THRESHOLDS: Final = (10_000, 10, 10)
"""For `gc.set_threshold`. With Python's own (700, 10, 10), 400 turns at once took 199 collections and a tenth
of their CPU, 35 ms of it in one. A first threshold of 10,000 leaves some ten of 1 ms."""


class GcFreezing:
    """A callback for `gc.callbacks`. It measures collections in CPU time, which other processes do not affect.

    It does not count the frozen objects: `gc.get_freeze_count` visits all of them, which takes 0.2 s.
    """

    def __init__(self, long_seconds: float = _LONG_SECONDS) -> None:
        """Freeze after a full collection that took longer than this."""
        self._long_seconds = long_seconds
        self._began = 0.0
        self._since_whole = 0

    def __call__(self, phase: str, info: dict[str, Any]) -> None:
        """Note the time when a full collection starts; freeze or unfreeze when it ends."""
        if info["generation"] < 2:
            return
        if phase == "start":
            self._began = time.thread_time()
            return
        self._since_whole += 1
        if self._since_whole == _WHOLE_EVERY:
            gc.unfreeze()
            self._since_whole = 0
        elif time.thread_time() - self._began > self._long_seconds:
            gc.freeze()
