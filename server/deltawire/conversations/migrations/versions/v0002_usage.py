"""The usage of every turn, one row each. It outlives the conversations, so it refers to none."""

from alembic import op

revision = "0002"
down_revision = "0001"

_TABLE = """
CREATE TABLE usage (
    id TEXT NOT NULL PRIMARY KEY,
    ended DOUBLE PRECISION NOT NULL,
    caller TEXT NOT NULL,
    model TEXT NOT NULL,
    input_tokens BIGINT,
    output_tokens BIGINT,
    thought_tokens BIGINT,
    tool_tokens BIGINT,
    cached_tokens BIGINT,
    total_tokens BIGINT,
    nanodollars BIGINT
)
"""


def upgrade() -> None:
    """Create the table."""
    op.execute(_TABLE)
    op.execute("CREATE INDEX usage_by_time ON usage (ended)")
