"""The tokens of each turn that are no text."""

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add the columns, null for turns of text alone and for turns of before."""
    for modality in ("image", "audio", "video", "document"):
        op.execute(f"ALTER TABLE usage ADD COLUMN {modality}_tokens BIGINT")
