"""What has come for one reader and waits for it."""

import asyncio
from typing import Generic, TypeVar

T = TypeVar("T")


class SlimQueue(Generic[T]):
    """What is needed of an `asyncio.Queue` where one reader reads: that one keeps 3 KiB, empty, for each socket."""

    __slots__ = ("_items", "_news")

    def __init__(self) -> None:
        """Start empty."""
        self._items: list[T] = []
        self._news: asyncio.Future[None] | None = None

    def empty(self) -> bool:
        """Whether a reader would have to wait."""
        return not self._items

    def put_nowait(self, item: T) -> None:
        """Add one more, and wake the reader."""
        self._items.append(item)
        if self._news is not None and not self._news.done():
            self._news.set_result(None)

    async def get(self) -> T:
        """Take the oldest, once there is one."""
        while not self._items:
            self._news = asyncio.get_running_loop().create_future()
            try:
                await self._news
            finally:
                self._news = None
        return self._items.pop(0)
