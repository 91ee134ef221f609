"""Compare the tables that a database has with those that this version uses, whatever revision the database names."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from sqlalchemy import BigInteger, Boolean, Column, Connection, Double, Text, text

from deltawire.conversations.tables import METADATA, TSVector

_TYPES: Final = {
    BigInteger: "bigint",
    Boolean: "boolean",
    Double: "double precision",
    Text: "text",
    TSVector: "tsvector",
}
_SQLITE_SEARCH: Final = tuple(
    f"{table}_{part}" for table in ("messages", "conversations") for part in ("search", "added", "removed", "changed")
)
"""SQLite's search index: a virtual table and three triggers for each table that is searched."""
_POSTGRESQL_COLUMNS: Final = text(f"""
    SELECT c.relname, a.attname, format_type(a.atttypid, NULL), a.attnotnull, a.atthasdef OR a.attidentity <> ''
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    WHERE c.oid IN ({", ".join(f"to_regclass('{name}')" for name in METADATA.tables)})
    AND a.attnum > 0 AND NOT a.attisdropped
""")  # noqa: S608 - names of this package


class _Found(NamedTuple):
    """A column that a database has."""

    kind: str
    """The name of its type, in lower case."""
    takes_null: bool
    has_default: bool


_Tables = dict[str, dict[str, _Found]]


def differences(connection: Connection) -> list[str]:
    """Return the faults of the tables, each in a few words; an empty list when they are those of this version."""
    is_sqlite = connection.dialect.name == "sqlite"
    found = _sqlite_tables(connection) if is_sqlite else _postgresql_tables(connection)
    wrong = [line for name in METADATA.tables for line in _differences_of(name, found, is_sqlite=is_sqlite)]
    if is_sqlite and not wrong:
        there = set(connection.scalars(text("SELECT name FROM sqlite_master")))
        wrong = [f"{name} is missing" for name in _SQLITE_SEARCH if name not in there]
    return wrong


def has_tables(connection: Connection) -> bool:
    """Return whether any of the tables exists, in any form."""
    found = _sqlite_tables(connection) if connection.dialect.name == "sqlite" else _postgresql_tables(connection)
    return bool(found)


def _differences_of(name: str, tables: _Tables, *, is_sqlite: bool) -> Iterator[str]:
    found = tables.get(name)
    if found is None:
        yield f"the table {name} is missing"
        return
    wanted = {column.name: column for column in METADATA.tables[name].columns}
    if is_sqlite:
        wanted.pop("search", None)
    for missing in wanted.keys() - found.keys():
        yield f"{name}.{missing} is missing"
    for column, is_there in found.items():
        if column in wanted:
            yield from _differences_of_column(wanted[column], is_there, is_sqlite=is_sqlite)
        elif not (is_there.takes_null or is_there.has_default):
            yield f"{name}.{column} is not known to this version, and required"


def _differences_of_column(wanted: Column[object], found: _Found, *, is_sqlite: bool) -> Iterator[str]:
    name = f"{wanted.table.name}.{wanted.name}"
    # SQLite's row number must be declared as an integer; it is never null, and SQLite says otherwise.
    is_row_number = is_sqlite and wanted.name == "seq"
    kind = "integer" if is_row_number else _TYPES[type(wanted.type)]
    if found.kind != kind:
        yield f"{name} is {found.kind or 'without a type'}, not {kind}"
    if found.takes_null != bool(wanted.nullable) and not is_row_number:
        yield f"{name} {'takes' if found.takes_null else 'does not take'} null"


def _sqlite_tables(connection: Connection) -> _Tables:
    tables: _Tables = {}
    for name in METADATA.tables:
        for _, column, kind, required, default, _ in connection.exec_driver_sql(f"PRAGMA table_info({name})"):
            tables.setdefault(name, {})[column] = _Found(kind.lower(), not required, default is not None)
    return tables


def _postgresql_tables(connection: Connection) -> _Tables:
    tables: _Tables = {}
    for name, column, kind, required, has_default in connection.execute(_POSTGRESQL_COLUMNS):
        tables.setdefault(name, {})[column] = _Found(kind, not required, has_default)
    return tables
