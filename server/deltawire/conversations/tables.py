"""The tables, as queries name them; `migrations/` makes them.

Ids are made here and not by the database: a write that is tried again must not write twice. Times are
seconds since 1970. JSON is text: nothing looks into it but this server. SQLite and PostgreSQL hold the same, but
for `search` and `messages_by_owner`, which are PostgreSQL's alone: SQLite's index of words is a table of its own.
"""

from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, Double, ForeignKey, Index, MetaData, Table, Text
from sqlalchemy.types import UserDefinedType


class TSVector(UserDefinedType[str]):
    """PostgreSQL's words of a text. SQLAlchemy's own type would load all of that dialect at every start."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        """Return what SQL calls it."""
        return "TSVECTOR"


METADATA: Final = MetaData()

conversations: Final = Table(
    "conversations",
    METADATA,
    Column("seq", BigInteger, primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("owner", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("settings", Text, nullable=False),
    Column("created", Double, nullable=False),
    Column("updated", Double, nullable=False),
    Column("search", TSVector, nullable=False),
    Index("conversations_by_owner", "owner", "updated", "id"),
)

# `parent` has no foreign key: a message goes only with its whole conversation, and a key would make each of
# them look for its children then.
messages: Final = Table(
    "messages",
    METADATA,
    Column("seq", BigInteger, primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("conversation", Text, ForeignKey("conversations.id", ondelete="CASCADE"), nullable=False),
    Column("owner", Text, nullable=False),
    Column("parent", Text),
    Column("role", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("thoughts", Text, nullable=False),
    Column("model", Text),
    Column("finish_reason", Text),
    Column("error", Text),
    Column("answered", Boolean),
    Column("usage", Text),
    Column("created", Double, nullable=False),
    Column("search", TSVector, nullable=False),
    Index("messages_by_conversation", "conversation", "seq"),
    Index("messages_by_owner", "owner", "seq"),
)
