"""The removal of files that are gone: their objects, their copies at the provider, and their rows."""

from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from deltawire.conversations.database import Database
from deltawire.conversations.files import rows
from deltawire.conversations.files.objects import Objects
from deltawire.protocol.errors import Failure

log = structlog.get_logger(__name__)

_AT_ONCE: Final = 20


class Removal:
    """Removes the bytes of deleted files, here and at the provider; one for the process."""

    def __init__(self, database: Database, objects: Objects) -> None:
        """Prepare; nothing is removed yet."""
        self._database = database
        self._objects = objects
        self.delete_copy: Callable[[str], Awaitable[None]] | None = None
        """Deletes a copy at the provider by its name there; None while there is no provider."""

    def run(self) -> None:
        """Remove in the background. Where a store is away, the next sweep does."""
        self._database.background.run(self.clear())

    async def clear(self) -> None:
        """Remove all that is gone, one short write at a time; raise `Failure`."""
        while True:
            async with self._database.reading() as connection:
                found = await rows.in_state(connection, rows.GONE, _AT_ONCE)
                shared = {row.id for row in found if await rows.has_others(connection, row)}
            if not found:
                return
            for row in found:
                if row.id not in shared:
                    await self._objects.delete(row.object)
                if row.remote_name is not None:
                    await self._delete_copy(row.remote_name)
                async with self._database.writing() as transaction:
                    await rows.remove(transaction, row.id)

    async def _delete_copy(self, name: str) -> None:
        """Delete a copy at the provider. One that stays expires by itself."""
        if self.delete_copy is not None:
            try:
                await self.delete_copy(name)
            except Failure as failure:
                log.info("files: a copy stays at the provider until it expires", cause=failure.cause)
