"""The tables as queries name them; `migrations/` creates them.

The server makes the ids, not the database: a write that is retried must not write twice. Times are seconds since 1970.
JSON is stored as text, because only this server reads it. SQLite and PostgreSQL have the same tables, except that only
PostgreSQL has `search` and `messages_by_owner`: SQLite's search index is a table of its own.
"""

from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, Double, ForeignKey, Index, MetaData, Table, Text, false
from sqlalchemy.types import UserDefinedType

from deltawire.protocol.usage_figures import MODALITY_FIELDS, TOKEN_KINDS


class TSVector(UserDefinedType[str]):
    """PostgreSQL's type `tsvector`. SQLAlchemy's own type would load the whole dialect at every start."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        """Return the type's name in SQL."""
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
    Column("message_count", BigInteger, nullable=False, server_default="0"),
    Column("text_bytes", BigInteger, nullable=False, server_default="0"),
    Column("pinned", Boolean, nullable=False, server_default=false()),
    Column("archived", Boolean, nullable=False, server_default=false()),
    Column("folder", Text),
    Column("search", TSVector, nullable=False),
    Index("conversations_by_owner", "owner", "updated", "id"),
    Index("conversations_sizes", "owner", "text_bytes"),
)

# `seq` is the order in which rows were written. `answered` is null for an answer.
# `parts` are the model's own, as a JSON array; no client reads them. `shown` is JSON of `protocol.shown.Shown`.
# `request` is the server's id of the request that the turn came with, as in the log; null for what was imported. Its
# index leaves out null, which only the migration says: said here, it would load both dialects at every start.
# `parent` has no foreign key: a message is deleted only with its whole conversation, and with a key each deletion would
# search for the message's children.
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
    Column("parts", Text),
    Column("shown", Text),
    Column("created", Double, nullable=False),
    Column("search", TSVector, nullable=False),
    Column("request", Text),
    Index("messages_by_conversation", "conversation", "seq"),
    Index("messages_by_owner", "owner", "seq"),
    Index("messages_by_request", "request"),
)

# It refers to no conversation: what was used stays when a conversation is deleted.
usage: Final = Table(
    "usage",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("ended", Double, nullable=False),
    Column("caller", Text, nullable=False),
    Column("model", Text, nullable=False),
    *(Column(f"{kind}_tokens", BigInteger) for kind in TOKEN_KINDS),
    Column("nanodollars", BigInteger),
    Column("request", Text),
    *(Column(name, BigInteger) for name in MODALITY_FIELDS),
    Index("usage_by_time", "ended"),
    Index("usage_by_request", "request"),
)

# A conversation names its folder without a foreign key: a folder that is deleted is taken out of its conversations.
folders: Final = Table(
    "folders",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("created", Double, nullable=False),
    Index("folders_by_owner", "owner"),
)

prompts: Final = Table(
    "prompts",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("created", Double, nullable=False),
    Index("prompts_by_owner", "owner"),
)

shares: Final = Table(
    "shares",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("digest", Text, nullable=False, unique=True),
    Column("owner", Text, nullable=False),
    Column("conversation", Text, ForeignKey("conversations.id", ondelete="CASCADE"), nullable=False),
    Column("message", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("is_public", Boolean, nullable=False),
    Column("created", Double, nullable=False),
    Column("expires", Double, nullable=False),
    Index("shares_by_owner", "owner"),
    Index("shares_by_conversation", "conversation"),
)

# A row of `files` is a file under one name; several rows of an owner may share an object. `state` is "arriving" while
# the process `holder` takes the bytes, then "kept", and "gone" until the object is removed.
files: Final = Table(
    "files",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("holder", Text),
    Column("name", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("sha256", Text),
    Column("object", Text, nullable=False),
    Column("created", Double, nullable=False),
    Column("used", Double, nullable=False),
    Column("remote_name", Text),
    Column("remote_uri", Text),
    Column("remote_expires", Double),
    Index("files_by_owner", "owner", "created", "id"),
    Index("files_by_digest", "owner", "sha256"),
    Index("files_by_object", "object"),
    Index("files_by_state", "state", "used"),
)

message_files: Final = Table(
    "message_files",
    METADATA,
    Column("message", Text, ForeignKey("messages.id", ondelete="CASCADE"), primary_key=True),
    Column("position", BigInteger, primary_key=True),
    Column("file", Text, ForeignKey("files.id", ondelete="CASCADE"), nullable=False),
    Index("message_files_by_file", "file"),
)
