"""The statements on one conversation's tree of messages; each runs in the caller's transaction."""

import time
from typing import Any, Final, NamedTuple

import msgspec
from sqlalchemy import Row, and_, case, delete, insert, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from deltawire.conversations.context import BranchRow
from deltawire.conversations.search import index
from deltawire.conversations.sizes import utf8_bytes_of
from deltawire.conversations.tables import conversations, messages
from deltawire.conversations.texts import storable

DELETED_OWNER: Final = "gone"
"""The owner of a deleted conversation until it is removed; no caller has this name."""
IMPORTING_OWNER: Final = "importing"
"""The owner of a conversation until all of it is imported; no caller has this name."""
_IMPORT_SECONDS: Final = 600.0
"""Seconds after the last change of such a conversation in which its import may still run, in any process."""
_REMOVED_AT_ONCE: Final = 20
"""Messages removed in one transaction: SQLite's index has to read each text that it removes, 20 ms for a long one."""
_MAX_MESSAGES: Final = 10_000
_BRANCH: Final = text("""
    WITH RECURSIVE branch (parent, role, text, parts, finish_reason, shown, chars, depth) AS (
        SELECT parent, role, text, parts, finish_reason, shown, CAST(length(text) AS BIGINT), 1 FROM messages
        WHERE id = :leaf AND length(text) <= CAST(:chars AS BIGINT)
        UNION ALL
        SELECT above.parent, above.role, above.text, above.parts, above.finish_reason, above.shown,
            branch.chars + length(above.text), branch.depth + 1
        FROM branch JOIN messages AS above ON above.id = branch.parent
        WHERE branch.chars + length(above.text) <= CAST(:chars AS BIGINT) AND branch.depth < :messages
    )
    SELECT role, text, parts, finish_reason, CASE role WHEN 'user' THEN shown END FROM branch ORDER BY depth DESC
""")

PLACES: Final = ("pinned", "archived", "folder")
"""The columns that say where a conversation stands in the list of its owner."""
LISTED: Final = tuple(conversations.c[name] for name in ("id", "title", "created", "updated", *PLACES))
"""The columns of a conversation in a list."""
_MESSAGE_COLUMNS: Final = tuple(
    messages.c[name] for name in ("id", "role", "text", "parent", "model", "finish_reason", "parts", "shown")
)
_CONVERSATION_COLUMNS: Final = (
    *LISTED,
    *(conversations.c[name] for name in ("settings", "message_count", "text_bytes")),
)


class FirstTurn(NamedTuple):
    """The texts of the first question that was answered, and of its first answer."""

    question: str
    answer: str


