"""The connections to SQLite or PostgreSQL, and what is said when there are none to be had."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager, suppress
from typing import Any, Final

import structlog
from sqlalchemy import Connection, event, make_url, text
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from deltawire.aio.background import BackgroundTasks
from deltawire.conversations.tokenizer import index_text
from deltawire.protocol.errors import Failure

log = structlog.get_logger(__name__)

REVISIONS: Final = ("0001",)
"""Those of `migrations/versions`, oldest first. Read here so that a start need not load Alembic."""

_SECONDS: Final = 5.0
"""For one transaction, the wait for a connection included."""
_CLOSE_SECONDS: Final = 2.0
_READERS: Final = 4
_POOL: Final = 10
_OURS: Final = (DataError, IntegrityError, ProgrammingError)
"""Complaints about a statement, not about the store: bugs here, or what the statement provokes on purpose."""
_SQLITE_PRAGMAS: Final = (
    "journal_mode=WAL",  # readers and a writer side by side
    "synchronous=FULL",  # what a client was told is on the disk
    "foreign_keys=ON",
    "cache_size=-16000",  # 16 MB a connection
)


def why_unusable(url: str) -> str | None:
    """Why the file of a SQLite database cannot be written, in SQLite's words; None when it can, now or in a while."""
    made = make_url(url)
    if made.get_backend_name() != "sqlite" or made.database is None:
        return None
    try:
        with closing(sqlite3.connect(made.database, timeout=0, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
    except sqlite3.Error as error:
        is_waited_for = error.sqlite_errorcode in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
        return None if is_waited_for else str(error)
    return None


class Database:
    """One process's connections; they are made when they are needed."""

    def __init__(self, url: str) -> None:
        """`url` is SQLAlchemy's, of an async driver: `sqlite+aiosqlite` or `postgresql+asyncpg`."""
        self.is_sqlite = make_url(url).get_backend_name() == "sqlite"
        self.background = BackgroundTasks()
        """Work in it that nobody waits for."""
        self._is_current = False
        self._is_closed = False
        if self.is_sqlite:
            self._reader = _sqlite(url, _READERS, "BEGIN")
            # SQLite has one writer at a time. A queue of ours is fair; its own wait is a poll.
            self._writer = _sqlite(url, 1, "BEGIN IMMEDIATE")
        else:
            self._reader = self._writer = create_async_engine(
                url, pool_size=_POOL, max_overflow=0, pool_timeout=_SECONDS, pool_pre_ping=True
            )

    async def close(self) -> None:
        """Close every connection; one to a store that hangs is left to the end of the process."""
        self._is_closed = True
        await self.background.wait(_CLOSE_SECONDS)
        with suppress(TimeoutError):
            async with asyncio.timeout(_CLOSE_SECONDS):
                for engine in {self._reader, self._writer}:
                    await engine.dispose()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """A connection to read with; raise `Failure` (`store_unavailable`)."""
        async with self._connected(self._reader) as connection:
            yield connection

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """A transaction, committed when the block ends well; raise `Failure` (`store_unavailable`)."""
        async with self._connected(self._writer) as connection:
            yield connection

    async def revision(self) -> str | None:
        """The newest migration that was applied; None when there was none."""
        with _faults_told():
            async with asyncio.timeout(_SECONDS), self._reader.begin() as connection:
                return await _revision(connection)

    async def run(self, work: Callable[[Connection], None]) -> None:
        """Do some work in a transaction, for as long as it takes, whatever the tables are."""
        with _faults_told():
            async with self._writer.connect() as connection:
                await connection.run_sync(work)

    @asynccontextmanager
    async def _connected(self, engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
        if self._is_closed:
            raise Failure("store_unavailable", cause="closed")
        with _faults_told():
            async with asyncio.timeout(_SECONDS), engine.begin() as connection:
                if not self._is_current:
                    await self._check(connection)
                yield connection

    async def _check(self, connection: AsyncConnection) -> None:
        """Refuse to work on tables that this version does not know."""
        found = await _revision(connection)
        if found != REVISIONS[-1]:
            log.error("the database is of another version; see `deltawire migrate`", found=found)
            raise Failure("store_unavailable", cause="schema")
        self._is_current = True


def _sqlite(url: str, connections: int, begin: str) -> AsyncEngine:
    engine = create_async_engine(
        url, pool_size=connections, max_overflow=0, pool_timeout=_SECONDS, connect_args={"timeout": _SECONDS}
    )

    @event.listens_for(engine.sync_engine, "connect")
    def set_up(connection: Any, _: Any) -> None:
        connection.create_function("index_text", 2, index_text, deterministic=True)
        connection.isolation_level = None  # the driver would begin transactions of its own, and late
        cursor = connection.cursor()
        for pragma in _SQLITE_PRAGMAS:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begin_as_told(connection: Any) -> None:
        connection.exec_driver_sql(begin)

    return engine


async def _revision(connection: AsyncConnection) -> str | None:
    exists = await connection.run_sync(lambda sync: sync.dialect.has_table(sync, "alembic_version"))
    if not exists:
        return None
    revision: str | None = await connection.scalar(text("SELECT version_num FROM alembic_version"))
    return revision


@contextmanager
def _faults_told() -> Iterator[None]:
    """Say `store_unavailable` for whatever a store that is away makes the driver raise."""
    try:
        yield
    except _OURS:
        raise
    except (DBAPIError, PoolTimeoutError, OSError, TimeoutError) as fault:
        cause = type(fault.orig if isinstance(fault, DBAPIError) else fault).__name__
        log.warning("store_fault", cause=cause)
        raise Failure("store_unavailable", cause=cause) from None
