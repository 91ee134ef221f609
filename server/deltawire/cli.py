"""The command line: read the settings, then serve until told to stop."""

import argparse
import asyncio
import os
import sqlite3
import sys
from collections.abc import Sequence
from datetime import date
from functools import partial
from pathlib import Path

import structlog
from sqlalchemy import make_url

from deltawire import __version__
from deltawire.app import build, configure_logs
from deltawire.config.checks import check_data_folder, check_prices
from deltawire.config.description import describe
from deltawire.config.environment import load, unknown_names
from deltawire.config.settings import PREFIX, SECRETS, Settings, SettingsError
from deltawire.conversations import migrate
from deltawire.conversations.backup import back_up
from deltawire.conversations.database import REVISIONS
from deltawire.conversations.usage_report import UsageFilter, as_json, as_table, default_since, read_report
from deltawire.edge.static_files import NotBuiltError, built
from deltawire.identity.api_keys import new_key
from deltawire.process.privacy import keep_private
from deltawire.process.serving import serve_here, serve_in_workers
from deltawire.process.workers import bind_for
from deltawire.protocol.errors import Failure

log = structlog.get_logger("deltawire")


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the process's exit code."""
    given = _parser().parse_args(arguments)
    if given.command == "key":
        return _make_key(given.name)
    keep_private()
    try:
        settings = load()
        if given.command == "usage":
            return _show_usage(settings, given)
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
    key = commands.add_parser("key", help="make an API key for a caller, for API_KEYS, and stop")
    key.add_argument("name", help="the caller's name: 1 to 64 of A-Z a-z 0-9 . _ @ -")
    usage = commands.add_parser("usage", help="show who used how much, and stop")
    usage.add_argument(
        "--since",
        type=date.fromisoformat,
        default=default_since(),
        help="a day, as YYYY-MM-DD in UTC; else 30 days ago",
    )
    usage.add_argument("--caller", help="only this caller, such as key:alice; '' is everybody without authentication")
    usage.add_argument("--model", help="only this model")
    usage.add_argument("--json", action="store_true", help="print JSON instead of a table")
    return parser


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


def _show_usage(settings: Settings, given: argparse.Namespace) -> int:
    """Print who used how much; return the exit code."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger("critical")
    )  # standard output is the report
    wanted = UsageFilter(since=given.since, caller=given.caller, model=given.model)
    try:
        report = asyncio.run(read_report(settings.database, wanted))
    except Failure as failure:
        sys.stderr.write(f"usage: the database cannot be read: {failure.cause}\n")
        return 1
    sys.stdout.write(f"{as_json(report) if given.json else as_table(report)}\n")
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