class Tree(msgspec.Struct, frozen=True):
    """One owner's conversation, by its id. It may not exist: see `find`."""

    owner: str
    id: str
    request: str | None = None
    """The server's id of the request of a turn, which the messages that it adds name."""

    async def create(self, connection: AsyncConnection, title: str, settings: str, **columns: Any) -> None:
        """Write its row; `settings` is JSON. `columns` are others than those of a new one."""
        now = time.time()
        row: dict[str, Any] = {"id": self.id, "owner": self.owner, "title": title, "settings": settings}
        row |= {"created": now, "updated": now, "text_bytes": utf8_bytes_of(settings), **columns}
        row |= await index(connection, title)
        await connection.execute(insert(conversations).values(row))

    async def find(self, connection: AsyncConnection, *, to_change: bool = False) -> Row[*tuple[Any, ...]] | None:
        """Return its row; None when it does not exist or is another owner's. `to_change` locks the row."""
        found = select(*_CONVERSATION_COLUMNS).where(conversations.c.id == self.id, conversations.c.owner == self.owner)
        if to_change:
            found = found.with_for_update(key_share=True)  # ignored by SQLite, which has one writer at a time
        return (await connection.execute(found)).one_or_none()

    async def message(self, connection: AsyncConnection, message: str) -> Row[*tuple[Any, ...]] | None:
        """Return the columns of `_MESSAGE_COLUMNS` of one of its messages; None when it does not exist."""
        wanted = (messages.c.conversation == self.id, messages.c.id == message)
        return (await connection.execute(select(*_MESSAGE_COLUMNS).where(*wanted))).one_or_none()

    async def question_of(self, connection: AsyncConnection, answer: str) -> str:
        """Return the id of the question above an answer, or above those that it goes on with."""
        message = answer
        for _ in range(_MAX_MESSAGES):
            found = await self.message(connection, message)
            if found is None or found.role == "user" or found.parent is None:
                break
            message = found.parent
        return message

    async def newest_answer(self, connection: AsyncConnection) -> str | None:
        """Return the id of the answer that was written last."""
        answers = select(messages.c.id).where(messages.c.conversation == self.id, messages.c.role == "model")
        newest: str | None = await connection.scalar(answers.order_by(messages.c.seq.desc()).limit(1))
        return newest

    async def first_turn(self, connection: AsyncConnection) -> FirstTurn | None:
        """Return the texts of the first answered turn; None when nothing is answered."""
        answer, question = messages.alias(), messages.alias()
        found = select(question.c.text, answer.c.text).join(question, question.c.id == answer.c.parent)
        mine = (answer.c.conversation == self.id, answer.c.role == "model", answer.c.text != "")
        row = (await connection.execute(found.where(*mine).order_by(answer.c.seq).limit(1))).one_or_none()
        return None if row is None else FirstTurn(*row)

    async def history(self, connection: AsyncConnection, leaf: str, max_chars: int) -> list[BranchRow]:
        """Return the messages up to `leaf`, oldest first: the newest, whose texts have at most `max_chars`."""
        bounds = {"leaf": leaf, "chars": max_chars, "messages": _MAX_MESSAGES}
        return [BranchRow(*row) for row in (await connection.execute(_BRANCH, bounds)).all()]

    async def add(self, connection: AsyncConnection, **columns: Any) -> int:
        """Write a message; return the bytes of its texts and of its other parts.

        Raise `IntegrityError` when its conversation is gone, and when it was written before.
        """
        row = {"thoughts": "", "created": time.time(), "request": self.request, **columns}
        row |= {name: storable(row[name]) for name in ("text", "thoughts")}
        row |= {"conversation": self.id, "owner": self.owner}
        row |= await index(connection, row["text"])
        await connection.execute(insert(messages).values(row))
        return utf8_bytes_of(row["text"], row["thoughts"], row.get("shown") or "", row.get("parts") or "")

    async def set_answered(self, connection: AsyncConnection, question: str) -> None:
        """Mark a question as answered."""
        await connection.execute(update(messages).where(messages.c.id == question).values(answered=True))

    async def change(
        self, connection: AsyncConnection, *, messages: int = 0, text_bytes: int = 0, **columns: Any
    ) -> None:
        """Change its row, and add these numbers of messages and of bytes to it.

        `updated` changes only when passed: renaming does not move a conversation to the top of the list.
        """
        if "title" in columns:
            columns |= await index(connection, columns["title"])
        if messages:
            columns["message_count"] = conversations.c.message_count + messages
        if text_bytes:
            columns["text_bytes"] = conversations.c.text_bytes + text_bytes
        await connection.execute(update(conversations).where(conversations.c.id == self.id).values(columns))

    async def mark_deleted(self, connection: AsyncConnection) -> bool:
        """Set its owner to `DELETED_OWNER`, so that nobody finds it. Return False when it does not exist."""
        mine = (conversations.c.id == self.id, conversations.c.owner == self.owner)
        # SQLite's index drops the owner's word only when the title changes.
        title = case((conversations.c.title == "", " "), else_="")
        marked = update(conversations).where(*mine).values(owner=DELETED_OWNER, title=title)
        return bool((await connection.execute(marked)).rowcount)

    async def remove_some(self, connection: AsyncConnection) -> None:
        """Remove some of its messages; with the last of them, remove the conversation."""
        some = (
            select(messages.c.seq)
            .where(messages.c.conversation == self.id)
            .order_by(messages.c.seq)
            .limit(_REMOVED_AT_ONCE)
        )
        removed = await connection.execute(delete(messages).where(messages.c.seq.in_(some)))
        if removed.rowcount < _REMOVED_AT_ONCE:
            await connection.execute(delete(conversations).where(conversations.c.id == self.id))


async def next_deleted(connection: AsyncConnection) -> Tree | None:
    """Return a deleted conversation that is not yet removed, or one whose import broke off; None for none."""
    owner, is_old = conversations.c.owner, conversations.c.updated < time.time() - _IMPORT_SECONDS
    left = or_(owner == DELETED_OWNER, and_(owner == IMPORTING_OWNER, is_old))
    found = await connection.scalar(select(conversations.c.id).where(left).limit(1))
    return found and Tree(DELETED_OWNER, found)
