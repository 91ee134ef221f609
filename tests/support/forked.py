"""Server processes that are forked of one that has imported the server already."""

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

_SCRIPT = Path(__file__).with_name("fork_server.py")


class ForkedProcess:
    """A forked process, with the attributes of `asyncio.subprocess.Process` that the tests use."""

    def __init__(self, pid: int, stdout: asyncio.StreamReader, pipe: asyncio.ReadTransport) -> None:
        self._pipe = pipe  # without a reference, it would be closed
        self.pid = pid
        self.stdout = stdout
        self.returncode: int | None = None
        self.ended = asyncio.Event()

    async def wait(self) -> int:
        await self.ended.wait()
        assert self.returncode is not None
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.returncode is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


class _Printed(asyncio.StreamReaderProtocol):
    def eof_received(self) -> bool:
        """Close the pipe when all has been printed."""
        super().eof_received()
        return False


class ForkServer:
    """The process that is forked for each server; it starts with the first one."""

    def __init__(self) -> None:
        self._channel: socket.socket | None = None
        self._running: dict[int, ForkedProcess] = {}
        self._pids: asyncio.Queue[int] = asyncio.Queue()
        self._starts = asyncio.Lock()
        self._codes: dict[int, int] = {}
        """The exit codes of processes that have ended before `start` stored them."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._channel is not None:
            asyncio.get_running_loop().remove_reader(self._channel)
            self._channel.close()
            await self._process.wait()

    async def start(self, environment: Mapping[str, str], *arguments: str) -> ForkedProcess:
        """Start `deltawire` with these arguments, these variables and no others."""
        async with self._starts:
            channel = self._channel or await self._begin()
            read, write = os.pipe()
            socket.send_fds(channel, [json.dumps([dict(environment), arguments]).encode()], [write])
            os.close(write)
            pid = await self._pids.get()
        printed = _Printed(reader := asyncio.StreamReader())
        loop = asyncio.get_running_loop()
        transport, _ = await loop.connect_read_pipe(lambda: printed, os.fdopen(read, "rb", buffering=0))
        process = self._running[pid] = ForkedProcess(pid, reader, transport)
        if pid in self._codes:
            self._ends(pid, self._codes.pop(pid))
        return process

    async def _begin(self) -> socket.socket:
        self._channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        number = theirs.fileno()
        # -P: else the folder of the script would come first on the path, and `redis` would be the one of the tests.
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", str(_SCRIPT), str(number)), pass_fds=[number], stdout=asyncio.subprocess.DEVNULL
        )
        theirs.close()
        asyncio.get_running_loop().add_reader(self._channel, self._receive, self._channel)
        return self._channel

    def _receive(self, channel: socket.socket) -> None:
        message: dict[str, Any] = json.loads(channel.recv(4096) or b"{}")
        if not message:
            raise EOFError("the process that is forked has ended")
        if "code" not in message:
            self._pids.put_nowait(message["pid"])
        elif message["pid"] in self._running:
            self._ends(message["pid"], message["code"])
        else:
            self._codes[message["pid"]] = message["code"]

    def _ends(self, pid: int, code: int) -> None:
        process = self._running.pop(pid)
        process.returncode = code
        process.ended.set()
