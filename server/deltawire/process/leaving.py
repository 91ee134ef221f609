"""The end of a process that has served: nothing that hangs in a thread holds it up."""

import asyncio
import atexit
import os
import sys
from typing import Any, NoReturn

_CLOSE_SECONDS = 1.0


def close_tasks(runner: asyncio.Runner) -> None:
    """Cancel the tasks that are left, and wait for them, for a second at most.

    The loop itself is not closed: that would wait for name look-ups, which run in threads and cannot be cancelled.
    """

    async def close() -> None:
        left: set[asyncio.Task[Any]] = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        if left:
            await asyncio.wait(left, timeout=_CLOSE_SECONDS)

    runner.run(close())


def leave(code: int) -> NoReturn:
    """End this process now, with this exit code, after the functions that `atexit` holds."""
    atexit._run_exitfuncs()  # noqa: SLF001 - the interpreter's own end would wait for threads after them
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
