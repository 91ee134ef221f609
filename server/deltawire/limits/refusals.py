"""The failures that refuse a turn because of a limit."""

from typing import Final

from deltawire.limits.backend import Day
from deltawire.limits.rules import Rule
from deltawire.protocol.errors import Failure, spread
from deltawire.protocol.usage_figures import NANO

AWAY: Final = "The limits cannot be checked at the moment; try again."
_NO_PRICES: Final = "The prices of the models are not known at the moment; try again."
_AT_ONCE_SECONDS: Final = 1.0
"""The mean `retry_after` for turns at once, in seconds: the end of a running turn is not known beforehand."""
_MINUTE: Final = 60.0


def too_many_at_once(rule: Rule) -> Failure:
    """Return the failure of a turn beyond the turns at once."""
    message = f"You may have {_turns(rule)} at once{_of(rule)}: wait for one to end."
    return Failure("rate_limited", message, field=_field(rule), retry_after=spread(_AT_ONCE_SECONDS))


def too_many_a_minute(rule: Rule, seconds: float) -> Failure:
    """Return the failure of a turn beyond the turns per minute; the next one is allowed after `seconds`.

    `retry_after` is never before that, and never longer than a minute.
    """
    message = f"You may begin {_turns(rule)} a minute{_of(rule)}."
    retry_after = min(max(seconds, _MINUTE), spread(seconds + 0.5))
    return Failure("rate_limited", message, field=_field(rule), retry_after=round(retry_after, 3))


def exhausted(name: str, rule: Rule, seconds: float) -> Failure:
    """Return the failure of a turn beyond a day's budget; the next day begins after `seconds`."""
    budget = f"{rule.amount:,.0f} tokens" if name == "tokens_per_day" else f"${rule.amount:,.10g}"
    message = f"Your {budget} a day{_of(rule)} are used up; there is more at midnight, UTC."
    return Failure("budget_exhausted", message, field=_field(rule), retry_after=round(seconds, 3))


def unpriced(model: str, missing: str, *, is_loaded: bool) -> Failure:
    """Return the failure of a turn whose dollars are limited, and whose model lacks the price of the name `missing`.

    `is_loaded` is False while the price list cannot be read: then the price may be known later.
    """
    if not is_loaded:
        return Failure("store_unavailable", _NO_PRICES)
    message = f"Dollars are limited here, and {model} has no known {missing}: choose another model."
    return Failure("unknown_model", message, field="model")


def budget_used(name: str, rule: Rule, used: Day) -> float:
    """Return the used part of a budget, in its unit."""
    counted = [counters for model, counters in used.items() if rule.model in (None, model)]
    if name == "tokens_per_day":
        return sum(counters["total_tokens"] for counters in counted)
    return sum(counters["nanodollars"] + counters["unpriced_nanodollars"] for counters in counted) / NANO


def _turns(rule: Rule) -> str:
    return "1 turn" if rule.amount == 1 else f"{rule.amount:,.0f} turns"


def _of(rule: Rule) -> str:
    return "" if rule.model is None else f" with {rule.model}"


def _field(rule: Rule) -> str | None:
    return None if rule.model is None else "model"
