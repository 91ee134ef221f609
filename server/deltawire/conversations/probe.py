"""Check for the readiness probe that turns can be stored: write what a turn writes, then remove it."""

import asyncio
import time
from typing import Final

from deltawire.aio.background import finished
from deltawire.conversations.database import Database
from deltawire.conversations.texts import new_id
from deltawire.conversations.tree import DELETED_OWNER, Tree

_COMMIT_SECONDS: Final = 1.0
"""The shortest time between two commits: the probe's route is public, and each commit writes to the disk."""


class WriteProbe:
    """The probe of one database. Calls during a probe share its result."""

    def __init__(self, database: Database) -> None:
        """Prepare; nothing is read or written before `check`."""
        self._database = database
        self._running: asyncio.Task[None] | None = None
        self._next_commit = 0.0

    async def check(self) -> None:
        """Raise `Failure` (`store_unavailable`) when a question could not be written.

        Every probe finds a lock, a missing right and a read-only database. A full disk shows only at a commit;
        at most one probe in `_COMMIT_SECONDS` commits.
        """
        if self._running is None or self._running.done():
            self._running = self._database.background.run(self._write())
        await finished(self._running)

    async def _write(self) -> None:
        commits = time.monotonic() >= self._next_commit
        async with self._database.writing() as transaction:
            tree = Tree(DELETED_OWNER, new_id())  # no caller can read it
            await tree.create(transaction, "", "{}")
            await tree.add(transaction, id=new_id(), parent=None, role="user", text="")
            await tree.remove_some(transaction)
            if not commits:
                await transaction.rollback()
        if commits:
            self._next_commit = time.monotonic() + _COMMIT_SECONDS
