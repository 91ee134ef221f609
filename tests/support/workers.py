"""Processes of a server, seen from outside."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from support.process import ServerProcess


def workers_of(server: ServerProcess) -> list[int]:
    """The process ids of its workers; Python's own helper process is none."""
    pid = server.process.pid
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in children if "spawn_main" in Path(f"/proc/{child}/cmdline").read_text()]


def sockets_of(pid: int) -> int:
    """Return the number of sockets that a process holds."""
    links = [str(link.readlink()) for link in Path(f"/proc/{pid}/fd").iterdir() if link.is_symlink()]
    return sum(link.startswith("socket:") for link in links)


def runs(pid: int) -> bool:
    """Return True if a process is there."""
    return Path(f"/proc/{pid}").exists()


async def until(holds: Callable[[], object]) -> None:
    """Wait for what nobody tells: /proc has to be asked."""
    while not holds():  # noqa: ASYNC110
        await asyncio.sleep(0.02)
