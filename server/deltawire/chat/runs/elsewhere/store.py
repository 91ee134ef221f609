"""The store through which processes reach each other's runs."""

import asyncio
from typing import Final, Protocol

LEASE_SECONDS: Final = 0.6
"""A process without a fresh lease counts as dead. It renews its lease several times in this time."""
_SECOND_LOOK_SECONDS: Final = 0.2
STREAM_SECONDS: Final = 30.0
"""A stream that nobody reads or writes expires after this time."""


class StreamLost(Exception):
    """A stream is not there any more: its reader has removed it, or the store has lost it, with what was not read."""


class RunStore(Protocol):
    """Leases, messages and streams. Each call raises `StoreAway` when the store does not answer."""

    async def renew(self, process: str) -> bool:
        """Renew the lease of a process; return whether it had one."""
        ...

    async def is_alive(self, process: str) -> bool:
        """Return whether a process has a lease."""
        ...

    async def send(self, process: str, message: bytes) -> None:
        """Send a message to a process. It is lost when that process is dead."""
        ...

    async def receive(self, process: str) -> list[bytes]:
        """Return the next messages to a process; wait for one, at most a second or so."""
        ...

    async def append(self, stream: str, entries: list[bytes], *, is_new: bool = True) -> int:
        """Append to a stream; return the number of entries that were not read.

        Raise `StreamLost` for one that is not there, unless it may be a new one.
        """
        ...

    async def length(self, stream: str) -> int:
        """Return the number of entries that were not read."""
        ...

    async def read(self, stream: str) -> list[bytes]:
        """Take the next entries of a stream, whose only reader this is; wait for one, at most a part of a lease."""
        ...

    async def remove(self, stream: str) -> None:
        """Remove a stream."""
        ...

    async def claim(self, chat: str, run: str, seconds: float) -> str:
        """Register the run of a chat for these seconds; return the run that the chat has, this one or another."""
        ...

    async def release(self, chat: str, run: str) -> None:
        """Remove the registration of a chat, if it is still this run's."""
        ...

    async def runs_of(self, caller: str) -> dict[str, str]:
        """Return the names of a caller's runs that were listed, each with its conversation, "" for none."""
        ...

    async def enlist(self, caller: str, run: str, conversation: str) -> None:
        """List a run among its caller's, with its conversation, "" for none."""
        ...

    async def delist(self, caller: str, runs: list[str]) -> None:
        """Remove runs from the list of their caller."""
        ...

    async def close(self, process: str | None) -> None:
        """End the lease of a process, if it has one, and close."""
        ...


async def has_died(store: RunStore, process: str) -> bool:
    """Return whether a process has died. One that is very busy renews its lease late, so look twice."""
    if await store.is_alive(process):
        return False
    await asyncio.sleep(_SECOND_LOOK_SECONDS)
    return not await store.is_alive(process)
