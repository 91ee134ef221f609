"""Background tasks: work that is finished even when its caller is cancelled."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class BackgroundTasks:
    """Tasks that run to their end; a shutdown waits for them."""

    def __init__(self) -> None:
        """Start with no tasks."""
        self._running: set[asyncio.Task[Any]] = set()

    async def do(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine and wait for it. Cancelling the wait does not cancel the coroutine."""
        return await finished(self.run(work))

    def run(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Run a coroutine in a task; wait for it with `finished`, or not at all."""
        task = asyncio.get_running_loop().create_task(work)
        self._running.add(task)
        task.add_done_callback(self._done)
        return task

    async def wait(self, seconds: float) -> None:
        """Wait for the running tasks, at most this many seconds."""
        if self._running:
            await asyncio.wait(self._running, timeout=seconds)

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            task.exception()  # retrieve the exception, or asyncio logs it


async def finished(task: asyncio.Task[T]) -> T:
    """Wait for a task and return its result; cancelling the wait does not cancel the task.

    `asyncio.shield` cannot replace it: when the wait was cancelled, it logs the task's exception. `asyncio.wait` is for
    several tasks, and costs some times as much.
    """
    if not task.done():
        is_over = asyncio.get_running_loop().create_future()

        def wake(_: object) -> None:
            if not is_over.done():  # the wait may have been cancelled
                is_over.set_result(None)

        task.add_done_callback(wake)
        await is_over
    return task.result()
