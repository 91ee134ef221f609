"""The usage of each turn, as a row of the table `usage`: written once, and summed up by caller and model."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time
from time import time as now
from typing import Any, Final

import msgspec
from msgspec import UNSET, UnsetType
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from deltawire.conversations.texts import storable
from deltawire.protocol.usage_figures import MODALITY_FIELDS, NANO, TOKEN_FIELDS, Modalities, UsageFigures


class UsageRow(msgspec.Struct, frozen=True, kw_only=True):
    """The usage of one turn that was admitted. A figure that is not known is None."""

    id: str
    ended: float
    """Seconds since 1970."""
    caller: str
    model: str
    """The model that answered, or was asked last."""
    input_tokens: int | None
    output_tokens: int | None
    thought_tokens: int | None
    tool_tokens: int | None
    cached_tokens: int | None
    total_tokens: int | None
    nanodollars: int | None
    request: str | None = None
    """The server's id of the request that the turn came with, as in the log."""
    # The tokens of the input, of tools and of the output that are not text; None where the provider sent none.
    image_tokens: int | None = None
    audio_tokens: int | None = None
    video_tokens: int | None = None
    document_tokens: int | None = None


class UsageSum(msgspec.Struct, frozen=True, kw_only=True):
    """The usage of one group of turns: those of a day, a caller or a model, or of several of these at once.

    The tokens leave out the `uncounted_turns`, the dollars the `unpriced_turns`. A figure that leaves out all turns is
    None.
    """

    day: str | UnsetType = UNSET
    """In UTC, as YYYY-MM-DD. A field by which the turns are not grouped is not set."""
    caller: str | UnsetType = UNSET
    model: str | UnsetType = UNSET
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
    image_tokens: int | None = None
    audio_tokens: int | None = None
    video_tokens: int | None = None
    document_tokens: int | None = None


# A row that is written again has the same id, and changes nothing.
_INSERT: Final = text(
    f"INSERT INTO usage ({', '.join(UsageRow.__struct_fields__)}) "  # noqa: S608 - names of this module
    f"VALUES ({', '.join(f':{name}' for name in UsageRow.__struct_fields__)}) ON CONFLICT DO NOTHING"
)
_SUMS: Final = (
    "SELECT {groups}, COUNT(*) AS turns, "  # noqa: S608 - names of this module
    + ", ".join(f"SUM({name}) AS {name}" for name in (*TOKEN_FIELDS, *MODALITY_FIELDS))
    + ", SUM(nanodollars) AS nanodollars, COUNT(*) - COUNT(total_tokens) AS uncounted_turns, "
    "COUNT(*) - COUNT(nanodollars) AS unpriced_turns FROM usage WHERE ended >= :since{wanted} "
    "GROUP BY {numbers} ORDER BY {numbers}"
)
_DAY_SECONDS: Final = 86_400
_DAY: Final = {
    "sqlite": "date(ended, 'unixepoch') AS day",
    "postgresql": "to_char(to_timestamp(ended) AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS day",
}
GROUPS: Final = ("day", "caller", "model")
"""The names that usage can be summed up by."""


def usage_row(turn: str, caller: str, model: str, figures: UsageFigures | None, request: str = "") -> UsageRow:
    """Return the row of a turn that ends now; None where it has none."""
    counted = figures is not None and figures.total_tokens is not None
    cost = None if figures is None else figures.cost_usd
    return UsageRow(
        id=turn,
        ended=now(),
        caller=storable(caller.encode(errors="replace").decode()),
        model=model,
        **{name: getattr(figures, name) if counted else None for name in TOKEN_FIELDS},
        nanodollars=None if cost is None else round(cost * NANO),
        request=request or None,
        **({} if figures is None or figures.modalities is UNSET else _by_modality(figures.modalities)),
    )


def _by_modality(modalities: Modalities) -> dict[str, int | None]:
    splits = [split for split in (modalities.input, modalities.tool, modalities.output) if split is not UNSET]
    sums = {name: sum(split.get(name.removesuffix("_tokens"), 0) for split in splits) for name in MODALITY_FIELDS}
    return {name: tokens or None for name, tokens in sums.items()}


async def write_rows(transaction: AsyncConnection, rows: list[UsageRow]) -> None:
    """Write rows; those that were written before are left as they are."""
    await transaction.execute(_INSERT, [msgspec.structs.asdict(row) for row in rows])


class UsageFilter(msgspec.Struct, frozen=True, kw_only=True):
    """The usage that is asked for; None means all callers, all models, or no last day."""

    since: date
    until: date | None = None
    """The last day, which is included. Days begin in UTC."""
    caller: str | None = None
    model: str | None = None
    by: tuple[str, ...] = ("caller", "model")
    """Names of `GROUPS`, in the order in which the sums are sorted."""


async def read_sums(connection: AsyncConnection, usage_filter: UsageFilter) -> list[UsageSum]:
    """Return the usage that is asked for."""
    wanted: dict[str, object] = {
        name: value for name in ("caller", "model") if (value := getattr(usage_filter, name)) is not None
    }
    conditions = "".join(f" AND {name} = :{name}" for name in wanted)
    if usage_filter.until is not None:
        conditions += " AND ended < :until"
        wanted["until"] = _start_of(usage_filter.until) + _DAY_SECONDS
    day = _DAY[connection.dialect.name]
    groups = ", ".join(day if name == "day" else name for name in usage_filter.by)
    numbers = ", ".join(str(index + 1) for index in range(len(usage_filter.by)))
    query = text(_SUMS.format(groups=groups, wanted=conditions, numbers=numbers))
    rows = (await connection.execute(query, {"since": _start_of(usage_filter.since), **wanted})).mappings()
    return [_sum(dict(row)) for row in rows]


def _start_of(day: date) -> float:
    return datetime.combine(day, time.min, UTC).timestamp()


def total_of(sums: Iterable[UsageSum]) -> UsageSum:
    """Return all usage together, of no day, caller or model."""
    everything = list(sums)

    def sum_of(name: str) -> Any:
        known = [value for each in everything if (value := getattr(each, name)) is not None]
        return sum(known) if known else None

    names = [name for name in UsageSum.__struct_fields__ if name not in GROUPS]
    figures: dict[str, Any] = {name: sum_of(name) for name in names}
    figures |= {name: figures[name] or 0 for name in ("turns", "uncounted_turns", "unpriced_turns")}
    return UsageSum(caller="", model="", **figures)


def _sum(row: dict[str, Any]) -> UsageSum:
    nanodollars = row.pop("nanodollars")
    columns: dict[str, Any] = {
        name: int(value) if name in (*TOKEN_FIELDS, *MODALITY_FIELDS) and value is not None else value
        for name, value in row.items()
    }
    return UsageSum(**columns, cost_usd=None if nanodollars is None else int(nanodollars) / NANO)
