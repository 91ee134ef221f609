"""Ports for servers that must be told theirs."""

import asyncio
import random
import socket
from contextlib import suppress
from pathlib import Path


def free_port() -> int:
    """A port that nobody has, and that the kernel gives to nobody who does not name it."""
    lowest_given_away = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    for port in random.sample(range(2048, lowest_given_away), 100):
        with socket.socket() as candidate, suppress(OSError):
            candidate.bind(("127.0.0.1", port))
            return port
    raise AssertionError("every port is taken")


async def accepts(port: int) -> bool:
    """Return True if something listens on a port of loopback."""
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except ConnectionRefusedError:
        return False
    writer.close()
    return True
