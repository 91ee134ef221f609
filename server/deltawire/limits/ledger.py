"""Check each turn against the limits before the upstream is asked, and charge it before its last frame is sent.

Nothing is counted in between. After a hang-up a background task charges what was used so far. Every turn that was
admitted is charged once, whatever its end. So `GET /usage` counts the same turns as the limit of turns per minute.
"""

import asyncio
import secrets
import time
from collections.abc import Callable
from typing import Final, Literal

from deltawire.aio.background import BackgroundTasks, finished
from deltawire.gemini.events import Counts
from deltawire.limits.backend import (
    Charge,
    Clock,
    Day,
    LimitsBackend,
    StoreAway,
    Windows,
    key_of,
    today,
    used_by,
)
from deltawire.limits.prices import Prices
from deltawire.limits.refusals import AWAY, budget_used, exhausted, too_many_a_minute, too_many_at_once, unpriced
from deltawire.limits.report import Standing, UsageReport, day_usage, seconds_left
from deltawire.limits.rules import Rule, Rules, applicable, limits_dollars
from deltawire.protocol.errors import Failure
from deltawire.protocol.frames import ErrorFrame, Usage, figures_of
from deltawire.protocol.usage_figures import NANO, UsageFigures

_CLOSE_SECONDS: Final = 5.0

RefuseOrAllow = Literal["refuse", "allow"]


class Limits:
    """The limits of all callers; one for the process."""

    def __init__(
        self,
        rules: Rules,
        backend: LimitsBackend,
        prices: Prices,
        when_away: RefuseOrAllow,
        clock: Clock = time.time,
        when_unpriced: RefuseOrAllow = "refuse",
    ) -> None:
        """`when_away` is for turns while the store does not answer.

        `when_unpriced` is for turns whose dollars are limited, and whose model has no known price.
        """
        self.rules = rules
        self.backend = backend
        self.prices = prices
        self.when_away = when_away
        self.when_unpriced = when_unpriced
        self.clock = clock
        self.background = BackgroundTasks()
        self.has_rules = bool(rules.by_name)
        """True where anything is limited."""

    def open(self, caller: str) -> "Ledger":
        """Return the ledger of one turn of this caller."""
        return Ledger(self, key_of(caller))

    async def report(self, caller: str, days: int) -> UsageReport:
        """Return a caller's use in this number of days, the last one today, and what is left of each limit.

        Raise `Failure` (`store_unavailable`).
        """
        day = today(self.clock)
        numbers = [day - ago for ago in range(days)]
        try:
            used = await self.backend.meter.read(key_of(caller), numbers)
            limits = [
                await self.standing(key_of(caller), name, rule, used[0])
                for name, rules in self.rules.by_name.items()
                for rule in rules
            ]
        except StoreAway:
            raise Failure("store_unavailable", "Your use cannot be read at the moment; try again.") from None
        return UsageReport(days=[day_usage(*pair) for pair in zip(numbers, used, strict=True)], limits=limits)

    async def standing(self, caller: str, name: str, rule: Rule, used: Day) -> Standing:
        """Return what is left of one limit. Raise `StoreAway`.

        `caller` is the digest of `key_of`, and `used` the use of today.
        """
        left: float
        resets_in: float | None = None
        if name == "turns_per_minute":
            left, resets_in = await self.windows.read(caller, rule)
        elif name == "turns_at_once":
            left = rule.amount - await self.backend.leases.count(caller, rule)
        else:
            left, resets_in = rule.amount - budget_used(name, rule, used), seconds_left(self.clock)
        return Standing(limit=name, model=rule.model, allowed=rule.amount, left=max(0, left), resets_in=resets_in)

    @property
    def windows(self) -> Windows:
        """The counters of turns per minute; only where a rule limits these."""
        if self.backend.windows is None:
            raise AssertionError("windows exist where a rule limits turns per minute")
        return self.backend.windows

    async def check(self) -> bool:
        """Return True if the store answers, and False if it does not.

        Raise `Failure` (`store_unavailable`) where turns are refused because it does not answer.
        """
        try:
            if self.backend.is_there is not None:
                await self.backend.is_there()
        except StoreAway:
            if self.has_rules and self.when_away == "refuse":
                raise Failure("store_unavailable", AWAY) from None
            return False
        return True

    async def close(self) -> None:
        """Wait for the charges that still run, at most 5 s, then release the backend."""
        await self.background.wait(_CLOSE_SECONDS)
        await self.backend.leases.close()
        await self.backend.meter.close()
        if self.backend.close is not None:
            await self.backend.close()


