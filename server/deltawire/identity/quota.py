"""Quotas: how much of something that a process has one caller may hold."""

from collections.abc import Iterator
from contextlib import contextmanager

from deltawire.protocol.errors import Failure, spread


class Quota:
    """The amounts that callers hold of one thing, bounded for each caller and for all together."""

    def __init__(self, what: str, setting: str, total: int, each: int) -> None:
        """`what` names the thing in a refusal, `setting` bounds the total, and `setting`_PER_CALLER each caller."""
        self._what = what
        self._setting = setting
        self._total = total
        self._each = min(each, total)
        self._total_taken = 0
        self._amounts: dict[str, int] = {}

    def take(self, caller: str, amount: int = 1) -> None:
        """Count an amount that a caller takes; raise `Failure`, and count nothing, when too much is held."""
        amount_now = self._amounts.get(caller, 0) + amount
        if self._total_taken + amount > self._total:
            raise Failure("overloaded", retry_after=spread(1.0))
        if amount_now > self._each:
            message = f"One caller may hold at most {self._each:,} {self._what}; see {self._setting}_PER_CALLER."
            raise Failure("rate_limited", message, retry_after=spread(1.0))
        self._total_taken += amount
        self._amounts[caller] = amount_now

    def release(self, caller: str, amount: int = 1) -> None:
        """Release an amount that a caller took."""
        self._total_taken -= amount
        amount_now = self._amounts[caller] - amount
        if amount_now:
            self._amounts[caller] = amount_now
        else:
            del self._amounts[caller]

    @contextmanager
    def taken(self, caller: str, amount: int = 1) -> Iterator[None]:
        """Hold an amount within the block; raise `Failure` as `take` does."""
        self.take(caller, amount)
        try:
            yield
        finally:
            self.release(caller, amount)


class Holding:
    """The part of its caller's quota that one request or socket holds; it can grow, and is released as a whole."""

    __slots__ = ("_quota", "amount", "caller")

    def __init__(self, quota: Quota, caller: str) -> None:
        """Hold nothing."""
        self.amount = 0
        self._quota = quota
        self.caller = caller

    def set_amount(self, amount: int) -> None:
        """Hold this amount instead; raise `Failure`, and hold the amount of before, when that is too much."""
        if amount > self.amount:
            self._quota.take(self.caller, amount - self.amount)
        elif amount < self.amount:
            self._quota.release(self.caller, self.amount - amount)
        self.amount = amount

    def add(self, amount: int) -> None:
        """Hold this much more; raise `Failure` as `set_amount` does."""
        self.set_amount(self.amount + amount)
