"""Pins, the archive, folders, prompts of one's own, and links to what is shared."""

from alembic import op

revision = "0006"
down_revision = "0005"

_COLUMNS = (
    "pinned BOOLEAN NOT NULL DEFAULT FALSE",
    "archived BOOLEAN NOT NULL DEFAULT FALSE",
    "folder TEXT",
)
_TABLES = (
    """
    CREATE TABLE folders (
        id TEXT NOT NULL PRIMARY KEY,
        owner TEXT NOT NULL,
        name TEXT NOT NULL,
        created DOUBLE PRECISION NOT NULL
    )
    """,
    "CREATE INDEX folders_by_owner ON folders (owner)",
    """
    CREATE TABLE prompts (
        id TEXT NOT NULL PRIMARY KEY,
        owner TEXT NOT NULL,
        name TEXT NOT NULL,
        text TEXT NOT NULL,
        created DOUBLE PRECISION NOT NULL
    )
    """,
    "CREATE INDEX prompts_by_owner ON prompts (owner)",
    # A link goes with its conversation. Its token is not stored, only the SHA-256 of it.
    """
    CREATE TABLE shares (
        id TEXT NOT NULL PRIMARY KEY,
        digest TEXT NOT NULL UNIQUE,
        owner TEXT NOT NULL,
        conversation TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
        message TEXT NOT NULL,
        title TEXT NOT NULL,
        is_public BOOLEAN NOT NULL,
        created DOUBLE PRECISION NOT NULL,
        expires DOUBLE PRECISION NOT NULL
    )
    """,
    "CREATE INDEX shares_by_owner ON shares (owner)",
    "CREATE INDEX shares_by_conversation ON shares (conversation)",
)


def upgrade() -> None:
    """Add the columns and the tables."""
    for column in _COLUMNS:
        op.execute(f"ALTER TABLE conversations ADD COLUMN {column}")
    for statement in _TABLES:
        op.execute(statement)
