"""How many turns begin within a minute: the moving windows of the `limits` library, in memory or in the store."""

import time
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage, Storage
from limits.aio.strategies import MovingWindowRateLimiter

from deltawire.limits.rules import Allowance, Rule

T = TypeVar("T")

Caution = Callable[..., Awaitable[Any]]
"""Calls what it is given, and raises `StoreAway` when that cannot be done."""
_NAMESPACE: Final = "window"


async def _directly(work: Callable[..., Awaitable[Any]], *arguments: object) -> Any:
    return await work(*arguments)


class MovingWindows:
    """The last minute of every caller."""

    def __init__(self, storage: Storage | None = None, cautiously: Caution = _directly) -> None:
        """Without a storage, count in memory."""
        self._limiter = MovingWindowRateLimiter(storage or MemoryStorage())
        self._call = cautiously

    async def enter(self, caller: str, rules: Allowance) -> Rule | None:
        """Count one turn more, unless a rule forbids it: return that one. Raise `StoreAway`."""
        *others, last = rules
        for rule in others:
            if not await self._call(self._limiter.test, *_names(caller, rule)):
                return rule
        # The last is counted first: what is refused now has counted nowhere.
        for rule in (last, *others):
            if not await self._call(self._limiter.hit, *_names(caller, rule)):
                return rule
        return None

    async def look(self, caller: str, rule: Rule) -> tuple[int, float]:
        """How many turns are left, and after how many seconds there is one more; raise `StoreAway`."""
        stats = await self._call(self._limiter.get_window_stats, *_names(caller, rule))
        return max(0, stats.remaining), max(0.0, stats.reset_time - time.time())


def _names(caller: str, rule: Rule) -> tuple[RateLimitItemPerMinute, *tuple[str, ...]]:
    """How the library knows a window."""
    item = RateLimitItemPerMinute(int(rule.amount), namespace=_NAMESPACE)
    return (item, caller) if rule.model is None else (item, caller, rule.model)
