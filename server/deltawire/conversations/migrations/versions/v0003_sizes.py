"""The number of messages and the bytes of each conversation, so that both can be bounded without reading all of it."""

from alembic import op

revision = "0003"
down_revision = "0002"

_BYTES = {"sqlite": "length(CAST({0} AS BLOB))", "postgresql": "octet_length({0})"}
_COUNT = """
UPDATE conversations SET
    message_count = (SELECT count(*) FROM messages WHERE conversation = conversations.id),
    text_bytes = {settings} + (
        SELECT coalesce(sum({text} + {thoughts}), 0) FROM messages WHERE conversation = conversations.id)
"""


def upgrade() -> None:
    """Add the columns and fill them."""
    for column in ("message_count", "text_bytes"):
        op.execute(f"ALTER TABLE conversations ADD COLUMN {column} BIGINT NOT NULL DEFAULT 0")
    size = _BYTES[op.get_context().dialect.name]
    op.execute(_COUNT.format(**{name: size.format(name) for name in ("settings", "text", "thoughts")}))
    op.execute("CREATE INDEX conversations_sizes ON conversations (owner, text_bytes)")
