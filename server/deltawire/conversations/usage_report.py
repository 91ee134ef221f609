"""The report of `deltawire usage`: who used how much, as a table or as JSON."""

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Final

import msgspec

from deltawire.conversations.database import Database
from deltawire.conversations.usage_rows import GROUPS, UsageFilter, UsageSum, read_sums, total_of

_DEFAULT_DAYS: Final = 30
_NAMES: Final[dict[str, Callable[[UsageSum], object]]] = {
    "day": lambda row: row.day,
    "caller": lambda row: row.caller or "(everybody)",
    "model": lambda row: row.model,
}
_FIGURES: Final[dict[str, Callable[[UsageSum], object]]] = {
    "turns": lambda row: row.turns,
    "input": lambda row: row.input_tokens,
    "output": lambda row: row.output_tokens,
    "thought": lambda row: row.thought_tokens,
    "total tokens": lambda row: row.total_tokens,
    "uncounted": lambda row: row.uncounted_turns or None,
    "USD": lambda row: None if row.cost_usd is None else f"{row.cost_usd:,.6f}",
    "unpriced": lambda row: row.unpriced_turns or None,
}


class UsageHistoryReport(msgspec.Struct, frozen=True, kw_only=True):
    """The usage from one day to another, which is included; `until` is null where there is no last day."""

    since: str
    until: str | None
    usage: list[UsageSum]
    total: UsageSum


def day_of(value: str) -> date:
    """Return the day that an argument names. Raise ValueError with a sentence."""
    try:
        day = date.fromisoformat(value)
    except ValueError:
        day = None
    if day is None or day.isoformat() != value:
        raise ValueError(f"got {value[:100]!r}; it is a day as YYYY-MM-DD, such as 2026-11-28")
    return day


def groups_of(value: str) -> tuple[str, ...]:
    """Return the groups that an argument names. Raise ValueError with a sentence."""
    names = tuple(value.split(","))
    if not set(names) <= set(GROUPS) or len(set(names)) < len(names):
        raise ValueError(f"got {value[:100]!r}; it is one or several of day, caller and model, such as day,model")
    return names


def first_day(until: date | None) -> date:
    """Return the day from which a report begins where none is named."""
    last = until or datetime.now(UTC).date()
    return last - min(timedelta(days=_DEFAULT_DAYS), last - date.min)


async def read_report(url: str, usage_filter: UsageFilter) -> UsageHistoryReport:
    """Read the report from the database at `url`. Raise `Failure` (`store_unavailable`)."""
    database = Database(url)
    try:
        async with database.reading() as connection:
            sums = await read_sums(connection, usage_filter)
    finally:
        await database.close()
    until = None if usage_filter.until is None else usage_filter.until.isoformat()
    return UsageHistoryReport(since=usage_filter.since.isoformat(), until=until, usage=sums, total=total_of(sums))


def as_json(report: UsageHistoryReport) -> str:
    """Return the report as one JSON document, on one line."""
    return msgspec.json.encode(report).decode()


def as_table(report: UsageHistoryReport, by: tuple[str, ...]) -> str:
    """Return the report as a table for people; a figure that is not known is a dash."""
    days = f"since {report.since}" if report.until is None else f"from {report.since} to {report.until}"
    if not report.usage:
        return f"No usage {days}, UTC."
    columns = {name: _NAMES[name] for name in by} | _FIGURES
    cells = [list(columns), *([_shown(cell(row)) for cell in columns.values()] for row in report.usage)]
    total = [_shown(cell(report.total)) for cell in _FIGURES.values()]
    cells.append(["all", *[""] * (len(by) - 1), *total])
    widths = [max(len(row[index]) for row in cells) for index in range(len(columns))]
    lines = (_line(row, widths, len(by)) for row in cells)
    return "\n".join([f"Usage {days}, UTC", "", *lines])


def _shown(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _line(row: list[str], widths: Iterable[int], names: int) -> str:
    """Return a line of the table: its first cells are names, to the left; the others are numbers, to the right."""
    padded = [
        cell.ljust(width) if index < names else cell.rjust(width)
        for index, (cell, width) in enumerate(zip(row, widths, strict=True))
    ]
    return "  ".join(padded).rstrip()
