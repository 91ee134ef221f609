"""The command line: read the settings, then serve until told to stop."""

import argparse
import asyncio
import os
import sqlite3
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

import structlog
from sqlalchemy import make_url

from deltawire import __version__
from deltawire.app import build, configure_logs
from deltawire.config.checks import check_data_folder, check_prices
from deltawire.config.description import describe
from deltawire.config.environment import load, unknown_names
from deltawire.config.settings import PREFIX, SECRETS, Settings, SettingsError
from deltawire.conversations import migrate, turn_report, usage_report
from deltawire.conversations.backup import back_up
from deltawire.conversations.database import REVISIONS
from deltawire.conversations.usage_rows import UsageFilter
from deltawire.edge.static_files import NotBuiltError, built
from deltawire.identity.api_keys import new_key
from deltawire.process.privacy import keep_private
from deltawire.process.serving import serve_here, serve_in_workers
from deltawire.process.workers import bind_for
from deltawire.protocol.errors import Failure

log = structlog.get_logger("deltawire")

T = TypeVar("T")


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the process's exit code."""
    given = _parser().parse_args(arguments)
    if given.command == "key":
        return _make_key(given.name)
    keep_private()
    try:
        settings = load()
        if given.command in ("usage", "turn"):
            return _report(settings, given)
        configure_logs(settings)
        check_data_folder(settings)
        if given.command == "migrate":
            return _migrate(settings)
        if given.command == "backup":
            return _back_up(settings, given.file)
        built()
        check_prices(settings)
        _prepare_database(settings)
    except (SettingsError, migrate.SchemaError, NotBuiltError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return _serve(settings)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="deltawire",
        description="Deltawire, a realtime chat server for Gemini. Environment variables configure it.",
        epilog=_settings_help(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"deltawire {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    commands.add_parser("serve", help="serve until told to stop; this is the default command")
    commands.add_parser("migrate", help="bring the database up to date, and stop")
    backup = commands.add_parser(
        "backup", help="copy the SQLite file of the conversations while the server runs, and stop"
    )
    backup.add_argument("file", type=Path, help="the copy; one that is there is replaced")
    key = commands.add_parser(
        "key",
        help="make an API key for a caller, for API_KEYS, and stop",
        description="Print a key, and its pair for API_KEYS: a line each on standard output, under a heading on "
        "standard error. The server keeps neither.",
    )
    key.add_argument("name", help="the caller's name: 1 to 64 of A-Z a-z 0-9 . _ @ -")
    _add_reports(commands)
    return parser


def _add_reports(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    day = _told(usage_report.day_of)
    usage = commands.add_parser("usage", help="show who used how much, and stop")
    usage.add_argument("--since", metavar="DAY", type=day, help="the first day in UTC; else 30 days before the last")
    usage.add_argument("--until", metavar="DAY", type=day, help="the last day, which is included; else there is none")
    usage.add_argument(
        "--by",
        type=_told(usage_report.groups_of),
        default=("caller", "model"),
        help="add up by day, caller or model, or by several, as in day,model; else by caller,model",
    )
    usage.add_argument("--caller", help="only this caller, such as key:alice; '' is everybody without authentication")
    usage.add_argument("--model", help="only this model")
    usage.add_argument("--json", action="store_true", help="print JSON instead of a table")
    turn = commands.add_parser("turn", help="show what is kept of a turn, without its texts, and stop")
    turn.add_argument("id", help="the `request` of a log line, or its part before the dot, or the id of a message")
    turn.add_argument("--json", action="store_true", help="print JSON instead of lines")


def _told(read: Callable[[str], T]) -> Callable[[str], T]:
    """Return the type of an argument, which is told with the sentence of the ValueError that `read` raises."""

    def read_or_tell(value: str) -> T:
        try:
            return read(value)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return read_or_tell


def _settings_help() -> str:
    lines = ["settings (environment variables):"]
    for name, default, accepts, purpose in describe():
        lines.append(f"  {name}{f' = {default}' if default else ''}")
        lines.append(f"      {purpose} ({accepts})")
    lines += [
        "",
        f"{', '.join(SECRETS)}",
        "may each stand in a file: NAME_FILE is its path.",
        "",
        "The upstream is set up by google-genai's own variables: GEMINI_API_KEY or GOOGLE_API_KEY,",
        "GOOGLE_GEMINI_BASE_URL, and for Vertex AI GOOGLE_GENAI_USE_VERTEXAI, GOOGLE_CLOUD_PROJECT and",
        "GOOGLE_CLOUD_LOCATION. Without a key the server answers with a stand-in that says so.",
    ]
    return "\n".join(lines)


def _make_key(name: str) -> int:
    try:
        key, line = new_key(name)
    except ValueError as error:
        sys.stderr.write(f"key: got {name[:100]!r}; {error}\n")
        return 2
    sys.stderr.write(f"The key, which is shown only now, and its pair for {PREFIX}API_KEYS or {PREFIX}API_KEYS_FILE:\n")
    sys.stderr.flush()
    sys.stdout.write(f"{key}\n{line}\n")
    return 0


def _back_up(settings: Settings, to: Path) -> int:
    """Copy the SQLite file; return the exit code."""
    url = make_url(settings.database)
    if url.get_backend_name() != "sqlite" or url.database is None:
        sys.stderr.write(f"backup: {PREFIX}DATABASE_URL is no SQLite file; pg_dump copies PostgreSQL\n")
        return 2
    try:
        back_up(Path(url.database), to)
    except (sqlite3.Error, OSError) as error:
        sys.stderr.write(f"backup: cannot copy {url.database} to {to}: {error}\n")
        return 1
    log.info("backed up", file=str(to), bytes=to.stat().st_size)
    return 0


def _report(settings: Settings, given: argparse.Namespace) -> int:
    """Print what is kept of usage or of turns; return the exit code."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger("critical")
    )  # standard output is the report
    url = make_url(settings.database)
    if url.get_backend_name() == "sqlite" and url.database is not None and not Path(url.database).exists():
        sys.stderr.write(f"{given.command}: there is no {url.database}; {PREFIX}DATA_DIR names its folder\n")
        return 1
    try:
        return asyncio.run(_show_usage(settings, given) if given.command == "usage" else _show_turn(settings, given))
    except Failure as failure:
        sys.stderr.write(f"{given.command}: the database cannot be read: {failure.cause}\n")
        return 1


async def _show_usage(settings: Settings, given: argparse.Namespace) -> int:
    since, until = given.since or usage_report.first_day(given.until), given.until
    if until is not None and until < since:
        sys.stderr.write(f"usage: --until {until} is before --since {since}\n")
        return 2
    asked = UsageFilter(since=since, until=until, caller=given.caller, model=given.model, by=given.by)
    report = await usage_report.read_report(settings.database, asked)
    shown = usage_report.as_json(report) if given.json else usage_report.as_table(report, given.by)
    sys.stdout.write(f"{shown}\n")
    return 0


async def _show_turn(settings: Settings, given: argparse.Namespace) -> int:
    turns = await turn_report.read_turns(settings.database, given.id)
    if not turns:
        sys.stderr.write(f"turn: nothing is kept of {given.id[:100]!r} in this database\n")
        return 1
    sys.stdout.write(f"{turn_report.as_json(turns) if given.json else turn_report.as_text(turns)}\n")
    return 0


def _migrate(settings: Settings) -> int:
    """Bring the tables up to date; return the exit code. Raise `SchemaError`."""
    try:
        asyncio.run(migrate.migrate(settings.database))
    except Failure as failure:
        log.error("the database cannot be used", cause=failure.cause)  # noqa: TRY400 - no stack traces
        return 1
    log.info("migrated", revision=REVISIONS[-1])
    return 0


def _prepare_database(settings: Settings) -> None:
    """Make sure that the conversations have their tables; raise `SchemaError`.

    A database that does not answer does not stop the start: the requests that need it wait.
    """
    try:
        asyncio.run(migrate.prepare(settings.database))
    except Failure as failure:
        log.warning("the database cannot be used; conversations wait for it", cause=failure.cause)


def _serve(settings: Settings) -> int:
    """Serve until told to stop; return the exit code."""
    for name, nearest in unknown_names(os.environ):
        log.warning("unknown setting", name=name, nearest=nearest)
    try:
        listeners = bind_for(settings.workers, settings.host, settings.port)
    except OSError as error:
        reason = (error.strerror or str(error)).partition(" (")[0].lower()
        sys.stderr.write(f"{PREFIX}HOST, {PREFIX}PORT: cannot listen on {settings.host}:{settings.port}: {reason}\n")
        return 1
    make = partial(build, settings)
    if settings.workers == 1:
        serve_here(make, listeners[0])
    return serve_in_workers(make, listeners, settings.drain_seconds, settings.store_timeout)
