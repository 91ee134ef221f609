"""The tables: made at a start or by `migrate`, and never guessed at."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, event, inspect, text
from support import ports
from support.conversations import conversations_of
from support.forked import ForkServer
from support.postgres import fresh_database
from support.process import forked
from support.transports import ask_rest

from deltawire.config.settings import Settings
from deltawire.conversations import migrate
from deltawire.conversations.database import REVISIONS, Database
from deltawire.conversations.migrate import SchemaError
from deltawire.conversations.tables import METADATA
from deltawire.protocol.errors import Failure


@pytest.fixture(params=["sqlite", "postgresql"])
async def empty(request: pytest.FixtureRequest, postgresql: str, tmp_path: Path) -> Any:
    """The URL of a database without tables, of each kind."""
    if request.param == "sqlite":
        yield f"sqlite+aiosqlite:///{tmp_path / 'c.db'}"
    else:
        async with fresh_database(postgresql) as url:
            yield Settings(database_url=url).database


async def test_a_start_makes_the_tables_of_a_sqlite_file(fork_server: ForkServer, tmp_path: Path) -> None:
    async with forked(fork_server, DELTAWIRE_DATA_DIR=str(tmp_path / "new" / "folder")) as server:
        await server.ready()
        [line] = [line for line in server.lines if line["event"].startswith("conversations: in a file")]
        assert line["folder"] == str(tmp_path / "new" / "folder")
        async with conversations_of(server.address) as client:
            assert await client.page() == {"conversations": [], "next": None}
    assert (tmp_path / "new" / "folder" / "conversations.db").exists()
    assert (tmp_path / "new" / "folder").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("command", [(), ("migrate",)], ids=["start", "migrate"])
async def test_a_file_that_cannot_be_written_stops_the_start_and_its_setting_is_named(
    fork_server: ForkServer, tmp_path: Path, command: tuple[str, ...]
) -> None:
    (tmp_path / "conversations.db").mkdir()
    file = tmp_path / "notes.txt"
    file.write_text("This was never a database. " * 10)
    for name, value, reason in (
        ("DATA_DIR", str(tmp_path), f"{tmp_path}: unable to open database file"),
        ("DATABASE_URL", f"sqlite:///{file}", "that file: file is not a database"),
    ):
        async with forked(fork_server, *command, **{f"DELTAWIRE_{name}": value}) as server:
            assert await server.wait() == 2
            assert server.output == f"DELTAWIRE_{name}: cannot keep conversations in {reason}\n"


async def test_postgresql_is_migrated_by_a_command_and_until_then_a_start_says_so(
    fork_server: ForkServer, postgresql: str
) -> None:
    async with fresh_database(postgresql) as url:
        async with forked(fork_server, DELTAWIRE_DATABASE_URL=url) as server:
            assert await server.wait() == 2
            assert server.output == ("the database has no tables yet: run `deltawire migrate`, then start again\n")
        async with forked(fork_server, "migrate", DELTAWIRE_DATABASE_URL=url) as server:
            assert await server.wait() == 0
            assert server.lines[-1]["revision"] == REVISIONS[-1]
        await migrate.migrate(Settings(database_url=url).database)
        async with forked(fork_server, DELTAWIRE_DATABASE_URL=url) as server:
            await server.ready()
            async with conversations_of(server.address) as client:
                assert await client.is_ready()


async def test_a_database_of_a_later_version_is_left_alone(database: str) -> None:
    await runs(database, "UPDATE alembic_version SET version_num = '9999'")
    for begins in (migrate.prepare, migrate.migrate):
        with pytest.raises(SchemaError, match=r"later version of this server \(revision 9999\): update the server"):
            await begins(database)


OTHER_TABLES = {
    "a column is missing": ("ALTER TABLE messages DROP COLUMN thoughts", "messages.thoughts is missing"),
    "a column has another name": ("ALTER TABLE usage RENAME COLUMN caller TO who", "usage.caller is missing"),
    "a table is missing": ("DROP TABLE usage", "the table usage is missing"),
    "a table has another name": ("ALTER TABLE usage RENAME TO used", "the table usage is missing"),
    "one more is required": (
        "CREATE TABLE other (a TEXT NOT NULL); DROP TABLE usage; ALTER TABLE other RENAME TO usage",
        "usage.a is not known to this version, and required",
    ),
}


@pytest.mark.parametrize("change, difference", OTHER_TABLES.values(), ids=OTHER_TABLES)
async def test_tables_that_are_not_those_of_their_revision_stop_the_start_in_one_sentence(
    database: str, change: str, difference: str
) -> None:
    for statement in change.split("; "):
        await runs(database, statement)
    with pytest.raises(SchemaError) as refused:
        await migrate.prepare(database)
    sentence = str(refused.value)
    assert sentence.startswith(f"the database names revision {REVISIONS[-1]}, but its tables are others (")
    assert sentence.endswith("): restore a backup of this version, or take a new database")
    assert difference in sentence or " more" in sentence


async def test_tables_without_a_revision_are_those_of_an_early_version(database: str) -> None:
    await runs(database, "DROP TABLE alembic_version")
    for begins in (migrate.prepare, migrate.migrate):
        with pytest.raises(SchemaError, match="tables of an early version, and names no revision: restore a backup"):
            await begins(database)


async def test_an_early_database_is_told_by_the_command_in_one_sentence(
    fork_server: ForkServer, tmp_path: Path
) -> None:
    """It says that it is of the first revision, whose tables were others then."""
    with closing(sqlite3.connect(tmp_path / "conversations.db")) as file:
        file.executescript(
            "CREATE TABLE alembic_version (version_num TEXT); INSERT INTO alembic_version VALUES ('0001');"
            "CREATE TABLE conversations (id TEXT PRIMARY KEY, owner TEXT, title TEXT);"
            "CREATE TABLE messages (id TEXT PRIMARY KEY, conversation TEXT, text TEXT);"
        )
    async with forked(fork_server, DELTAWIRE_DATA_DIR=str(tmp_path)) as server:
        assert await server.wait() == 2
    assert "Traceback" not in server.output
    assert server.output.startswith("the database's tables cannot be migrated")
    assert len(server.output.splitlines()) == 1


async def test_tables_that_change_under_a_running_server_are_not_worked_on(database: str) -> None:
    connections = Database(database)
    await runs(database, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(Failure, match="store_unavailable"):
        async with connections.reading():
            pass
    await runs(database, f"UPDATE alembic_version SET version_num = '{REVISIONS[-1]}'")
    async with connections.reading():
        pass
    await connections.close()


async def runs(url: str, statement: str) -> None:
    """Run a statement, whatever the tables are."""

    def run(connection: Connection) -> None:
        connection.execute(text(statement))
        connection.commit()

    database = Database(url)
    await database.run(run)
    await database.close()


async def test_a_start_does_not_wait_for_a_database_that_is_away(fork_server: ForkServer) -> None:
    url = f"postgresql://nobody:planted-password@127.0.0.1:{ports.free_port()}/none"
    async with forked(fork_server, DELTAWIRE_DATABASE_URL=url) as server:
        await server.ready()
        assert (await ask_rest(server.address))[-1]["type"] == "usage"
        [error] = await ask_rest(server.address, conversation="x")
        assert error["code"] == "store_unavailable"
        assert "planted-password" not in server.output
    async with forked(fork_server, "migrate", DELTAWIRE_DATABASE_URL=url) as server:
        assert await server.wait() == 1
        assert "planted-password" not in server.output


async def test_what_an_earlier_version_kept_is_there_after_the_upgrade(empty: str) -> None:
    """Revision 0006 has rows; those after it add to them, and change nothing that they say."""
    database = Database(empty)
    await database.run(lambda connection: migrate.upgrade(connection, "0006"))
    for statement in (
        "INSERT INTO usage (id, ended, caller, model) VALUES ('u', 1.5, 'key:a', 'm')",
        "INSERT INTO conversations (id, owner, title, settings, created, updated{}) VALUES ('c', 'a', '', '', 1, 1{})",
        "INSERT INTO messages (id, conversation, owner, role, text, thoughts, created{}) "  # noqa: ISC004
        "VALUES ('m', 'c', 'a', 'user', 'kept', '', 1{})",
    ):
        searched = ("", "") if database.is_sqlite else (", search", ", ''")
        await runs(empty, statement.format(*searched))
    await database.close()
    await migrate.migrate(empty)
    async with database_of(empty) as upgraded, upgraded.reading() as connection:
        for table, kept in (("usage", ("u", 1.5)), ("messages", ("m", 1.0))):
            column = "ended" if table == "usage" else "created"
            [row] = (await connection.execute(text(f"SELECT id, {column}, request FROM {table}"))).all()
            assert tuple(row) == (*kept, None)


@asynccontextmanager
async def database_of(url: str) -> AsyncIterator[Database]:
    database = Database(url)
    yield database
    await database.close()


def test_the_revisions_are_those_of_the_scripts() -> None:
    scripts = ScriptDirectory(str(Path(migrate.__file__).parent / "migrations"))
    assert tuple(script.revision for script in scripts.walk_revisions())[::-1] == REVISIONS


async def test_processes_that_migrate_at_once_do_it_once(fork_server: ForkServer, empty: str) -> None:
    async def one() -> int:
        async with forked(fork_server, "migrate", DELTAWIRE_DATABASE_URL=empty) as server:
            return await server.wait()

    assert list(await asyncio.gather(one(), one())) == [0, 0]
    database = Database(empty)
    assert await database.revision() == REVISIONS[-1]
    await database.close()


async def test_to_open_a_new_file_waits_for_another_process_that_writes_to_it(tmp_path: Path) -> None:
    file = tmp_path / "c.db"
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        opening = asyncio.create_task(migrate.migrate(f"sqlite+aiosqlite:///{file}"))
        done, _ = await asyncio.wait({opening}, timeout=0.3)  # a migration that does not wait has failed by then
        assert not done
        other.execute("ROLLBACK")
        await opening


async def test_migrations_are_one_transaction_so_that_another_process_comes_before_or_after_them_all(
    tmp_path: Path,
) -> None:
    file = tmp_path / "c.db"
    revisions: set[str | None] = set()

    def read_revision(_: Connection) -> None:
        with closing(sqlite3.connect(file)) as other:
            found = other.execute("SELECT name FROM sqlite_master WHERE name = 'alembic_version'").fetchall()
            rows = other.execute("SELECT version_num FROM alembic_version").fetchall() if found else []
            revisions.add(rows[0][0] if rows else None)

    event.listen(Engine, "commit", read_revision)
    try:
        await migrate.migrate(f"sqlite+aiosqlite:///{file}")
    finally:
        event.remove(Engine, "commit", read_revision)
    assert {None} <= revisions <= {None, REVISIONS[-1]}


async def test_the_tables_are_those_that_the_queries_name(database: str) -> None:
    found: list[Any] = []

    def counts(_: object, name: str | None, kind: str, *__: object) -> bool:
        return (kind, name) not in {("index", "messages_search"), ("index", "conversations_search")}

    def compare(connection: Connection) -> None:
        if connection.dialect.name == "postgresql":
            context = MigrationContext.configure(connection, opts={"include_object": counts})
            found.extend(compare_metadata(context, METADATA))
        for table in METADATA.tables.values():
            columns = {column["name"]: column["nullable"] for column in inspect(connection).get_columns(table.name)}
            expected = {column.name: column.nullable for column in table.columns}
            if connection.dialect.name == "sqlite":  # what is searched is in a table of its own
                expected.pop("search", None)
                if "seq" in columns:
                    columns["seq"] = False  # it says otherwise of its row's number
            assert columns == expected

    connections = Database(database)
    await connections.run(compare)
    await connections.close()
    assert found == []


async def test_two_workers_share_a_sqlite_file(fork_server: ForkServer, tmp_path: Path) -> None:
    settings = {"DELTAWIRE_WORKERS": "2", "DELTAWIRE_DATA_DIR": str(tmp_path)}
    async with forked(fork_server, **settings) as server:
        await server.ready()
        async with conversations_of(server.address) as client:
            conversation = await client.create()
            turns = [ask_rest(server.address, "hi", conversation=conversation) for _ in range(10)]
            ends = [frames[-1] for frames in await asyncio.gather(*turns)]
            assert {end["type"] for end in ends} == {"usage"}
            stored = {message["id"] for message in await client.messages(conversation)}
        assert {end["message"] for end in ends} <= stored
        assert len(stored) == 20
    with closing(sqlite3.connect(tmp_path / "conversations.db")) as file:
        assert file.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
