"""A budget: an amount that tasks of several owners share, in the order in which they ask."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple


class _Waiter(NamedTuple):
    owner: str
    amount: int
    granted: asyncio.Future[None]


class Budget:
    """An amount of something; a task that wants more than is left waits.

    Half of it is for owners who hold nothing: one who holds some gets more only while that half stays free. So a few
    who are slow do not make everybody wait. Tasks without an owner are owners of their own.
    """

    def __init__(self, amount: int) -> None:
        """Start with all of it left."""
        self._amount = self._free = amount
        self._holds: Counter[str] = Counter()
        """The number of tasks of each owner that hold some."""
        self._waiting: list[_Waiter] = []

    @asynccontextmanager
    async def of(self, amount: int, owner: str = "") -> AsyncIterator[None]:
        """Hold an amount within the block; of more than there is, all."""
        waiter = _Waiter(owner, min(amount, self._amount), asyncio.get_running_loop().create_future())
        self._waiting.append(waiter)
        self._grant()
        try:
            await waiter.granted
        except asyncio.CancelledError:
            if waiter.granted.cancelled():
                self._waiting.remove(waiter)
                self._grant()
            else:
                self._release(waiter)
            raise
        try:
            yield
        finally:
            self._release(waiter)

    def _release(self, waiter: _Waiter) -> None:
        self._free += waiter.amount
        if waiter.owner:
            self._holds[waiter.owner] -= 1
            self._holds += Counter()  # without those that hold nothing
        self._grant()

    def _grant(self) -> None:
        """Grant what the waiters want, in their order. A waiter that must leave half to others is overtaken."""
        for waiter in list(self._waiting):
            free = self._free - waiter.amount
            if self._holds[waiter.owner] and free < self._amount // 2:
                continue
            if free < 0:
                return
            if waiter.granted.cancelled():  # its task removes it
                continue
            self._waiting.remove(waiter)
            self._free = free
            if waiter.owner:
                self._holds[waiter.owner] += 1
            waiter.granted.set_result(None)
