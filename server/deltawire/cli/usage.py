"""`deltawire usage`."""

import asyncio
import sys
from datetime import date

import structlog

from deltawire.config.settings import Settings
from deltawire.conversations.usage_report import UsageFilter, as_table, default_since, read_report
from deltawire.conversations.usage_report import as_json as to_json
from deltawire.protocol.errors import Failure


def show_usage(settings: Settings, since: date | None, caller: str | None, model: str | None, *, as_json: bool) -> int:
    """Print who used how much; return the exit code."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger("critical")
    )  # standard output is the report
    wanted = UsageFilter(since=since or default_since(), caller=caller, model=model)
    try:
        report = asyncio.run(read_report(settings.database, wanted))
    except Failure as failure:
        sys.stderr.write(f"usage: the database cannot be read: {failure.cause}\n")
        return 1
    sys.stdout.write(f"{to_json(report) if as_json else as_table(report)}\n")
    return 0
