"""Conversations, their messages, and the search index.

A search reads one owner's messages only. PostgreSQL has statistics of the owners: it combines two indexes, or reads one
of them backwards. SQLite uses one index in a query, so there each message has one more word, that of its owner;
`server/deltawire/conversations/tokenizer.py` makes the words.
"""

from alembic import op

revision = "0001"
down_revision = None

_TABLES = """
CREATE TABLE conversations (
    seq {sequence},
    id TEXT NOT NULL UNIQUE,
    owner TEXT NOT NULL,
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
    owner TEXT NOT NULL,
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

# `index_text` is our own function (`tokenizer.py`), which every connection registers. The index stores neither texts
# nor positions of words, so a deletion must pass the old words. The ASCII tokenizer leaves all other letters unchanged.
_SQLITE_SEARCH = """
CREATE VIRTUAL TABLE {table}_search USING fts5 (
    words, content='', columnsize=0, detail='none', tokenize='ascii', prefix='3'
);
CREATE TRIGGER {table}_added AFTER INSERT ON {table} BEGIN
    INSERT INTO {table}_search (rowid, words) VALUES (new.seq, index_text(new.owner, new.{column}))
    ; END;
CREATE TRIGGER {table}_removed AFTER DELETE ON {table} BEGIN
    INSERT INTO {table}_search ({table}_search, rowid, words)
    VALUES ('delete', old.seq, index_text(old.owner, old.{column}))
    ; END;
CREATE TRIGGER {table}_changed AFTER UPDATE OF {column} ON {table} WHEN old.{column} <> new.{column} BEGIN
    INSERT INTO {table}_search ({table}_search, rowid, words)
    VALUES ('delete', old.seq, index_text(old.owner, old.{column}))
    ; INSERT INTO {table}_search (rowid, words) VALUES (new.seq, index_text(new.owner, new.{column}))
    ; END
"""
_POSTGRESQL_SEARCH = """
ALTER TABLE {table} ADD COLUMN search TSVECTOR NOT NULL;
CREATE INDEX {table}_search ON {table} USING gin (search)
"""
_POSTGRESQL_OWNERS = "CREATE INDEX messages_by_owner ON messages (owner, seq)"


def upgrade() -> None:
    """Create the tables."""
    is_sqlite = op.get_context().dialect.name == "sqlite"
    sequence = "INTEGER PRIMARY KEY" if is_sqlite else "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY"
    search = _SQLITE_SEARCH if is_sqlite else _POSTGRESQL_SEARCH
    _execute(_TABLES.format(sequence=sequence))
    _execute(search.format(table="messages", column="text"))
    _execute(search.format(table="conversations", column="title"))
    if not is_sqlite:
        op.execute(_POSTGRESQL_OWNERS)


def _execute(statements: str) -> None:
    """Execute statements one by one: no driver takes several. A semicolon at the end of a line ends a statement."""
    for statement in statements.split(";\n"):
        op.execute(statement)
