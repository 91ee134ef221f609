"""What is counted, and by whom; whoever does it in memory or in a store has this shape."""

import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from hashlib import sha256
from typing import Final, Protocol

import msgspec

from deltawire.limits.rules import Allowance, Rule
from deltawire.protocol.frames import TOKEN_KINDS, Spent

Clock = Callable[[], float]
"""Seconds since 1970."""
DAY_SECONDS: Final = 86_400
DAYS_KEPT: Final = 32
MAX_MODELS: Final = 200
"""Of one caller's day; where any name may be asked, what comes after them is counted as `OTHER`."""
OTHER: Final = "other"
_TOKENS: Final = tuple(f"{kind}_tokens" for kind in TOKEN_KINDS)
NANO: Final = 10**9

Used = Counter[str]
"""`turns`, the tokens by their names in `usage`, `nanodollars`, and how many turns were `uncounted` and `unpriced`."""
Day = dict[str, Used]
"""What was used in a day, by model."""


class StoreAway(Exception):
    """The store does not answer. Its cause is for the log."""


class Charge(msgspec.Struct, frozen=True, kw_only=True):
    """What one turn used."""

    id: str
    """Counted once, however often it is written."""
    caller: str
    day: int
    model: str
    used: Mapping[str, int]


class Windows(Protocol):
    """The turns that began within the last minute."""

    async def enter(self, caller: str, rules: Allowance) -> Rule | None:
        """Count one turn more, unless a rule forbids it: return that one. Raise `StoreAway`."""
        ...

    async def look(self, caller: str, rule: Rule) -> tuple[int, float]:
        """How many turns are left, and after how many seconds there is one more; raise `StoreAway`."""
        ...


class Leases(Protocol):
    """The turns that run."""

    async def take(self, lease: str, caller: str, rules: Allowance) -> Rule | None:
        """Let one turn more run, unless a rule forbids it: return that one. Raise `StoreAway`."""
        ...

    async def give_back(self, lease: str) -> None:
        """The turn runs no more. One that was not taken does no harm."""
        ...

    async def look(self, caller: str, rule: Rule) -> int:
        """How many turns run; raise `StoreAway`."""
        ...

    async def close(self) -> None:
        """Be done with it."""
        ...


class Meter(Protocol):
    """What every caller used, day by day."""

    async def charge(self, charge: Charge) -> None:
        """Count what a turn used, now or later."""
        ...

    async def read(self, caller: str, days: list[int]) -> list[Day]:
        """What was used in these days; raise `StoreAway`."""
        ...

    async def close(self) -> None:
        """Be done with it."""
        ...


class LimitsBackend(msgspec.Struct, frozen=True, kw_only=True):
    """What counts, all of it in memory or all of it in one store."""

    windows: Windows | None
    """None where nothing is said of turns per minute."""
    leases: Leases
    meter: Meter
    is_there: Callable[[], Awaitable[None]] | None = None
    """Raises `StoreAway`; None in memory."""
    close: Callable[[], Awaitable[None]] | None = None


def key_of(caller: str) -> str:
    """A caller's name as it stands in keys: of one length, and nobody's address."""
    return sha256(caller.encode(errors="surrogatepass")).hexdigest()[:32]


def today(clock: Clock = time.time) -> int:
    """The day in UTC, since 1970."""
    return int(clock() // DAY_SECONDS)


def used_by(spent: Spent | None) -> dict[str, int]:
    """What a turn used that ended with these figures, or with none."""
    used = {"turns": 1}
    if spent is None or spent.total_tokens is None:
        used["uncounted"] = 1
    else:
        used |= {name: count for name in _TOKENS if (count := getattr(spent, name))}
    if spent is None or spent.cost_usd is None:
        used["unpriced"] = 1
    else:
        used["nanodollars"] = round(spent.cost_usd * NANO)
    return used
