"""Lanes: each owner does only a little of one kind of work at a time, so that others need not wait for all of it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class _Lane:
    """The lane of one owner, and how many use it or wait for it."""

    __slots__ = ("slots", "users")

    def __init__(self, at_once: int) -> None:
        self.slots = asyncio.Semaphore(at_once)
        self.users = 0


class Lanes:
    """One kind of work, and the owners who do it."""

    def __init__(self, at_once: int) -> None:
        """Start without owners; each may do the work `at_once` times at once, and waits with the rest."""
        self._at_once = at_once
        self._lanes: dict[str, _Lane] = {}

    @asynccontextmanager
    async def of(self, owner: str) -> AsyncIterator[None]:
        """Do the work in the block, once there is a lane; without authentication all are one owner, who never waits."""
        if not owner:
            yield
            return
        lane = self._lanes.setdefault(owner, _Lane(self._at_once))
        lane.users += 1
        try:
            async with lane.slots:
                yield
        finally:
            lane.users -= 1
            if not lane.users:
                del self._lanes[owner]
