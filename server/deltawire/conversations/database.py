"""The connections to SQLite or PostgreSQL, and the failures when there are none."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, asynccontextmanager, closing, nullcontext, suppress
from typing import Final, TypeVar, cast

import structlog
from sqlalchemy import Connection, QueuePool, make_url, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from deltawire.aio.background import BackgroundTasks
from deltawire.conversations.engines import postgresql, sqlite
from deltawire.conversations.faults import store_faults_raised
from deltawire.conversations.lanes import Lanes
from deltawire.protocol.errors import Failure

log = structlog.get_logger(__name__)

T = TypeVar("T")

REVISIONS: Final = ("0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008")
"""The revisions in `migrations/versions`, oldest first. They are listed here so that a start need not load Alembic."""

_TRANSACTION_SECONDS: Final = 5.0
"""Seconds for one transaction, including the wait for a connection."""
_CLOSE_SECONDS: Final = 2.0
_READERS: Final = 4
_POOL_SIZE: Final = 10
_CONNECTIONS_PER_OWNER: Final = 2
"""Connections that one owner may read with at once, and write with: nobody waits for all of one owner's work."""


def why_unusable(url: str) -> str | None:
    """Return why the file of a SQLite database cannot be written, in SQLite's words; None when it can.

    A lock is not such a fault: it ends.
    """
    sqlalchemy_url = make_url(url)
    if sqlalchemy_url.get_backend_name() != "sqlite" or sqlalchemy_url.database is None:
        return None
    try:
        with closing(sqlite3.connect(sqlalchemy_url.database, timeout=0, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
    except sqlite3.Error as error:
        is_waited_for = error.sqlite_errorcode in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
        return None if is_waited_for else str(error)
    return None


class Database:
    """The connections of one process, each opened when it is first needed."""

    def __init__(self, url: str) -> None:
        """`url` is a SQLAlchemy URL with an async driver: `sqlite+aiosqlite` or `postgresql+asyncpg`."""
        self.is_sqlite = make_url(url).get_backend_name() == "sqlite"
        self.background = BackgroundTasks()
        """Tasks that use this database and run to their end."""
        self._reads, self._writes = Lanes(_CONNECTIONS_PER_OWNER), Lanes(_CONNECTIONS_PER_OWNER)
        self.on_wait: Callable[[], object] = _ignore_wait
        """Called when a connection has to be waited for."""
        self.counted: Callable[[], AbstractContextManager[object]] = nullcontext
        """Returns a context in which a connection counts as in use."""
        self._is_current = False
        self._is_closed = False
        if self.is_sqlite:
            self._reader = sqlite(url, _READERS, "BEGIN", _TRANSACTION_SECONDS)
            # SQLite has one writer at a time. The pool's queue is first in, first out; SQLite's own wait is a poll.
            self._writer = sqlite(url, 1, "BEGIN IMMEDIATE", _TRANSACTION_SECONDS)
        else:
            self._reader = self._writer = postgresql(url, _POOL_SIZE, _TRANSACTION_SECONDS)

    async def close(self) -> None:
        """Close every connection. A connection to a store that hangs stays open until the process ends."""
        self._is_closed = True
        await self.background.wait(_CLOSE_SECONDS)
        await self.release()

    async def release(self) -> None:
        """Close the connections that nobody uses; others are opened when they are needed."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_CLOSE_SECONDS):
                for engine in {self._reader, self._writer}:
                    await engine.dispose()

    @asynccontextmanager
    async def reading(self, owner: str = "") -> AsyncIterator[AsyncConnection]:
        """Yield a connection to read with, for this owner; raise `Failure` (`store_unavailable`)."""
        async with self._reads.of(owner), self._connected(self._reader) as connection:
            yield connection

    @asynccontextmanager
    async def writing(self, owner: str = "") -> AsyncIterator[AsyncConnection]:
        """Yield a transaction for this owner, committed when the block ends without an exception.

        Raise `Failure` (`store_unavailable`).
        """
        async with self._writes.of(owner), self._connected(self._writer) as connection:
            yield connection

    async def revision(self) -> str | None:
        """Return the newest migration that was applied; None when there was none."""
        with store_faults_raised():
            async with asyncio.timeout(_TRANSACTION_SECONDS), self._reader.begin() as connection:
                return await _revision(connection)

    async def inspect(self, work: Callable[[Connection], T]) -> T:
        """Return the result of `work`, whatever revision the tables have. Raise `Failure` (`store_unavailable`)."""
        with store_faults_raised():
            async with asyncio.timeout(_TRANSACTION_SECONDS), self._reader.begin() as connection:
                return await connection.run_sync(work)

    async def run(self, work: Callable[[Connection], None]) -> None:
        """Call `work` with a connection, without a time-out and whatever revision the tables have; `work` commits."""
        with store_faults_raised():
            async with self._writer.connect() as connection:
                await connection.run_sync(work)

    @asynccontextmanager
    async def _connected(self, engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
        if self._is_closed:
            raise Failure("store_unavailable", cause="closed")
        pool = cast("QueuePool", engine.pool)
        if pool.checkedout() >= pool.size():
            self.on_wait()
        try:
            with store_faults_raised():
                async with asyncio.timeout(_TRANSACTION_SECONDS), engine.begin() as connection:
                    if not self._is_current:
                        await self._check(connection)
                    with self.counted():
                        yield connection
        except Failure as failure:
            if failure.code == "store_unavailable":
                log.warning("store_fault", cause=failure.cause)
            raise

    async def _check(self, connection: AsyncConnection) -> None:
        """Raise `Failure` when the tables are of another revision than this version's."""
        found = await _revision(connection)
        if found != REVISIONS[-1]:
            has = "no tables yet" if found is None else f"tables of another version ({found})"
            raise Failure("store_unavailable", cause=f"{has}: see `deltawire migrate`")
        self._is_current = True


def _ignore_wait() -> None:
    pass


async def _revision(connection: AsyncConnection) -> str | None:
    exists = await connection.run_sync(lambda sync: sync.dialect.has_table(sync, "alembic_version"))
    if not exists:
        return None
    revision: str | None = await connection.scalar(text("SELECT version_num FROM alembic_version"))
    return revision
