"""The sweep: it removes abandoned and expired files, at the start and every minute, one short write at a time."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import structlog

from deltawire.conversations.files import rows
from deltawire.conversations.files.rows import FileRow
from deltawire.conversations.files.store import FileStore
from deltawire.protocol.errors import Failure

log = structlog.get_logger(__name__)

_SECONDS: Final = 60.0
_AT_ONCE: Final = 20


@asynccontextmanager
async def swept(store: FileStore, seconds: float = _SECONDS) -> AsyncIterator[None]:
    """Sweep in the background while the block runs, and at once."""
    task = asyncio.get_running_loop().create_task(_sweep_on(store, seconds))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})


async def _sweep_on(store: FileStore, seconds: float) -> None:
    while True:
        try:
            await sweep(store)
        except Failure as failure:
            log.warning("files: the sweep waits", cause=failure.cause)
        await asyncio.sleep(seconds)


async def sweep(store: FileStore) -> None:
    """Remove abandoned uploads, files past their lifetime, and what is left of deleted ones. Raise `Failure`."""
    async with store.database.reading() as connection:
        arriving = await rows.in_state(connection, rows.ARRIVING, 1_000)
    for row in arriving:
        if _is_abandoned(store, row):
            await _mark_deleted(store, row, rows.ARRIVING)
    while True:
        before = time.time() - store.bounds.lifetime
        async with store.database.reading() as connection:
            old = await rows.expired(connection, before, _AT_ONCE)
        for row in old:
            await _mark_deleted(store, row, rows.KEPT)
        if len(old) < _AT_ONCE:
            break
    await store.removal.clear()


def _is_abandoned(store: FileStore, row: FileRow) -> bool:
    holder = store.uploads.holder
    if row.holder == holder.name:
        return row.id not in store.uploads.running
    return holder.is_abandoned(row.holder, time.time() - row.used)


async def _mark_deleted(store: FileStore, row: FileRow, state: str) -> None:
    """Give up a file, unless it was used or named since it was read."""
    async with store.database.writing(row.owner) as transaction:
        await rows.lock_owner(transaction, row.owner)
        await rows.mark_deleted(transaction, row, state)
