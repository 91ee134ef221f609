"""The report of `deltawire usage`: the use of each caller with each model, as a table or as JSON."""

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

import msgspec

from deltawire.conversations.database import Database
from deltawire.conversations.usage_rows import UsageSum, read_sums, total_of

DEFAULT_DAYS: Final = 30
_COLUMNS: Final[dict[str, Callable[[UsageSum], object]]] = {
    "caller": lambda row: row.caller or "(everybody)",
    "model": lambda row: row.model,
    "turns": lambda row: row.turns,
    "input": lambda row: row.input_tokens,
    "output": lambda row: row.output_tokens,
    "thought": lambda row: row.thought_tokens,
    "total tokens": lambda row: row.total_tokens,
    "uncounted": lambda row: row.uncounted_turns or None,
    "USD": lambda row: None if row.cost_usd is None else f"{row.cost_usd:,.6f}",
    "unpriced": lambda row: row.unpriced_turns or None,
}


class UsageReport(msgspec.Struct, frozen=True, kw_only=True):
    """The usage since a day, which begins in UTC."""

    since: str
    usage: list[UsageSum]
    total: UsageSum


class UsageFilter(msgspec.Struct, frozen=True, kw_only=True):
    """The usage that is asked for; None means all callers, or all models."""

    since: date
    caller: str | None
    model: str | None


def default_since() -> date:
    """Return the day 30 days ago, in UTC."""
    return (datetime.now(UTC) - timedelta(days=DEFAULT_DAYS)).date()


async def read_report(url: str, wanted: UsageFilter) -> UsageReport:
    """Read the report from the database at `url`. Raise `Failure` (`store_unavailable`)."""
    database = Database(url)
    since = datetime.combine(wanted.since, time.min, UTC).timestamp()
    try:
        async with database.reading() as connection:
            sums = await read_sums(connection, since, wanted.caller, wanted.model)
    finally:
        await database.close()
    return UsageReport(since=wanted.since.isoformat(), usage=sums, total=total_of(sums))


def as_json(report: UsageReport) -> str:
    """Return the report as one JSON document, on one line."""
    return msgspec.json.encode(report).decode()


def as_table(report: UsageReport) -> str:
    """Return the report as a table for people; a figure that is not known is a dash."""
    cells = [list(_COLUMNS), *([_shown(cell(row)) for cell in _COLUMNS.values()] for row in report.usage)]
    total = [_shown(cell(report.total)) for cell in _COLUMNS.values()]
    cells.append(["all", "", *total[2:]])
    widths = [max(len(row[place]) for row in cells) for place in range(len(_COLUMNS))]
    lines = (_line(row, widths) for row in cells)
    return "\n".join([f"Usage since {report.since}, UTC", "", *lines])


def _shown(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _line(row: list[str], widths: Iterable[int]) -> str:
    """Return a line of the table: names to the left, numbers to the right."""
    padded = [
        cell.ljust(width) if place < 2 else cell.rjust(width)
        for place, (cell, width) in enumerate(zip(row, widths, strict=True))
    ]
    return "  ".join(padded).rstrip()
