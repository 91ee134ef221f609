"""A wait that somebody else may end before its time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from math import inf


class InterruptibleTimeout:
    """Bounds what is awaited, once at a time; `interrupt` makes it end now."""

    __slots__ = ("_limit",)

    def __init__(self) -> None:
        """Start with nothing awaited."""
        self._limit: asyncio.Timeout | None = None

    @asynccontextmanager
    async def until(self, deadline: float) -> AsyncIterator[None]:
        """Cancel the block at this time of the loop's clock, or when the patience runs out; raise TimeoutError."""
        try:
            async with asyncio.timeout_at(deadline) as self._limit:
                yield
        finally:
            self._limit = None

    def interrupt(self) -> None:
        """Cancel what is awaited now, if anything is."""
        if self._limit is not None and not self._limit.expired():
            self._limit.reschedule(-inf)
