"""The history of usage: each turn is kept at once in a file, and a task writes the files to the database."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import Final

import stamina
import structlog
from sqlalchemy import make_url

from deltawire.conversations.database import Database
from deltawire.conversations.usage_rows import usage_row, write_rows
from deltawire.conversations.usage_spool import Batch, UsageSpool
from deltawire.protocol.errors import Failure
from deltawire.protocol.usage_figures import UsageFigures

log = structlog.get_logger(__name__)

_COLLECT_SECONDS: Final = 0.5
"""Seconds for which turns are collected: one transaction writes them all."""
_IDLE_SECONDS: Final = 2.0
"""Seconds without a turn after which the connection is closed."""
_CLOSE_SECONDS: Final = 2.0
_ROWS: Final = 500
"""Rows of one transaction: SQLite has one writer at a time, and the turns of conversations wait for it."""

_until_success = stamina.AsyncRetryingCaller(timeout=None, attempts=None, wait_initial=1.0, wait_max=30.0).on(Failure)


def spool_folder(data_dir: Path, database_url: str) -> Path:
    """Return the folder for rows on their way to this database; a new password of it does not change the folder."""
    url = make_url(database_url)
    address = f"{url.host}:{url.port}/{url.database}"
    return data_dir / "usage" / sha256(address.encode()).hexdigest()[:12]


class UsageHistory:
    """The writer of one process."""

    def __init__(self, url: str, folder: Path | None) -> None:
        """Prepare; nothing is written to the database at `url` before `running`."""
        self._url = url
        self._spool = UsageSpool(folder)
        self._batches: list[Batch] = []
        """Batches that are not yet in the database."""
        self._has_rows = asyncio.Event()

    def keep(self, turn: str, caller: str, model: str, figures: UsageFigures | None, request: str = "") -> None:
        """Keep the usage of a turn that ends now. When this returns, no crash of this process loses it.

        `request` is the server's id of the request that it came with.
        """
        self._spool.add(usage_row(turn, caller, model, figures, request))
        self._has_rows.set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Write the kept rows in the background. At the end write the rest, for two seconds at most."""
        self._batches.extend(self._spool.left_by_others())
        if self._batches:
            self._has_rows.set()
        task = asyncio.get_running_loop().create_task(self._run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait({task})
            await self._write_the_rest()

    async def _run(self) -> None:
        await self._has_rows.wait()
        async with _own_connections(self._url) as database:
            while True:
                await asyncio.sleep(_COLLECT_SECONDS)
                await self._write_for_certain(database)
                try:
                    async with asyncio.timeout(_IDLE_SECONDS):
                        await self._has_rows.wait()
                except TimeoutError:
                    await database.release()  # to make the database anew would cost half a turn
                    await self._has_rows.wait()

    async def _write_for_certain(self, database: Database) -> None:
        """Write all rows that are kept now; retry until that succeeds."""
        try:
            await self._write(database)
        except Failure:
            await _until_success(self._write, database)

    async def _write_the_rest(self) -> None:
        """Write the rows that are left; files that cannot be written now wait for the next start."""
        if self._has_rows.is_set() or self._batches:
            async with _own_connections(self._url) as database:
                with suppress(TimeoutError, Failure):
                    async with asyncio.timeout(_CLOSE_SECONDS):
                        await self._write(database)
        for batch in self._batches:
            batch.close()

    async def _write(self, database: Database) -> None:
        """Write all that is kept now. Raise `Failure`; then a later call writes the same rows.

        A file that cannot be read waits for the next start: the rows behind it do not wait with it.
        """
        self._has_rows.clear()
        self._batches.extend(self._spool.take())
        while self._batches:
            try:
                rows = await asyncio.to_thread(self._batches[0].read)
            except OSError as fault:
                log.warning("usage: a file in DATA_DIR cannot be read", cause=fault.strerror)
                self._batches.pop(0).close()
                continue
            for start in range(0, len(rows), _ROWS):
                async with database.writing() as transaction:
                    await write_rows(transaction, rows[start : start + _ROWS])
            self._batches.pop(0).remove()


@asynccontextmanager
async def _own_connections(url: str) -> AsyncIterator[Database]:
    """Yield a database with connections of its own, so that none of those that turns share is left open."""
    database = Database(url)
    try:
        yield database
    finally:
        await database.close()
