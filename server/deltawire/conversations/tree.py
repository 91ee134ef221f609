"""What is read and written of one conversation's tree, statement by statement, inside somebody's transaction."""

import time
from typing import Any, Final

import msgspec
from sqlalchemy import Row, case, delete, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from deltawire.conversations.search import index
from deltawire.conversations.tables import conversations, messages
from deltawire.conversations.texts import storable
from deltawire.protocol.frames import HistoryMessage

GONE: Final = "gone"
"""Whose a deleted conversation is until it is removed; no caller is called so."""
_CLEARED: Final = 20
"""Messages that are removed at once: SQLite's index is told each text that it is to forget, 20 ms for a long one."""
_MAX_MESSAGES: Final = 10_000
_BRANCH: Final = text("""
    WITH RECURSIVE branch (parent, role, text, chars, depth) AS (
        SELECT parent, role, text, CAST(length(text) AS BIGINT), 1 FROM messages
        WHERE id = :leaf AND length(text) <= CAST(:chars AS BIGINT)
        UNION ALL
        SELECT above.parent, above.role, above.text, branch.chars + length(above.text), branch.depth + 1
        FROM branch JOIN messages AS above ON above.id = branch.parent
        WHERE branch.chars + length(above.text) <= CAST(:chars AS BIGINT) AND branch.depth < :messages
    )
    SELECT role, text FROM branch ORDER BY depth DESC
""")

TOLD: Final = tuple(conversations.c[name] for name in ("id", "title", "created", "updated", "settings"))
"""What a client is told of a conversation."""


class Tree(msgspec.Struct, frozen=True):
    """One owner's conversation, by its id; whether it is there, `find` tells."""

    owner: str
    id: str

    async def create(self, connection: AsyncConnection, title: str, settings: str) -> None:
        """Write its row; `settings` are JSON."""
        now = time.time()
        row: dict[str, Any] = {"id": self.id, "owner": self.owner, "title": title, "settings": settings}
        row |= {"created": now, "updated": now, **index(connection, title)}
        await connection.execute(insert(conversations).values(row))

    async def find(self, connection: AsyncConnection, *, to_change: bool = False) -> Row[*tuple[Any, ...]] | None:
        """Its row; None where it is not, or is another owner's. `to_change`: nobody else changes it meanwhile."""
        found = select(*TOLD).where(conversations.c.id == self.id, conversations.c.owner == self.owner)
        if to_change:
            found = found.with_for_update(key_share=True)  # SQLite has one writer at a time anyhow
        return (await connection.execute(found)).one_or_none()

    async def message(self, connection: AsyncConnection, message: str) -> Row[*tuple[Any, ...]] | None:
        """The role, the text and the parent of one of its messages."""
        wanted = (messages.c.conversation == self.id, messages.c.id == message)
        return (
            await connection.execute(select(messages.c.role, messages.c.text, messages.c.parent).where(*wanted))
        ).one_or_none()

    async def newest_answer(self, connection: AsyncConnection) -> str | None:
        """The id of the answer that was written last."""
        answers = select(messages.c.id).where(messages.c.conversation == self.id, messages.c.role == "model")
        newest: str | None = await connection.scalar(answers.order_by(messages.c.seq.desc()).limit(1))
        return newest

    async def history(self, connection: AsyncConnection, leaf: str, max_chars: int) -> list[HistoryMessage]:
        """What was said up to a message, oldest first: whole exchanges, the newest kept within `max_chars`.

        It begins with the person: an answer whose question no longer fits is left out. So is an exchange that
        delivered nothing: an empty answer, and the questions that it stands below.
        """
        bounds = {"leaf": leaf, "chars": max_chars, "messages": _MAX_MESSAGES}
        said: list[HistoryMessage] = []
        for role, content in (await connection.execute(_BRANCH, bounds)).all():
            if content and (said or role == "user"):
                said.append(HistoryMessage(role, content))
            elif not content:
                while said and said[-1].role == "user":
                    said.pop()
        return said

    async def add(self, connection: AsyncConnection, **columns: Any) -> None:
        """Write a message; raise `IntegrityError` when its conversation is gone, and when it was written before."""
        row = {"thoughts": "", **columns}
        row |= {name: storable(row[name]) for name in ("text", "thoughts")}
        row |= {"conversation": self.id, "owner": self.owner, "created": time.time()}
        row |= index(connection, row["text"])
        await connection.execute(insert(messages).values(row))

    async def set_answered(self, connection: AsyncConnection, question: str) -> None:
        """Take note that a question has an answer."""
        await connection.execute(update(messages).where(messages.c.id == question).values(answered=True))

    async def change(self, connection: AsyncConnection, **columns: Any) -> None:
        """Change its row. A change of its name is not news: `updated` is whose caller says so."""
        if "title" in columns:
            columns |= index(connection, columns["title"])
        await connection.execute(update(conversations).where(conversations.c.id == self.id).values(columns))

    async def give_up(self, connection: AsyncConnection) -> bool:
        """Take it from its owner: nobody finds it from now on. Return whether it was there."""
        mine = (conversations.c.id == self.id, conversations.c.owner == self.owner)
        # Only another title makes SQLite's index forget whose it was.
        title = case((conversations.c.title == "", " "), else_="")
        return bool(
            (await connection.execute(update(conversations).where(*mine).values(owner=GONE, title=title))).rowcount
        )

    async def clear(self, connection: AsyncConnection) -> None:
        """Remove some of its messages or, with the last of them, all of it."""
        some = select(messages.c.seq).where(messages.c.conversation == self.id).order_by(messages.c.seq).limit(_CLEARED)
        cleared = await connection.execute(delete(messages).where(messages.c.seq.in_(some)))
        if cleared.rowcount < _CLEARED:
            await connection.execute(delete(conversations).where(conversations.c.id == self.id))


async def gone(connection: AsyncConnection) -> Tree | None:
    """A conversation that was given up and is not yet removed."""
    found = await connection.scalar(select(conversations.c.id).where(conversations.c.owner == GONE).limit(1))
    return found and Tree(GONE, found)
