"""The files of callers, and the messages that name them."""

from alembic import op

revision = "0005"
down_revision = "0004"

_FILES = """
CREATE TABLE files (
    id TEXT NOT NULL PRIMARY KEY,
    owner TEXT NOT NULL,
    state TEXT NOT NULL,
    holder TEXT,
    name TEXT NOT NULL,
    type TEXT NOT NULL,
    size BIGINT NOT NULL,
    sha256 TEXT,
    object TEXT NOT NULL,
    created DOUBLE PRECISION NOT NULL,
    used DOUBLE PRECISION NOT NULL,
    remote_name TEXT,
    remote_uri TEXT,
    remote_expires DOUBLE PRECISION
)
"""
_MESSAGE_FILES = """
CREATE TABLE message_files (
    message TEXT NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
    position BIGINT NOT NULL,
    file TEXT NOT NULL REFERENCES files (id) ON DELETE CASCADE,
    PRIMARY KEY (message, position)
)
"""
_INDEXES = {
    "files_by_owner": "files (owner, created, id)",
    "files_by_digest": "files (owner, sha256)",
    "files_by_object": "files (object)",
    "files_by_state": "files (state, used)",
    "message_files_by_file": "message_files (file)",
}


def upgrade() -> None:
    """Create the tables."""
    op.execute(_FILES)
    op.execute(_MESSAGE_FILES)
    for name, columns in _INDEXES.items():
        op.execute(f"CREATE INDEX {name} ON {columns}")
