"""The server's id of the request that a turn came with, as in the log: at the turn's usage and at its messages."""

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the columns, null for turns of before, and index them where they are set."""
    for table in ("usage", "messages"):
        op.execute(f"ALTER TABLE {table} ADD COLUMN request TEXT")
        op.execute(f"CREATE INDEX {table}_by_request ON {table} (request) WHERE request IS NOT NULL")
