"""Work that is done to its end, also when whoever asked for it has left."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class BackgroundTasks:
    """Tasks that nobody cancels, and that a stop waits for."""

    def __init__(self) -> None:
        """Start with nothing to do."""
        self._running: set[asyncio.Task[Any]] = set()

    async def do(self, work: Coroutine[Any, Any, T]) -> T:
        """Do it, and wait for it; whoever waits may leave."""
        return await finished(self.run(work))

    def run(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Do it, without anybody who waits; `finished` is for who does so later."""
        task = asyncio.get_running_loop().create_task(work)
        self._running.add(task)
        task.add_done_callback(self._done)
        return task

    async def wait(self, seconds: float) -> None:
        """Wait for what is still being done, for so long."""
        if self._running:
            await asyncio.wait(self._running, timeout=seconds)

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            task.exception()  # whoever still waits is told; asyncio need not complain for those who left


async def finished(task: asyncio.Task[T]) -> T:
    """Return the result of a background task.

    `asyncio.shield` would log a failure that nobody waits for any more.
    """
    await asyncio.wait({task})
    return task.result()
