"""Remove the rows of deleted conversations, which have no owner any more, and of imports that broke off."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import stamina

from deltawire.conversations.database import Database
from deltawire.conversations.tree import Tree, next_deleted
from deltawire.protocol.errors import Failure

_retrying = stamina.AsyncRetryingCaller(timeout=None, attempts=None, wait_initial=1.0, wait_max=60.0).on(Failure)


async def remove_deleted(database: Database) -> None:
    """Remove deleted conversations; raise `Failure`.

    Each transaction removes a few messages, so that others may write in between.
    """
    while (tree := await _next_deleted(database)) is not None:
        async with database.writing() as transaction:
            await tree.remove_some(transaction)


@asynccontextmanager
async def leftovers_cleared(url: str) -> AsyncIterator[None]:
    """Remove in the background what a crash during a deletion or an import left; retry until the database answers.

    The work has its own connections and closes them at its end, so that it leaves no open ones in the shared pools.
    """
    task = asyncio.get_running_loop().create_task(_remove_leftovers(url))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})


async def _remove_leftovers(url: str) -> None:
    database = Database(url)
    try:
        await _retrying(remove_deleted, database)
    finally:
        await database.close()


async def _next_deleted(database: Database) -> Tree | None:
    async with database.reading() as connection:
        return await next_deleted(connection)
