"""The migration of a database to the tables of this version."""

from pathlib import Path
from typing import Any, Final

from sqlalchemy.exc import DBAPIError

from deltawire.conversations.database import REVISIONS, Database
from deltawire.conversations.faults import cause_of
from deltawire.conversations.schema_check import differences, has_tables
from deltawire.protocol.errors import Failure

_SCRIPTS: Final = Path(__file__).parent / "migrations"
_WAYS_OUT: Final = "restore a backup of this version, or take a new database"
_MAX_TOLD: Final = 3
_MISSING: Final = ("SQLITE_ERROR", "UndefinedColumnError", "UndefinedTableError")
"""The causes of a fault for a table or a column that is not there: the tables are others than a migration expects."""


class SchemaError(Exception):
    """The database's tables are of another version; the message is for the operator."""


async def prepare(url: str) -> None:
    """Check before a start that the tables are those of this version; migrate those of SQLite.

    Raise `SchemaError` when they are not, and `Failure` (`store_unavailable`) when the database does not answer.
    """
    database = Database(url)
    try:
        found = await database.revision()
        if found == REVISIONS[-1]:
            await _check(database)
            return
        await _refuse(database, found)
    finally:
        await database.close()
    if not database.is_sqlite:
        had = "has no tables yet" if found is None else f"is of an earlier version (revision {found})"
        raise SchemaError(f"the database {had}: run `deltawire migrate`, then start again")
    await migrate(url)


async def migrate(url: str) -> None:
    """Apply the migrations that are missing; raise `SchemaError`, and `Failure` (`store_unavailable`).

    Of several processes that migrate at once, one works and the others wait.
    """
    database = Database(url)
    try:
        await _refuse(database, await database.revision())
        await _run(database)
        await _check(database)
    finally:
        await database.close()


async def _refuse(database: Database, found: str | None) -> None:
    """Raise `SchemaError` for tables that this version cannot migrate."""
    if found is not None and found not in REVISIONS:
        raise SchemaError(f"the database is of a later version of this server (revision {found}): update the server")
    if found is None and await database.inspect(has_tables) and await database.revision() is None:  # none migrates now
        raise SchemaError(f"the database has tables of an early version, and names no revision: {_WAYS_OUT}")


async def _run(database: Database) -> None:
    """Run the migrations; raise `SchemaError` when the tables do not take them."""
    try:
        await database.run(upgrade)
    except DBAPIError as fault:  # a fault of a statement; those of the store are failures
        raise _not_migrated(cause_of(fault)) from None
    except Failure as failure:
        if (failure.cause or "").startswith(_MISSING):
            raise _not_migrated(failure.cause) from None
        raise


def _not_migrated(cause: str | None) -> SchemaError:
    return SchemaError(f"the database's tables cannot be migrated ({cause}): {_WAYS_OUT}")


async def _check(database: Database) -> None:
    """Raise `SchemaError` when the tables are not those of this version, though the database says so."""
    wrong = await database.inspect(differences)
    if wrong:
        report = ", ".join(wrong[:_MAX_TOLD]) + (
            f" and {len(wrong) - _MAX_TOLD} more" if len(wrong) > _MAX_TOLD else ""
        )
        raise SchemaError(
            f"the database names revision {REVISIONS[-1]}, but its tables are others ({report}): {_WAYS_OUT}"
        )


def upgrade(connection: Any, revision: str = "head") -> None:
    """Apply the migrations up to a revision that the database does not have yet."""
    from alembic import command  # noqa: PLC0415 - a start with current tables loads no Alembic
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)
