"""The usage of each turn, as a row of the table `usage`: written once, and summed up by caller and model."""

import time
from collections.abc import Iterable
from typing import Any, Final

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from deltawire.conversations.texts import storable
from deltawire.protocol.spent import NANO, TOKEN_FIELDS, Spent


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


class UsageSum(msgspec.Struct, frozen=True, kw_only=True):
    """The usage of one caller with one model.

    The tokens leave out the `uncounted_turns`, the dollars the `unpriced_turns`. A figure that leaves out all turns is
    None.
    """

    caller: str
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


# A row that is written again has the same id, and changes nothing.
_INSERT: Final = text(
    f"INSERT INTO usage ({', '.join(UsageRow.__struct_fields__)}) "  # noqa: S608 - names of this module
    f"VALUES ({', '.join(f':{name}' for name in UsageRow.__struct_fields__)}) ON CONFLICT DO NOTHING"
)
_SUMS: Final = (
    "SELECT caller, model, COUNT(*) AS turns, "  # noqa: S608 - names of this module
    + ", ".join(f"SUM({name}) AS {name}" for name in TOKEN_FIELDS)
    + ", SUM(nanodollars) AS nanodollars, COUNT(*) - COUNT(total_tokens) AS uncounted_turns, "
    "COUNT(*) - COUNT(nanodollars) AS unpriced_turns FROM usage WHERE ended >= :since{} "
    "GROUP BY caller, model ORDER BY caller, model"
)


def usage_row(turn: str, caller: str, model: str, spent: Spent | None) -> UsageRow:
    """Return the row of a turn that ends now; `spent` is None where it has no figures."""
    counted = spent is not None and spent.total_tokens is not None
    cost = None if spent is None else spent.cost_usd
    return UsageRow(
        id=turn,
        ended=time.time(),
        caller=storable(caller.encode(errors="replace").decode()),
        model=model,
        **{name: getattr(spent, name) if counted else None for name in TOKEN_FIELDS},
        nanodollars=None if cost is None else round(cost * NANO),
    )


async def write_rows(transaction: AsyncConnection, rows: list[UsageRow]) -> None:
    """Write rows; those that were written before are left as they are."""
    await transaction.execute(_INSERT, [msgspec.structs.asdict(row) for row in rows])


async def read_sums(connection: AsyncConnection, since: float, caller: str | None, model: str | None) -> list[UsageSum]:
    """Return the usage since a moment, of all callers and models or of those that are named."""
    wanted = {name: value for name, value in (("caller", caller), ("model", model)) if value is not None}
    query = _SUMS.format("".join(f" AND {name} = :{name}" for name in wanted))
    rows = (await connection.execute(text(query), {"since": since, **wanted})).mappings()
    return [_sum(dict(row)) for row in rows]


def total_of(sums: Iterable[UsageSum]) -> UsageSum:
    """Return all usage together, without a caller and a model."""
    everything = list(sums)

    def added(name: str) -> Any:
        known = [value for each in everything if (value := getattr(each, name)) is not None]
        return sum(known) if known else None

    names = [name for name in UsageSum.__struct_fields__ if name not in ("caller", "model")]
    figures: dict[str, Any] = {name: added(name) for name in names}
    figures |= {name: figures[name] or 0 for name in ("turns", "uncounted_turns", "unpriced_turns")}
    return UsageSum(caller="", model="", **figures)


def _sum(row: dict[str, Any]) -> UsageSum:
    nanodollars = row.pop("nanodollars")
    whole: dict[str, Any] = {
        name: int(value) if name in TOKEN_FIELDS and value is not None else value for name, value in row.items()
    }
    return UsageSum(**whole, cost_usd=None if nanodollars is None else int(nanodollars) / NANO)
