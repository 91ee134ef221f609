"""Limits that are counted in this process only."""

import time
from collections import Counter, defaultdict, deque
from typing import Final

from deltawire.limits.backend import (
    DAYS_KEPT,
    MAX_MODELS,
    OTHER,
    WINDOW_SECONDS,
    Charge,
    Clock,
    Day,
    WindowState,
    today,
)
from deltawire.limits.rules import Allowance, Rule

_MANY_WINDOWS: Final = 10_000


class MemoryLeases:
    """Counts the turns that run in this process."""

    def __init__(self) -> None:
        """Start with no running turns."""
        self._leases: dict[str, list[tuple[str, str | None]]] = {}
        self._running: Counter[tuple[str, str | None]] = Counter()

    async def take(self, lease: str, caller: str, rules: Allowance) -> Rule | None:
        """Take a lease for one more turn; return the rule that forbids it, if one does."""
        for rule in rules:
            if self._running[caller, rule.model] >= rule.amount:
                return rule
        self._leases[lease] = [(caller, rule.model) for rule in rules]
        self._running.update(self._leases[lease])
        return None

    async def release(self, lease: str) -> None:
        """Release a turn's lease."""
        for counter in self._leases.pop(lease, ()):
            self._running[counter] -= 1
            if not self._running[counter]:
                del self._running[counter]

    async def count(self, caller: str, rule: Rule) -> int:
        """Return the number of running turns."""
        return self._running[caller, rule.model]

    async def close(self) -> None:
        """Do nothing: there is nothing to release."""


class MemoryWindows:
    """Counts the turns of every caller's last minute, by the monotonic clock."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        """Start with no turns."""
        self._clock = clock
        self._begun: defaultdict[tuple[str, str | None], deque[float]] = defaultdict(deque)

    async def enter(self, turn: str, caller: str, rules: Allowance) -> Rule | None:  # noqa: ARG002 - for a store
        """Count one more turn; return the rule that forbids it, if one does."""
        if len(self._begun) >= _MANY_WINDOWS:
            self._forget_old()
        windows = [self._window(caller, rule) for rule in rules]
        for rule, window in zip(rules, windows, strict=True):
            if len(window) >= rule.amount:
                return rule
        for window in windows:
            window.append(self._clock())
        return None

    async def leave(self, turn: str, caller: str, rules: Allowance) -> None:
        """Do nothing: `enter` never raises here."""

    async def read(self, caller: str, rule: Rule) -> WindowState:
        """Return the turns that are left of this rule."""
        window = self._window(caller, rule)
        if not window:
            return WindowState(int(rule.amount), WINDOW_SECONDS)
        return WindowState(max(0, int(rule.amount) - len(window)), window[0] + WINDOW_SECONDS - self._clock())

    def _window(self, caller: str, rule: Rule) -> deque[float]:
        window = self._begun[caller, rule.model]
        oldest = self._clock() - WINDOW_SECONDS
        while window and window[0] <= oldest:
            window.popleft()
        return window

    def _forget_old(self) -> None:
        oldest = self._clock() - WINDOW_SECONDS
        for key in [key for key, window in self._begun.items() if not window or window[-1] <= oldest]:
            del self._begun[key]


class MemoryMeter:
    """Sums up the use of every caller by the turns of this process."""

    def __init__(self, clock: Clock = time.time) -> None:
        """`clock` gives the current day."""
        self._clock = clock
        self._days: dict[int, dict[str, Day]] = defaultdict(lambda: defaultdict(dict))

    async def charge(self, charge: Charge) -> None:
        """Add the use of a turn."""
        if charge.day not in self._days:
            oldest = today(self._clock) - DAYS_KEPT
            for day in [day for day in self._days if day <= oldest]:
                del self._days[day]
        used = self._days[charge.day][charge.caller]
        model = charge.model if charge.model in used or len(used) < MAX_MODELS else OTHER
        used.setdefault(model, Counter()).update(charge.used)

    async def read(self, caller: str, days: list[int]) -> list[Day]:
        """Return the use of these days."""
        return [self._days.get(day, {}).get(caller, {}) for day in days]

    async def close(self) -> None:
        """Do nothing: there is nothing to release."""
