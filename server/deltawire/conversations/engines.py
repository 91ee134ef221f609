"""SQLAlchemy's engines for SQLite and for PostgreSQL."""

import sqlite3
from functools import partial
from typing import Any, Final

import aiosqlite
import stamina
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from deltawire.conversations.faults import READ_ONLY, sqlstate_of
from deltawire.conversations.tokenizer import index_text

_SQLITE_PRAGMAS: Final = (
    "synchronous=FULL",  # a client gets its last frame when the commit is on the disk
    "foreign_keys=ON",
    "cache_size=-8000",  # 8 MB for each connection
)
_THROUGH_A_POOLER: Final = {"prepared_statement_cache_size": 0, "prepared_statement_name_func": str}
"""Every statement is prepared anew, without a name, inside the transaction that runs it."""


def sqlite(url: str, connections: int, begin: str, seconds: float) -> AsyncEngine:
    """Return the engine of a SQLite file. Its transactions begin with `begin`; `seconds` bounds each wait."""
    engine = create_async_engine(
        url, pool_size=connections, max_overflow=0, pool_timeout=seconds, connect_args={"timeout": seconds}
    )

    @event.listens_for(engine.sync_engine, "connect")
    def set_up(connection: Any, _: Any) -> None:
        connection.create_function("index_text", 2, index_text, deterministic=True)
        connection.isolation_level = None  # else the driver begins transactions itself, and not before the first write
        connection.run_async(partial(_use_wal, seconds))
        cursor = connection.cursor()
        for pragma in _SQLITE_PRAGMAS:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begin_transaction(connection: Any) -> None:
        connection.exec_driver_sql(begin)

    return engine


async def _use_wal(seconds: float, connection: aiosqlite.Connection) -> None:
    """Switch to the journal in which readers do not block the writer, nor it them.

    SQLite itself does not wait here for another process that writes to a new file.
    """
    async for attempt in stamina.retry_context(on=_is_busy, attempts=None, timeout=seconds, wait_initial=0.01):
        with attempt:
            await connection.execute("PRAGMA journal_mode=WAL")


def _is_busy(fault: Exception) -> bool:
    return isinstance(fault, sqlite3.OperationalError) and fault.sqlite_errorcode == sqlite3.SQLITE_BUSY


def postgresql(url: str, connections: int, seconds: float) -> AsyncEngine:
    """Return the engine of a PostgreSQL server, with or without a pooler before it.

    `seconds` bounds the wait for a connection.
    """
    engine = create_async_engine(
        url,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=seconds,
        pool_pre_ping=True,
        connect_args={"statement_cache_size": 0},  # disables asyncpg's cache; SQLAlchemy has its own
    )

    @event.listens_for(engine.sync_engine, "do_connect")
    def connect(dialect: Any, _: Any, positional: Any, named: Any) -> Any:
        """Connect; disable the cache of prepared statements behind a pooler.

        A pooler such as pgbouncer may run the next transaction on another server connection. There the name of a
        prepared statement is unknown, or belongs to another statement.
        """
        connection = dialect.connect(*positional, **named)
        try:
            is_pooled = connection.run_async(_is_pooled)
        except BaseException:
            connection.driver_connection.terminate()
            raise
        if not is_pooled:
            return connection
        connection.close()
        return dialect.connect(*positional, **named | _THROUGH_A_POOLER)

    @event.listens_for(engine.sync_engine, "handle_error")
    def drop_read_only_connections(fault: Any) -> None:
        """Drop all connections to a read-only server: after a switchover the host name leads to another server."""
        if sqlstate_of(fault.original_exception) == READ_ONLY:
            fault.is_disconnect = True

    return engine


async def _is_pooled(connection: Any) -> bool:
    """Return whether a pooler is in between: then the server process that answers is not the one of the handshake."""
    async with connection.transaction():
        answering: int = await connection.fetchval("SELECT pg_backend_pid()")
    return bool(answering != connection.get_server_pid())
