"""The migration of a database to the tables of this version."""

from pathlib import Path
from typing import Any, Final

from deltawire.conversations.database import REVISIONS, Database

_SCRIPTS: Final = Path(__file__).parent / "migrations"


class SchemaError(Exception):
    """The database's tables are of another version; the message is for the operator."""


async def prepare(url: str) -> None:
    """Check before a start that the tables are those of this version; migrate those of SQLite.

    Raise `SchemaError` when they are not, and `Failure` (`store_unavailable`) when the database does not answer.
    """
    database = Database(url)
    try:
        found = await database.revision()
    finally:
        await database.close()
    if found == REVISIONS[-1]:
        return
    _refuse_later(found)
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
        _refuse_later(await database.revision())
        await database.run(_upgrade)
    finally:
        await database.close()


def _refuse_later(found: str | None) -> None:
    if found is not None and found not in REVISIONS:
        raise SchemaError(f"the database is of a later version of this server (revision {found}): update the server")


def _upgrade(connection: Any) -> None:
    from alembic import command  # noqa: PLC0415 - a start with current tables loads no Alembic
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
