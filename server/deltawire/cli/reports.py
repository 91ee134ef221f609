"""`deltawire usage` and `deltawire turn`."""

import argparse
import asyncio
import sys
from pathlib import Path

import structlog
from sqlalchemy import make_url

from deltawire.config.settings import PREFIX, Settings
from deltawire.conversations import turn_report, usage_report
from deltawire.conversations.usage_rows import UsageFilter
from deltawire.protocol.errors import Failure


def report(settings: Settings, arguments: argparse.Namespace) -> int:
    """Print what is kept of usage or of turns; return the exit code."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger("critical")
    )  # standard output is the report
    url = make_url(settings.database)
    if url.get_backend_name() == "sqlite" and url.database is not None and not Path(url.database).exists():
        sys.stderr.write(f"{arguments.command}: there is no {url.database}; {PREFIX}DATA_DIR names its folder\n")
        return 1
    try:
        show = _show_usage if arguments.command == "usage" else _show_turn
        return asyncio.run(show(settings, arguments))
    except Failure as failure:
        sys.stderr.write(f"{arguments.command}: the database cannot be read: {failure.cause}\n")
        return 1


async def _show_usage(settings: Settings, arguments: argparse.Namespace) -> int:
    since, until = arguments.since or usage_report.first_day(arguments.until), arguments.until
    if until is not None and until < since:
        sys.stderr.write(f"usage: --until {until} is before --since {since}\n")
        return 2
    usage_filter = UsageFilter(
        since=since, until=until, caller=arguments.caller, model=arguments.model, by=arguments.by
    )
    report = await usage_report.read_report(settings.database, usage_filter)
    shown = usage_report.as_json(report) if arguments.json else usage_report.as_table(report, arguments.by)
    sys.stdout.write(f"{shown}\n")
    return 0


async def _show_turn(settings: Settings, arguments: argparse.Namespace) -> int:
    turns = await turn_report.read_turns(settings.database, arguments.id)
    if not turns:
        sys.stderr.write(f"turn: nothing is kept of {arguments.id[:100]!r} in this database\n")
        return 1
    sys.stdout.write(f"{turn_report.as_json(turns) if arguments.json else turn_report.as_text(turns)}\n")
    return 0
