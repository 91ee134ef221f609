"""The parts of an answer beside its text: those that are shown, and those that the provider wants back unchanged."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the columns; an answer of before has neither."""
    for column in ("parts", "shown"):
        op.execute(f"ALTER TABLE messages ADD COLUMN {column} TEXT")
