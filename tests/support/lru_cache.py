"""A resource that is opened for a test, and stays open for the next one that asks for the same."""

from collections.abc import Callable, Hashable
from contextlib import AbstractAsyncContextManager
from typing import Generic, TypeVar

_T = TypeVar("_T")


class LruCache(Generic[_T]):
    """Keeps a few things open, each for its key; what was used longest ago is closed first."""

    def __init__(self, most: int = 6) -> None:
        self._most = most
        self._open: dict[Hashable, tuple[AbstractAsyncContextManager[_T], _T]] = {}

    async def of(self, key: Hashable, opens: Callable[[], AbstractAsyncContextManager[_T]]) -> _T:
        """Return what is open for this key; open it, if nothing is."""
        kept = self._open.pop(key, None)
        if kept is None:
            while len(self._open) >= self._most:
                await self.drop(next(iter(self._open)))
            context = opens()
            kept = context, await context.__aenter__()
        self._open[key] = kept
        return kept[1]

    async def drop(self, key: Hashable) -> None:
        """Close what is open for this key."""
        context, _ = self._open.pop(key)
        await context.__aexit__(None, None, None)

    async def close(self) -> None:
        """Close all of it."""
        for key in list(self._open):
            await self.drop(key)
