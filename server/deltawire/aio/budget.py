"""A budget: an amount that tasks share, in the order in which they ask."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Budget:
    """An amount of something; a task that wants more than is left waits."""

    def __init__(self, amount: int) -> None:
        """Start with all of it left."""
        self._amount = self._left = amount
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    @asynccontextmanager
    async def of(self, amount: int) -> AsyncIterator[None]:
        """Hold an amount within the block; of more than there is, all."""
        wanted = min(amount, self._amount)
        if self._waiting or wanted > self._left:
            await self._wait(wanted)
        else:
            self._left -= wanted
        try:
            yield
        finally:
            self._left += wanted
            self._wake()

    async def _wait(self, wanted: int) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        entry = (wanted, turn)
        self._waiting.append(entry)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._left += wanted
            else:
                self._waiting.remove(entry)
            self._wake()
            raise

    def _wake(self) -> None:
        while self._waiting and self._waiting[0][0] <= self._left:
            wanted, turn = self._waiting.popleft()
            if not turn.done():
                self._left -= wanted
                turn.set_result(None)
