"""The store of the model's parts in the memory of this process."""

import time
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from deltawire.chat.kept_calls.store import KEPT_SECONDS, MAX_BYTES_PER_CALLER, MAX_STEPS_PER_CALLER

_MAX_BYTES: Final = 64 * 2**20
"""The bound for all callers together; who has most loses the oldest step."""
_OVERHEAD_BYTES: Final = 256
"""Bytes that an entry takes besides its parts, roughly."""


class _Entry(NamedTuple):
    """The parts of one step, and the time at which they expire, by the clock of `MemorySteps`."""

    expires: float
    parts: bytes


class _Steps:
    """The steps of one caller, the oldest first."""

    __slots__ = ("all", "size")

    def __init__(self) -> None:
        self.all: dict[str, _Entry] = {}
        self.size = 0

    def add(self, step: str, expires: float, parts: bytes) -> None:
        self.remove(step)
        self.all[step] = _Entry(expires, parts)
        self.size += _OVERHEAD_BYTES + len(parts)

    def remove(self, step: str) -> None:
        if (entry := self.all.pop(step, None)) is not None:
            self.size -= _OVERHEAD_BYTES + len(entry.parts)

    def drop_oldest(self) -> None:
        self.remove(next(iter(self.all)))


class MemorySteps:
    """The steps of all callers, each for an hour."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        """`now` returns the time in seconds."""
        self._now = now
        self._callers: dict[str, _Steps] = {}

    async def keep(self, caller: str, step: str, parts: bytes) -> None:
        """Keep the parts of a step; make room for them."""
        if _OVERHEAD_BYTES + len(parts) > MAX_BYTES_PER_CALLER:
            return
        self._expire()
        mine = self._callers.setdefault(caller, _Steps())
        mine.add(step, self._now() + KEPT_SECONDS, parts)
        while mine.size > MAX_BYTES_PER_CALLER or len(mine.all) > MAX_STEPS_PER_CALLER:
            mine.drop_oldest()
        while sum(steps.size for steps in self._callers.values()) > _MAX_BYTES:
            largest = max(self._callers, key=lambda name: self._callers[name].size)
            self._callers[largest].drop_oldest()
            self._forget_if_empty(largest)

    async def find(self, caller: str, steps: Sequence[str]) -> dict[str, bytes]:
        """Return the parts of those of these steps that are known."""
        mine, now = self._callers.get(caller), self._now()
        found = {} if mine is None else {step: mine.all[step] for step in steps if step in mine.all}
        return {step: entry.parts for step, entry in found.items() if entry.expires > now}

    async def close(self) -> None:
        """Forget all."""
        self._callers.clear()

    def _expire(self) -> None:
        now = self._now()
        for caller, steps in list(self._callers.items()):
            while steps.all and next(iter(steps.all.values())).expires <= now:
                steps.drop_oldest()
            self._forget_if_empty(caller)

    def _forget_if_empty(self, caller: str) -> None:
        if not self._callers[caller].all:
            del self._callers[caller]
