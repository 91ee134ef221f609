"""Finds out whether turns can be kept, for the readiness probe: writes what a turn writes, and takes it back."""

import asyncio
import time
from typing import Final

from deltawire.aio.background import finished
from deltawire.conversations.database import Database
from deltawire.conversations.texts import new_id
from deltawire.conversations.tree import GONE, Tree

_COMMIT_SECONDS: Final = 1.0
"""How often a probe is written to the disk at most: anybody may ask."""


class WriteProbe:
    """The probe of one database. A probe that runs serves all who ask meanwhile."""

    def __init__(self, database: Database) -> None:
        """Prepare; nothing is read or written before `check`."""
        self._database = database
        self._running: asyncio.Task[None] | None = None
        self._next_commit = 0.0

    async def check(self) -> None:
        """Raise `Failure` (`store_unavailable`) when a question could not be written.

        A lock, a missing right and a database that only reads are found every time; a full disk, which shows only when
        something is committed, within a second.
        """
        if self._running is None or self._running.done():
            self._running = self._database.background.run(self._write())
        await finished(self._running)

    async def _write(self) -> None:
        is_committed = time.monotonic() >= self._next_commit
        async with self._database.writing() as transaction:
            tree = Tree(GONE, new_id())
            await tree.create(transaction, "", "{}")
            await tree.add(transaction, id=new_id(), parent=None, role="user", text="")
            await tree.clear(transaction)
            if not is_committed:
                await transaction.rollback()
        if is_committed:
            self._next_commit = time.monotonic() + _COMMIT_SECONDS
