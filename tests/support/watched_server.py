"""`deltawire`, with each callback of its event loop measured in CPU time; run it as a script.

It prints a line `held` for each callback that took long. CPU time of the loop's own thread: neither
a busy machine nor another thread makes it longer. The loop is asyncio's own: uvloop calls back from C.
"""

import asyncio
import gc
import json
import sys
import time
from typing import Any

from deltawire.__main__ import main

REPORTED_FROM_SECONDS = 0.02


def watch() -> None:
    """Measure each callback from now on. The tasks are those in Python, whose `repr` names the coroutine."""
    handles: Any = asyncio.events.Handle
    call = handles._run
    asyncio.tasks.Task = asyncio.Task = asyncio.tasks._PyTask  # type: ignore[attr-defined, misc]

    collecting = 0.0

    def count(phase: str, _: object) -> None:
        nonlocal collecting
        collecting += -time.thread_time() if phase == "start" else time.thread_time()

    gc.callbacks.append(count)

    def measured(handle: Any) -> None:
        nonlocal collecting
        began, collecting = time.thread_time(), 0.0
        call(handle)
        held = time.thread_time() - began
        if held > REPORTED_FROM_SECONDS:
            owner = getattr(handle._callback, "__self__", None)
            where = repr(owner or handle)[:500]
            line = {"event": "held", "seconds": held, "collecting": collecting, "where": where}
            sys.stdout.write(json.dumps(line) + "\n")
            sys.stdout.flush()
            owner = None
        # Break a reference cycle, as asyncio does: the traceback of a task cancelled before its first step refers to
        # this frame, the frame to the handle, and the handle to the task, with the whole socket that it is of.
        handle = None

    handles._run = measured


if __name__ == "__main__":
    sys.modules["uvloop"] = None  # type: ignore[assignment]  # uvicorn then takes asyncio's loop
    watch()
    sys.exit(main([]))
