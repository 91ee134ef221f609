"""Turns per minute: the moving windows of the `limits` library, in memory or in Redis."""

import time
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage, Storage
from limits.aio.strategies import MovingWindowRateLimiter

from deltawire.limits.rules import Allowance, Rule

T = TypeVar("T")

Caution = Callable[..., Awaitable[Any]]
"""Calls the given function, and raises `StoreAway` when the store does not answer."""
_NAMESPACE: Final = "window"


async def _directly(work: Callable[..., Awaitable[Any]], *arguments: object) -> Any:
    return await work(*arguments)


class MovingWindows:
    """Counts the turns of every caller's last minute."""

    def __init__(self, storage: Storage | None = None, cautiously: Caution = _directly) -> None:
        """Count in memory where no storage is given."""
        self._limiter = MovingWindowRateLimiter(storage or MemoryStorage())
        self._call = cautiously

    async def enter(self, caller: str, rules: Allowance) -> Rule | None:
        """Count one more turn; return the rule that forbids it, if one does. Raise `StoreAway`."""
        *others, last = rules
        for rule in others:
            if not await self._call(self._limiter.test, *_names(caller, rule)):
                return rule
        # The last rule is counted first: a turn that it refuses was counted by no rule.
        for rule in (last, *others):
            if not await self._call(self._limiter.hit, *_names(caller, rule)):
                return rule
        return None

    async def look(self, caller: str, rule: Rule) -> tuple[int, float]:
        """Return the turns that are left, and the seconds until there is one more. Raise `StoreAway`."""
        stats = await self._call(self._limiter.get_window_stats, *_names(caller, rule))
        return max(0, stats.remaining), max(0.0, stats.reset_time - time.time())


def _names(caller: str, rule: Rule) -> tuple[RateLimitItemPerMinute, *tuple[str, ...]]:
    """Return the library's arguments for a window: its limit and its key."""
    item = RateLimitItemPerMinute(int(rule.amount), namespace=_NAMESPACE)
    return (item, caller) if rule.model is None else (item, caller, rule.model)
