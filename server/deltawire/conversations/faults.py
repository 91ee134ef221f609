"""The faults of a database and its driver, in two groups: faults of the store, and faults of a statement.

A fault of the store becomes `store_unavailable`: the store is away, full, locked or read-only, or it refuses the login.
A fault of a statement is a bug of this server, or its caller expects it, such as a duplicate id. The driver's message
is never shown, because it quotes statements and their values.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from deltawire.protocol.errors import Failure

READ_ONLY: Final = "25006"
"""PostgreSQL's code (SQLSTATE) for a write on a read-only server: a standby, or an old primary."""
_WORDS: Final = {
    READ_ONLY: "the database is read-only",
    "28": "the database refuses the login",
    "3D000": "there is no such database",
    "3F000": "the role has no schema to work in",
    "42501": "the role lacks a right",
    "42703": "a column is missing",
    "42704": "a type or another object is missing",
    "42883": "a function is missing",
    "42P01": "a table is missing",
    "53100": "the disk is full",
    "53300": "the database takes no more connections",
}
"""The meaning of PostgreSQL's codes for the operator, by the whole code or by its class, the first two characters."""
_STATEMENT: Final = ("22", "23", "42")
"""The classes of codes for a fault of a statement, unless `_WORDS` has the whole code."""


def sqlstate_of(fault: BaseException) -> str | None:
    """Return PostgreSQL's code of a fault; None when it has none."""
    driver_error = fault.orig if isinstance(fault, DBAPIError) else fault
    return getattr(driver_error, "sqlstate", None)


def cause_of(fault: Exception) -> str:
    """Return the name of a fault, with its meaning where that is known."""
    driver_error: BaseException = fault
    if isinstance(fault, DBAPIError) and fault.orig is not None:
        driver_error = fault.orig.__cause__ or fault.orig  # SQLAlchemy wraps asyncpg's errors twice
    name = getattr(driver_error, "sqlite_errorname", None) or type(driver_error).__name__
    state = sqlstate_of(fault) or ""
    words = _WORDS.get(state) or _WORDS.get(state[:2])
    return f"{name}: {words}" if words else str(name)


@contextmanager
def store_faults_raised() -> Iterator[None]:
    """Raise `Failure` (`store_unavailable`) for a fault of the store."""
    try:
        yield
    except (DBAPIError, PoolTimeoutError, OSError, TimeoutError) as fault:
        if isinstance(fault, DBAPIError) and _is_of_a_statement(fault):
            raise
        raise Failure("store_unavailable", cause=cause_of(fault)) from None
    except Exception as fault:
        if not _is_of_a_driver(fault):
            raise
        raise Failure("store_unavailable", cause=cause_of(fault)) from None


def _is_of_a_statement(fault: DBAPIError) -> bool:
    state = sqlstate_of(fault)
    if state is None:
        return isinstance(fault, (DataError, IntegrityError, ProgrammingError))
    return state.startswith(_STATEMENT) and state not in _WORDS


def _is_of_a_driver(fault: Exception) -> bool:
    """Return whether asyncpg raised the fault while it connected: SQLAlchemy does not wrap such a fault."""
    return type(fault).__module__.partition(".")[0] == "asyncpg"
