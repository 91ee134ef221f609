"""The report of `GET /usage`: a caller's use, and what is left of their limits."""

import time
from datetime import UTC, datetime
from typing import Annotated, Final

from msgspec import Meta, Struct

from deltawire.limits.backend import DAY_SECONDS, Clock, Day, Used
from deltawire.protocol.decoding import StrictDecoder, rules_of
from deltawire.protocol.usage_figures import NANO

MAX_DAYS: Final = 31


class UsageQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """The parameters of the URL."""

    days: Annotated[int, Meta(ge=1, le=MAX_DAYS, description=f"a whole number from 1 to {MAX_DAYS}")] = 7


class ModelUsage(Struct, frozen=True, kw_only=True):
    """The use of one model in a day. An unknown figure is null, never 0.

    The tokens leave out the `uncounted_turns`, for which the provider reported no counts. `cost_usd` leaves out the
    `unpriced_turns`. A figure that leaves out all turns is null.
    """

    model: str
    turns: int
    input_tokens: int | None
    output_tokens: int | None
    thought_tokens: int | None
    tool_tokens: int | None
    cached_tokens: int | None
    total_tokens: int | None
    cost_usd: float | None
    uncounted_turns: int
    unpriced_turns: int


class DayUsage(Struct, frozen=True, kw_only=True):
    """The use of one day, which begins and ends in UTC."""

    day: str
    models: list[ModelUsage]


class Standing(Struct, frozen=True, kw_only=True):
    """A limit, and how much of it is left: for one model, or for all together where `model` is null.

    `resets_in` is the seconds until more is left; null for turns at once, where it is not known.
    """

    limit: str
    model: str | None
    allowed: float
    left: float
    resets_in: float | None


class UsageReport(Struct, frozen=True, kw_only=True):
    """A caller's own figures, the last day first, and their limits."""

    days: list[DayUsage]
    limits: list[Standing]


read_query = StrictDecoder[UsageQuery](UsageQuery, rules_of(UsageQuery)).read_query


def seconds_left(clock: Clock = time.time) -> float:
    """Return the seconds until the next day in UTC."""
    return DAY_SECONDS - clock() % DAY_SECONDS


def day_usage(day: int, used: Day) -> DayUsage:
    """Return a day's figures in the form of the report."""
    name = datetime.fromtimestamp(day * DAY_SECONDS, UTC).date().isoformat()
    return DayUsage(day=name, models=[_model_usage(model, used[model]) for model in sorted(used)])


def _model_usage(model: str, used: Used) -> ModelUsage:
    turns, uncounted, unpriced = used["turns"], used["uncounted"], used["unpriced"]

    def tokens(kind: str) -> int | None:
        return used[f"{kind}_tokens"] if uncounted < turns else None

    return ModelUsage(
        model=model,
        turns=turns,
        input_tokens=tokens("input"),
        output_tokens=tokens("output"),
        thought_tokens=tokens("thought"),
        tool_tokens=tokens("tool"),
        cached_tokens=tokens("cached"),
        total_tokens=tokens("total"),
        cost_usd=used["nanodollars"] / NANO if unpriced < turns else None,
        uncounted_turns=uncounted,
        unpriced_turns=unpriced,
    )
