"""Lanes: each owner does only a little of one kind of work at a time, so that nobody waits behind all of theirs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Lanes:
    """One kind of work, and the owners who do it."""

    def __init__(self, at_once: int) -> None:
        """Start without owners; each may do the work `at_once` times at once, and waits with the rest."""
        self._at_once = at_once
        self._lanes: dict[str, tuple[asyncio.Semaphore, int]] = {}

    @asynccontextmanager
    async def of(self, owner: str) -> AsyncIterator[None]:
        """Do the work in the block, once there is a lane; without authentication all are one owner, who never waits."""
        if not owner:
            yield
            return
        lane, users = self._lanes.get(owner, (asyncio.Semaphore(self._at_once), 0))
        self._lanes[owner] = (lane, users + 1)
        try:
            async with lane:
                yield
        finally:
            _, users = self._lanes.pop(owner)
            if users > 1:
                self._lanes[owner] = (lane, users - 1)