class Ledger:
    """The account of one turn, which is admitted, charged and released."""

    def __init__(self, limits: Limits, caller: str) -> None:
        """Prepare; nothing is counted before `begin`. `caller` is the digest of `key_of`."""
        self._limits = limits
        self._caller = caller
        self._id = secrets.token_hex(12)
        self._model = ""
        self._beginning: asyncio.Task[None] | None = None
        self._is_admitted = False
        self._is_over = False

    @property
    def id(self) -> str:
        """The id of the turn in the limits and in the history of usage."""
        return self._id

    @property
    def depends_on_model(self) -> bool:
        """True where the limits depend on the model: then it must be known before `begin`."""
        return bool(self._limits.rules.models) or self._needs_prices

    @property
    def _needs_prices(self) -> bool:
        return bool(self._limits.rules.usd_per_day) and self._limits.when_unpriced == "refuse"

    @property
    def may_refuse(self) -> bool:
        """True where anything is limited."""
        return self._limits.has_rules

    def cost(self, model: str, counts: Counts) -> float | None:
        """Return the price in dollars; None when it is not known."""
        return self._limits.prices.cost(model, counts)

    async def begin(self, model: str, *fallbacks: str) -> None:
        """Admit a turn that asks `model`, and its `fallbacks` when the provider fails.

        Raise `Failure` (`rate_limited`, `budget_exhausted`, `unknown_model`, `store_unavailable`).
        """
        self._model = model
        await self._limits.prices.ready()
        if self._needs_prices:
            self._check_prices(model, *fallbacks)
        if self._limits.has_rules:
            self._beginning = self._limits.background.run(self._begin())
            await finished(self._beginning)
        self._is_admitted = True

    def when_decided(self, callback: Callable[[bool], None]) -> None:
        """Call `callback` with True for an admitted turn, else with False: now, or when running checks have ended."""
        if self._beginning is None or self._beginning.done():
            callback(self._was_admitted)
        else:
            self._beginning.add_done_callback(lambda _: callback(self._was_admitted))

    def end(self, end: Usage | ErrorFrame, model: str | None = None) -> asyncio.Task[None]:
        """Charge the turn in a task, and return the task. The last frame may be sent when it is done.

        `model` is the model that was asked last; it is charged where the end has no figures.
        """
        is_first, self._is_over = not self._is_over, True
        figures = figures_of(end) if isinstance(end, Usage) else end.usage
        return self._limits.background.run(self._end(figures, model) if is_first else asyncio.sleep(0))

    def close(self, model: str | None = None) -> asyncio.Task[None] | None:
        """Release the turn in a task; if it was admitted and has not ended, charge it as a turn without counts.

        Return the task; None where the turn is over already.
        """
        if self._is_over:
            return None
        self._is_over = True
        return self._limits.background.run(self._end(None, model))

    async def standings(self) -> list[Standing]:
        """Return what is left of turns per minute and turns at once; an empty list when the store is away."""
        limits = self._limits
        try:
            return [
                await limits.standing(self._caller, name, rule, {})
                for name in ("turns_per_minute", "turns_at_once")
                for rule in applicable(getattr(limits.rules, name), self._model)
            ]
        except StoreAway:
            return []

    async def _begin(self) -> None:
        try:
            # The lease comes first. Else a turn could read a budget, wait until another one releases its lease, and
            # then run beyond the budget that the other one has used up.
            for check in (self._take_lease, self._check_budgets, self._enter):
                try:
                    await check()
                except StoreAway:
                    if self._limits.when_away == "refuse":
                        raise Failure("store_unavailable", AWAY) from None
        except BaseException:
            await self._limits.backend.leases.release(self._id)
            raise

    def _check_prices(self, *models: str) -> None:
        prices = self._limits.prices
        for model in models:
            if limits_dollars(self._limits.rules, model) and (missing := prices.missing(model)) is not None:
                raise unpriced(model, missing, is_loaded=prices.is_loaded)

    async def _check_budgets(self) -> None:
        rules = self._limits.rules
        budgets = [
            (name, rule)
            for name in ("tokens_per_day", "usd_per_day")
            for rule in applicable(getattr(rules, name), self._model)
        ]
        if not budgets:
            return
        [used] = await self._limits.backend.meter.read(self._caller, [today(self._limits.clock)])
        for name, rule in budgets:
            if budget_used(name, rule, used) >= rule.amount:
                raise exhausted(name, rule, seconds_left(self._limits.clock))

    async def _take_lease(self) -> None:
        rules = applicable(self._limits.rules.turns_at_once, self._model)
        if rules:
            rule = await self._limits.backend.leases.take(self._id, self._caller, rules)
            if rule is not None:
                raise too_many_at_once(rule)

    async def _enter(self) -> None:
        rules = applicable(self._limits.rules.turns_per_minute, self._model)
        if rules:
            try:
                rule = await self._limits.windows.enter(self._id, self._caller, rules)
            except StoreAway:
                if self._limits.when_away == "refuse":
                    await self._limits.windows.leave(self._id, self._caller, rules)
                raise
            if rule is not None:
                window = await self._limits.windows.read(self._caller, rule)
                raise too_many_a_minute(rule, window.resets_in)

    @property
    def _was_admitted(self) -> bool:
        if self._beginning is None:
            return self._is_admitted
        return self._beginning.done() and not self._beginning.cancelled() and self._beginning.exception() is None

    async def _end(self, figures: UsageFigures | None, model: str | None) -> None:
        if self._beginning is not None:
            await asyncio.wait({self._beginning})  # the client may have left during `begin`
        if self._was_admitted:
            await self._limits.backend.meter.charge(self._charge(figures, model))
        await self._limits.backend.leases.release(self._id)

    def _charge(self, figures: UsageFigures | None, model: str | None) -> Charge:
        used = used_by(figures)
        if figures is not None and figures.cost_usd is None and (figures.input_tokens or figures.output_tokens):
            used["unpriced_nanodollars"] = round((self._limits.prices.cost_of_tokens(figures) or 0) * NANO)
        return Charge(
            id=self._id,
            caller=self._caller,
            day=today(self._limits.clock),
            model=model or self._model if figures is None else figures.model,
            used=used,
        )
