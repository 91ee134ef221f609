"""`python -m deltawire` as a process of its own."""

import asyncio
import json
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

from support.forked import ForkedProcess, ForkServer
from support.settings import prefixed
from support.upstream import Upstream


class ServerProcess:
    """A server that is running, and what it has printed."""

    def __init__(self, process: asyncio.subprocess.Process | ForkedProcess) -> None:
        self.process = process
        self.printed_lines: list[str] = []
        self.lines: list[dict[str, Any]] = []
        """The lines that it logged."""
        self.address = ""
        self._printed = asyncio.Event()
        self._reading = asyncio.create_task(self._read())

    async def ready(self) -> None:
        """Wait until it listens."""
        await self.wait_for_output('"listening"')
        listening = [line for line in self.lines if line["event"] == "listening"]
        assert listening, f"the server did not start: {self.output}"
        [line] = listening
        self.address = line["url"].removeprefix("http://")

    async def wait_for_output(self, words: str) -> None:
        """Wait until these words, and their whole line, are among what it printed."""
        while words not in self.output and not self._reading.done():
            await self.wait_for_line()

    async def wait_for_line(self) -> None:
        """Wait for its next line; raise EOFError when there will be none."""
        if self._reading.done():
            raise EOFError("the server has ended")
        self._printed.clear()
        await self._printed.wait()

    @property
    def output(self) -> str:
        """All that it printed."""
        return "".join(self.printed_lines)

    @property
    def turns(self) -> list[dict[str, Any]]:
        """The turns that have ended, as it logged them."""
        return [line for line in self.lines if line["event"] == "turn_ended"]

    async def turn(self, number: int) -> dict[str, Any]:
        """The turn that was the `number`th to end, from 0; wait for it if need be."""
        while len(self.turns) <= number:
            await self.wait_for_line()
        return self.turns[number]

    def resident_kib(self) -> int:
        """The memory that it holds, in KiB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1])

    def descriptors(self) -> int:
        """Return the number of files and sockets that it holds open."""
        return len(list(Path(f"/proc/{self.process.pid}/fd").iterdir()))

    @property
    def drained(self) -> tuple[int, int, int]:
        """The numbers of turns that it says have finished, were cut, and were left, since it was told to stop."""
        [line] = [line for line in self.lines if line["event"] == "drained"]
        return line["finished"], line["cut"], line["left"]

    async def wait(self) -> int:
        """Wait for its end; return the exit code."""
        await self.process.wait()
        await self._reading
        return self.process.returncode or 0

    async def stop(self, how: int = signal.SIGTERM) -> int:
        """Send a signal and wait for the end; return the exit code."""
        if self.process.returncode is None:
            self.process.send_signal(how)
        return await self.wait()

    async def _read(self) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            self.printed_lines.append(line.decode())
            if line.startswith(b"{"):
                self.lines.append(json.loads(line))
            self._printed.set()
        self._printed.set()


@asynccontextmanager
async def running(*arguments: str, **environment: str) -> AsyncIterator[ServerProcess]:
    """Start a server with these variables and none of ours; it takes a free port."""
    with tempfile.TemporaryDirectory() as folder:
        process = await asyncio.create_subprocess_exec(
            *(arguments or (sys.executable, "-m", "deltawire")),
            env=_environment(folder, environment),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        async with _killed_at_the_end(ServerProcess(process)) as server:
            yield server


@asynccontextmanager
async def forked(fork_server: ForkServer, *arguments: str, **environment: str) -> AsyncIterator[ServerProcess]:
    """Start `deltawire` with these arguments and variables, forked of a process that has imported the server."""
    with tempfile.TemporaryDirectory() as folder:
        process = await fork_server.start(_environment(folder, environment), *arguments)
        async with _killed_at_the_end(ServerProcess(process)) as server:
            yield server


@asynccontextmanager
async def running_over(upstream: Upstream, **settings: str) -> AsyncIterator[ServerProcess]:
    """A server that asks this upstream and is ready, with these settings (without their prefix).

    In the tests it is forked of a process that has imported the server already.
    """
    environment = {"GEMINI_API_KEY": "none", "GOOGLE_GEMINI_BASE_URL": upstream.url, **prefixed(settings)}
    async with AsyncExitStack() as stack:
        start = running if upstream.fork_server is None else partial(forked, upstream.fork_server)
        server = await stack.enter_async_context(start(**environment))
        await server.ready()
        yield server


def _environment(folder: str, more: Mapping[str, str]) -> dict[str, str]:
    """The variables of a server: none of ours but the folder of its files, if we have one."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("DELTAWIRE", "G"))}
    ours = {"DELTAWIRE_PORT": "0", "DELTAWIRE_DATA_DIR": os.environ.get("DELTAWIRE_DATA_DIR", folder)}
    return {**inherited, **ours, **more}


@asynccontextmanager
async def _killed_at_the_end(server: ServerProcess) -> AsyncIterator[ServerProcess]:
    try:
        yield server
    finally:
        await server.stop(signal.SIGKILL)
