"""`deltawire migrate` and `deltawire backup`, and what a start does to the database."""

import asyncio
import sqlite3
import sys
from pathlib import Path
from typing import Final

import structlog
from sqlalchemy import make_url

from deltawire.config.checks import check_data_folder
from deltawire.config.settings import PREFIX, Settings
from deltawire.conversations import backup
from deltawire.conversations import migrate as migrations
from deltawire.conversations.database import REVISIONS
from deltawire.process.hidden_library import without
from deltawire.protocol.errors import Failure
from deltawire.telemetry import logs

log = structlog.get_logger("deltawire")

_OF_MAKO: Final = "pygments"
"""Mako, which Alembic imports, takes it to show faults of templates."""


def migrate(settings: Settings) -> int:
    """Bring the tables up to date; return the exit code."""
    logs.configure(settings.log_level, settings.log_format)
    check_data_folder(settings)
    try:
        with without(_OF_MAKO):
            asyncio.run(migrations.migrate(settings.database))
    except migrations.SchemaError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except Failure as failure:
        log.error("the database cannot be used", cause=failure.cause)  # noqa: TRY400 - no stack traces
        return 1
    log.info("migrated", revision=REVISIONS[-1])
    return 0


def back_up(settings: Settings, to: Path) -> int:
    """Copy the SQLite file; return the exit code."""
    logs.configure(settings.log_level, settings.log_format)
    url = make_url(settings.database)
    if url.get_backend_name() != "sqlite" or url.database is None:
        sys.stderr.write(f"backup: {PREFIX}DATABASE_URL is no SQLite file; pg_dump copies PostgreSQL\n")
        return 2
    file = Path(url.database)
    try:
        if not file.exists():
            sys.stderr.write(f"backup: there is no {file}; {PREFIX}DATA_DIR names its folder\n")
            return 1
        if refused := backup.why_refused(file, to):
            sys.stderr.write(f"backup: {refused}\n")
            return 2
        backup.back_up(file, to)
    except (sqlite3.Error, OSError) as error:
        sys.stderr.write(f"backup: cannot copy {file} to {to}: {error}\n")
        return 1
    log.info("backed up", file=str(to), bytes=to.stat().st_size)
    return 0


def prepare(settings: Settings) -> None:
    """Make sure that the conversations have their tables; raise `SchemaError`.

    A database that does not answer does not stop the start: the requests that need it wait.
    """
    try:
        with without(_OF_MAKO):
            asyncio.run(migrations.prepare(settings.database))
    except Failure as failure:
        log.warning("the database cannot be used; conversations wait for it", cause=failure.cause)
