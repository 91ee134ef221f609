"""What is counted in this process alone."""

import time
from collections import Counter, defaultdict

from deltawire.limits.backend import DAYS_KEPT, MAX_MODELS, OTHER, Charge, Clock, Day, today
from deltawire.limits.rules import Allowance, Rule


class MemoryLeases:
    """The turns that run in this process."""

    def __init__(self) -> None:
        """Start with none."""
        self._held: dict[str, list[tuple[str, str | None]]] = {}
        self._running: Counter[tuple[str, str | None]] = Counter()

    async def take(self, lease: str, caller: str, rules: Allowance) -> Rule | None:
        """Let one turn more run, unless a rule forbids it: return that one."""
        for rule in rules:
            if self._running[caller, rule.model] >= rule.amount:
                return rule
        self._held[lease] = [(caller, rule.model) for rule in rules]
        self._running.update(self._held[lease])
        return None

    async def give_back(self, lease: str) -> None:
        """The turn runs no more."""
        for place in self._held.pop(lease, ()):
            self._running[place] -= 1
            if not self._running[place]:
                del self._running[place]

    async def look(self, caller: str, rule: Rule) -> int:
        """How many turns run."""
        return self._running[caller, rule.model]

    async def close(self) -> None:
        """Nothing is left to do."""


class MemoryMeter:
    """What every caller used, by the turns of this process."""

    def __init__(self, clock: Clock = time.time) -> None:
        """`clock` says which day it is."""
        self._clock = clock
        self._days: dict[int, dict[str, Day]] = defaultdict(lambda: defaultdict(dict))

    async def charge(self, charge: Charge) -> None:
        """Count what a turn used."""
        if charge.day not in self._days:
            oldest = today(self._clock) - DAYS_KEPT
            for day in [day for day in self._days if day <= oldest]:
                del self._days[day]
        used = self._days[charge.day][charge.caller]
        model = charge.model if charge.model in used or len(used) < MAX_MODELS else OTHER
        used.setdefault(model, Counter()).update(charge.used)

    async def read(self, caller: str, days: list[int]) -> list[Day]:
        """What was used in these days."""
        return [self._days.get(day, {}).get(caller, {}) for day in days]

    async def close(self) -> None:
        """Nothing is left to do."""
