"""The limits backend: the interfaces of the counters in memory and in Redis.

In all of them `caller` is the digest of a caller's name that `key_of` returns.
"""

import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from hashlib import sha256
from typing import Final, NamedTuple, Protocol

import msgspec

from deltawire.limits.rules import Allowance, Rule
from deltawire.protocol.usage_figures import NANO, TOKEN_FIELDS, UsageFigures

Clock = Callable[[], float]
"""Seconds since 1970."""
DAY_SECONDS: Final = 86_400
WINDOW_SECONDS: Final = 60.0
"""The window of the turns per minute."""
DAYS_KEPT: Final = 32
MAX_MODELS: Final = 200
"""Models counted separately in one caller's day. Where any model name is allowed, further ones count as `OTHER`."""
OTHER: Final = "other"

Used = Counter[str]
"""Counters: `turns`, the tokens by their names in `usage`, `nanodollars`, and turns `uncounted` and `unpriced`.

`unpriced_nanodollars` is the known part of what the `unpriced` turns cost; only the budgets count it.
"""
Day = dict[str, Used]
"""The use of one day, by model."""


class StoreAway(Exception):
    """The store does not answer. The message is the cause, for the log."""


class Charge(msgspec.Struct, frozen=True, kw_only=True):
    """The use of one turn."""

    id: str
    """A charge with the same id counts once, however often it is written."""
    caller: str
    day: int
    """The day in UTC, as `today` numbers it."""
    model: str
    used: Mapping[str, int]
    """The amounts to add to the counters of `Used`."""


class WindowState(NamedTuple):
    """The state of one caller's window."""

    left: int
    """The turns that may still begin."""
    resets_in: float
    """Seconds until one more may begin."""


class Windows(Protocol):
    """Counts the turns that began within the last minute."""

    async def enter(self, turn: str, caller: str, rules: Allowance) -> Rule | None:
        """Count one more turn; return the rule that forbids it, if one does. Raise `StoreAway`."""
        ...

    async def leave(self, turn: str, caller: str, rules: Allowance) -> None:
        """Undo the count of a turn that `enter` may have counted although it raised `StoreAway`."""
        ...

    async def read(self, caller: str, rule: Rule) -> WindowState:
        """Return the turns that are left of this rule. Raise `StoreAway`."""
        ...


class Leases(Protocol):
    """Counts the turns that run."""

    async def take(self, lease: str, caller: str, rules: Allowance) -> Rule | None:
        """Take a lease for one more turn; return the rule that forbids it, if one does. Raise `StoreAway`."""
        ...

    async def release(self, lease: str) -> None:
        """Release a turn's lease. A lease that was not taken is ignored."""
        ...

    async def count(self, caller: str, rule: Rule) -> int:
        """Return the number of running turns. Raise `StoreAway`."""
        ...

    async def close(self) -> None:
        """Release all resources."""
        ...


class Meter(Protocol):
    """Sums up the use of every caller, day by day."""

    async def charge(self, charge: Charge) -> None:
        """Add the use of a turn, now or later."""
        ...

    async def read(self, caller: str, days: list[int]) -> list[Day]:
        """Return the use of each of these days, numbered as by `today`. Raise `StoreAway`."""
        ...

    async def close(self) -> None:
        """Release all resources."""
        ...


class LimitsBackend(msgspec.Struct, frozen=True, kw_only=True):
    """The counters, all in memory or all in one store."""

    windows: Windows | None
    """None where turns per minute are not limited."""
    leases: Leases
    meter: Meter
    is_there: Callable[[], Awaitable[None]] | None = None
    """A check that raises `StoreAway` when the store does not answer; None in memory."""
    close: Callable[[], Awaitable[None]] | None = None
    """Releases what the counters share; None in memory."""


def key_of(caller: str) -> str:
    """Return a caller's name for use in keys: a digest of fixed length, which reveals nothing about the caller."""
    return sha256(caller.encode(errors="surrogatepass")).hexdigest()[:32]


def today(clock: Clock = time.time) -> int:
    """Return the number of the current day: the days in UTC since 1970-01-01."""
    return int(clock() // DAY_SECONDS)


def used_by(figures: UsageFigures | None) -> dict[str, int]:
    """Return the use of a turn that ended with these figures, or with none."""
    used = {"turns": 1}
    if figures is None or figures.total_tokens is None:
        used["uncounted"] = 1
    else:
        used |= {name: count for name in TOKEN_FIELDS if (count := getattr(figures, name))}
    if figures is None or figures.cost_usd is None:
        used["unpriced"] = 1
    else:
        used["nanodollars"] = round(figures.cost_usd * NANO)
    return used
