"""A small queue for one reader."""

import asyncio
from typing import Generic, TypeVar

T = TypeVar("T")


class SlimQueue(Generic[T]):
    """A queue with the methods of `asyncio.Queue` that one reader needs.

    An empty `asyncio.Queue` takes 3 KiB, and every socket has a queue.
    """

    __slots__ = ("_items", "_wakeup")

    def __init__(self) -> None:
        """Start empty."""
        self._items: list[T] = []
        self._wakeup: asyncio.Future[None] | None = None

    def empty(self) -> bool:
        """Return whether a reader would have to wait."""
        return not self._items

    def put_nowait(self, item: T) -> None:
        """Append an item, and wake the reader."""
        self._items.append(item)
        if self._wakeup is not None and not self._wakeup.done():
            self._wakeup.set_result(None)

    async def get(self) -> T:
        """Wait for an item; return the oldest."""
        while not self._items:
            self._wakeup = asyncio.get_running_loop().create_future()
            try:
                await self._wakeup
            finally:
                self._wakeup = None
        return self._items.pop(0)
