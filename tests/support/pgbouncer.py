"""A real pgbouncer in transaction mode that knows nothing of prepared statements, as many are run."""

import asyncio
import os
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

import asyncpg

from support.paths import ROOT
from support.ports import free_port
from support.postgres import user_of_postgres

_UNPACKED = ROOT / ".venv" / "pgbouncer" / "usr"
_CONNECTIONS = 2


@asynccontextmanager
async def pgbouncer(url: str) -> AsyncIterator[str]:
    """Run one before the server of this database, with two connections to it; yield the database's URL through it."""
    parts, port = urlsplit(url), free_port()
    through = parts._replace(netloc=f"{parts.username}@127.0.0.1:{port}").geturl()
    with _running(parts, port) as process:
        async with asyncio.timeout(10):
            while not await _answers(through):
                assert process.poll() is None, "pgbouncer did not start"
                await asyncio.sleep(0.02)
        yield through


@contextmanager
def _running(server: SplitResult, port: int) -> Iterator["subprocess.Popen[bytes]"]:
    binary = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin:{_UNPACKED / 'sbin'}")
    assert binary, "no pgbouncer here: `make .venv/.pgbouncer` brings one"
    with tempfile.TemporaryDirectory(prefix="pgbouncer-") as folder:
        config = Path(folder, "pgbouncer.ini")
        config.write_text(f"""
[databases]
* = host={server.hostname} port={server.port} user={server.username}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = {_CONNECTIONS}
""")
        if (user := user_of_postgres()) is not None:
            shutil.chown(folder, user)
        libraries = ":".join(str(path) for path in _UNPACKED.glob("lib/*"))
        process = subprocess.Popen(
            [binary, str(config)],
            user=user_of_postgres(),
            env={**os.environ, "LD_LIBRARY_PATH": libraries},
            cwd="/",
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            yield process
        finally:
            process.kill()
            process.wait()


async def _answers(url: str) -> bool:
    try:
        connection = await asyncpg.connect(url, statement_cache_size=0)
    except OSError:
        return False
    await connection.close()
    return True
