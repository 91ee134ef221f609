"""Removes what is left of deleted conversations: messages that are nobody's any more."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import stamina

from deltawire.conversations.database import Database
from deltawire.conversations.tree import Tree, gone
from deltawire.protocol.errors import Failure

_patiently = stamina.AsyncRetryingCaller(timeout=None, attempts=None, wait_initial=1.0, wait_max=60.0).on(Failure)


async def clear_gone(database: Database) -> None:
    """Remove them a few messages at a time, so that others may write in between; raise `Failure`."""
    while (tree := await _next(database)) is not None:
        async with database.writing() as transaction:
            await tree.clear(transaction)


@asynccontextmanager
async def leftovers_cleared(url: str) -> AsyncIterator[None]:
    """Remove meanwhile what a crash in the middle of a deletion left; a database that is away is waited for.

    The connections are its own, and end with the work: what a process holds open does not depend on when that was.
    """
    task = asyncio.get_running_loop().create_task(_clear(url))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})


async def _clear(url: str) -> None:
    database = Database(url)
    try:
        await _patiently(clear_gone, database)
    finally:
        await database.close()


async def _next(database: Database) -> Tree | None:
    async with database.reading() as connection:
        return await gone(connection)
