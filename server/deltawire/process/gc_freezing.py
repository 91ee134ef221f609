"""Short pauses for the garbage collector, however many sockets are open.

An idle socket is some hundred objects. A full collection looks through all of them while nobody is served: with ten
thousand sockets that takes a second, again and again. So what such a collection has found alive is frozen: not looked
through any more. Frozen objects are freed as ever when nothing refers to them, but not those that refer to each other
in a circle. What ends leaves none, a socket, a request or a turn; only a turn that is left before its first word does,
in the standard library's time-outs. So now and then, rarely, everything is looked through.
"""

import gc
import time
from typing import Any, Final

_LONG_SECONDS: Final = 0.05
_WHOLE_EVERY: Final = 64
"""Full collections. Each comes after some 70,000 objects more, of which next to none become garbage in circles."""


class GcFreezing:
    """One of `gc.callbacks`; how long a collection takes is measured in CPU, for other processes are no reason.

    Nothing here counts what is frozen: `gc.get_freeze_count` walks through all of it, for 0.2 s.
    """

    def __init__(self, long_seconds: float = _LONG_SECONDS) -> None:
        """After a full collection that took longer than this, freeze."""
        self._long_seconds = long_seconds
        self._began = 0.0
        self._since_whole = 0

    def __call__(self, phase: str, info: dict[str, Any]) -> None:
        """Take note of a collection's start, or its end."""
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
