"""Tasks that end with their owner."""

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asyncio import _CoroutineLike


class OwnedTasks:
    """The tasks of one owner, which are cancelled when it is over."""

    __slots__ = ("_running",)

    def __init__(self) -> None:
        """Start with no tasks."""
        # A dict, because it is empty most of the time, and then a third of a set.
        self._running: dict[asyncio.Task[None], None] = {}

    def spawn(self, coroutine: "_CoroutineLike[None]") -> asyncio.Task[None]:
        """Run a coroutine in a task."""
        task = asyncio.get_running_loop().create_task(coroutine)
        self._running[task] = None
        task.add_done_callback(self._running.pop)
        return task

    async def cancel(self) -> None:
        """Cancel every task, and wait until all are done."""
        for task in self._running:
            task.cancel()
        if self._running:
            await asyncio.wait(self._running)
