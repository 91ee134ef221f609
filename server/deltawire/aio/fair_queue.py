"""Spreads much work of one owner over many steps of the event loop, so that others have their steps in between."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

_WINDOW_SECONDS: Final = 0.02
_AT_ONCE: Final = 2
"""Pieces of work that one owner may begin within a window without the queue: mostly there are no more."""


class FairQueue:
    """The work of owners who begin much at once. In each step of the event loop, only one piece of it begins.

    In one step, the event loop runs all that is ready. Of an owner with 300 connections that is 300 pieces, and each
    step of anybody else would wait for all of them. The queue delays nothing while there is time: it never sleeps.
    """

    def __init__(self) -> None:
        """Start with an empty queue."""
        self._begun: dict[str, int] = {}
        """The pieces of each owner in this window."""
        self._window_ends = 0.0
        self._waiting: dict[str, deque[Callable[[], object]]] = {}
        """The work of each owner, in its order; the owner who is next stands first."""

    def may_begin(self, owner: str) -> bool:
        """Count a piece of work; return False when it has to wait in the queue."""
        now = asyncio.get_running_loop().time()
        if now >= self._window_ends:
            self._begun.clear()
            self._window_ends = now + _WINDOW_SECONDS
        begun = self._begun.get(owner, 0)
        if begun >= _AT_ONCE or owner in self._waiting:
            return False
        self._begun[owner] = begun + 1
        return True

    def add(self, owner: str, work: Callable[[], object]) -> None:
        """Call `work` in a later step of the event loop, after what waits of the same owner."""
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self._begin_next)
        self._waiting.setdefault(owner, deque()).append(work)

    async def wait(self, owner: str) -> None:
        """Wait until this owner's work may begin: at once, or in a later step for an owner who begins much."""
        if self.may_begin(owner):
            return
        begun = asyncio.Event()
        self.add(owner, begun.set)
        await begun.wait()

    def _begin_next(self) -> None:
        owner, works = next(iter(self._waiting.items()))
        work = works.popleft()
        del self._waiting[owner]
        if works:
            self._waiting[owner] = works  # after the other owners
        if self._waiting:
            asyncio.get_running_loop().call_soon(self._begin_next)
        work()
