"""Links to one branch of a conversation, for others to read.

A token is 32 random bytes, of which only the SHA-256 is stored. A link that never existed, one that has expired and one
that was revoked get the same answer. The first two characters of a token say if authentication is needed.
"""

import re
import secrets
import time
from collections.abc import AsyncGenerator
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from deltawire.conversations.database import Database
from deltawire.conversations.library_schemas import MadeShare, NewShare, Share
from deltawire.conversations.portions import Portions
from deltawire.conversations.tables import conversations, shares
from deltawire.conversations.texts import new_id, storable
from deltawire.conversations.tree import Tree
from deltawire.protocol.errors import Failure

MAX_SHARES: Final = 1_000
_ANYBODY: Final = "anybody"
"""All readers without authentication share the lanes of this one caller."""
_DAY_SECONDS: Final = 86_400.0
_DAYS: Final = 30
"""The days of a link whose request names none."""
_PUBLIC: Final = "p_"
_PRIVATE: Final = "s_"
PUBLIC_ADDRESS: Final = re.compile(rf"/shared/{_PUBLIC}[A-Za-z0-9_-]{{43}}")
"""The paths of public links. The gate must decide before anything is read, so the token itself says that it is one."""
_LISTED: Final = (
    *(shares.c[name] for name in ("id", "conversation", "message", "title", "created", "expires")),
    shares.c.is_public.label("public"),
)


class ShareLinks:
    """The links of all owners. Each method raises `Failure`: `not_found`, `storage_full`, `store_unavailable`."""

    def __init__(self, database: Database, *, allows_public: bool) -> None:
        """Refuse to make public links where the operator does not allow them."""
        self._database = database
        self._portions = Portions(database)
        self.allows_public = allows_public

    async def add(self, owner: str, conversation: str, new: NewShare) -> MadeShare:
        """Make a link to the branch that ends in a message. Raise `Failure` (`forbidden`) for a public one."""
        if new.public and not self.allows_public:
            message = "Public links are not allowed on this server; see PUBLIC_SHARES."
            raise Failure("forbidden", message, field="public")
        token = (_PUBLIC if new.public else _PRIVATE) + secrets.token_urlsafe(32)
        tree, now = Tree(owner, storable(conversation)), time.time()
        async with self._database.writing(owner) as transaction:
            row = await tree.find(transaction)
            if row is None:
                raise Failure("not_found")
            if await tree.message(transaction, new.message) is None:
                raise Failure("not_found", "There is no such message in this conversation.", field="message")
            await self._check_room(transaction, owner, now)
            columns: dict[str, Any] = {"id": new_id(), "conversation": tree.id, "message": new.message}
            columns |= {"title": row.title, "created": now, "expires": now + (new.days or _DAYS) * _DAY_SECONDS}
            await transaction.execute(
                insert(shares).values(owner=owner, digest=_digest(token), is_public=bool(new.public), **columns)
            )
        return MadeShare(token=token, public=bool(new.public), **columns)

    async def all(self, owner: str) -> list[Share]:
        """Return the owner's links that have not expired, the newest first."""
        mine = (shares.c.owner == owner, shares.c.expires > time.time(), *_exists())
        listed = select(*_LISTED).where(*mine).order_by(shares.c.created.desc(), shares.c.id)
        async with self._database.reading(owner) as connection:
            rows = (await connection.execute(listed)).mappings().all()
        return [Share(**dict(row)) for row in rows]

    async def take_back(self, owner: str, share: str) -> None:
        """Delete a link: from now on it is `not_found`."""
        mine = (shares.c.id == storable(share), shares.c.owner == owner)
        async with self._database.writing(owner) as transaction:
            if not (await transaction.execute(delete(shares).where(*mine))).rowcount:
                raise Failure("not_found")

    async def read(self, reader: str, token: str) -> AsyncGenerator[bytes, None]:
        """Return the JSON of the shared branch, in pieces. `reader` is the caller who asks, not the owner.

        Raise `Failure` (`not_found`).
        """
        found = select(shares).where(shares.c.digest == _digest(token), shares.c.expires > time.time(), *_exists())
        async with self._database.reading(reader or _ANYBODY) as connection:
            row = (await connection.execute(found)).one_or_none()
        if row is None:
            raise Failure("not_found")
        head = {"title": row.title, "created": row.created, "expires": row.expires}
        return self._portions.shared_json(Tree(row.owner, row.conversation), head, row.message, reader or _ANYBODY)

    async def _check_room(self, transaction: AsyncConnection, owner: str, now: float) -> None:
        """Drop the owner's links that have expired; raise `Failure` (`storage_full`) when they have too many."""
        mine = shares.c.owner == owner
        await transaction.execute(delete(shares).where(mine, shares.c.expires <= now))
        if (await transaction.scalar(select(func.count()).where(mine)) or 0) >= MAX_SHARES:
            raise Failure("storage_full", f"This server keeps at most {MAX_SHARES:,} links of one caller.")


def _exists() -> tuple[Any, ...]:
    """Return the condition that the conversation of a link still exists: a deleted one has another owner at once."""
    there = select(conversations.c.id).where(
        conversations.c.id == shares.c.conversation, conversations.c.owner == shares.c.owner
    )
    return (there.exists(),)


def _digest(token: str) -> str:
    return sha256(token.encode(errors="replace")).hexdigest()
