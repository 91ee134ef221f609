"""Conversations, their messages, and the index that a search looks into.

A search is for one owner's messages. Among everybody's it would be a needle in a haystack, so each message
is indexed with one word more, that of its owner.
"""

from alembic import op

revision = "0001"
down_revision = None

_TABLES = """
CREATE TABLE conversations (
    seq {sequence},
    id TEXT NOT NULL UNIQUE,
    owner TEXT NOT NULL,
    owner_key TEXT NOT NULL,
    title TEXT NOT NULL,
    settings TEXT NOT NULL,
    created DOUBLE PRECISION NOT NULL,
    updated DOUBLE PRECISION NOT NULL
);
CREATE INDEX conversations_by_owner ON conversations (owner, updated, id);
CREATE TABLE messages (
    seq {sequence},
    id TEXT NOT NULL UNIQUE,
    conversation TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    owner_key TEXT NOT NULL,
    parent TEXT,
    role TEXT NOT NULL,
    text TEXT NOT NULL,
    thoughts TEXT NOT NULL,
    model TEXT,
    finish_reason TEXT,
    error TEXT,
    answered BOOLEAN,
    usage TEXT,
    created DOUBLE PRECISION NOT NULL
);
CREATE INDEX messages_by_conversation ON messages (conversation, seq)
"""

# FTS5 reads the texts where they stand; these keep its index true.
_SQLITE_SEARCH = """
CREATE VIRTUAL TABLE {table}_search USING fts5 (
    owner_key, {column}, content='{table}', content_rowid='seq',
    tokenize='unicode61 remove_diacritics 0', detail='column', prefix='2 3'
);
CREATE TRIGGER {table}_added AFTER INSERT ON {table} BEGIN
    INSERT INTO {table}_search (rowid, owner_key, {column}) VALUES (new.seq, new.owner_key, new.{column})
    ; END;
CREATE TRIGGER {table}_removed AFTER DELETE ON {table} BEGIN
    INSERT INTO {table}_search ({table}_search, rowid, owner_key, {column})
    VALUES ('delete', old.seq, old.owner_key, old.{column})
    ; END;
CREATE TRIGGER {table}_changed AFTER UPDATE OF {column} ON {table} WHEN old.{column} <> new.{column} BEGIN
    INSERT INTO {table}_search ({table}_search, rowid, owner_key, {column})
    VALUES ('delete', old.seq, old.owner_key, old.{column})
    ; INSERT INTO {table}_search (rowid, owner_key, {column}) VALUES (new.seq, new.owner_key, new.{column})
    ; END
"""

# The parser takes `server/app.py` and `a-b` for one word each; people look for their parts. A tsvector holds at
# most a megabyte, so a message is found by what stands in its first 100,000 characters.
_POSTGRESQL_SEARCH = r"""
ALTER TABLE {table} ADD COLUMN search tsvector GENERATED ALWAYS AS (
    to_tsvector('simple', translate(left({column}, 100000), '-_./:@&=?#%+~*\|<>', '                  '))
    || array_to_tsvector(ARRAY[owner_key])
) STORED;
CREATE INDEX {table}_search ON {table} USING gin (search)
"""


def upgrade() -> None:
    """Make the tables."""
    is_sqlite = op.get_context().dialect.name == "sqlite"
    sequence = "INTEGER PRIMARY KEY" if is_sqlite else "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY"
    search = _SQLITE_SEARCH if is_sqlite else _POSTGRESQL_SEARCH
    _execute(_TABLES.format(sequence=sequence))
    _execute(search.format(table="messages", column="text"))
    _execute(search.format(table="conversations", column="title"))


def _execute(statements: str) -> None:
    """One by one: no driver takes several. A semicolon that ends a line ends a statement."""
    for statement in statements.split(";\n"):
        op.execute(statement)
