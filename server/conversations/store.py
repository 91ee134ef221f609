"""An owner's conversations: listed, read, made, changed and deleted."""

import time
from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Row, RowMapping, Select, delete, insert, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from server.conversations.database import Database
from server.conversations.records import (
    Conversation,
    ConversationPage,
    ConversationQuery,
    ConversationTree,
    Message,
    NewConversation,
)
from server.conversations.search import Search, owner_key
from server.conversations.settings import changed, kept
from server.conversations.tables import conversations, messages
from server.conversations.texts import new_id, storable
from server.conversations.tree import Tree
from server.errors import Failure
from server.frames import Spent

AnyRow = Row[*tuple[Any, ...]]
Rows = Sequence[AnyRow]

_LISTED = (
    conversations.c.id,
    conversations.c.title,
    conversations.c.created,
    conversations.c.updated,
    conversations.c.settings,
)
_TOLD = tuple(messages.c[name] for name in Message.__struct_fields__)


class ConversationStore:
    """What the routes ask for. Everything raises `Failure`: `not_found`, `store_unavailable`."""

    def __init__(self, database: Database) -> None:
        """Over a database of ours."""
        self._database = database

    async def check(self) -> None:
        """Raise `Failure` (`store_unavailable`) when the database is away."""
        async with self._database.reading() as connection:
            await connection.execute(text("SELECT 1"))

    async def page(self, owner: str, query: ConversationQuery) -> ConversationPage:
        """The owner's conversations, the last used first; with `q`, those that match."""
        place = (conversations.c.updated, conversations.c.id)
        listed = select(*_LISTED).where(conversations.c.owner == owner)
        listed = listed.order_by(*(column.desc() for column in place)).limit(query.limit + 1)
        if query.cursor:
            listed = listed.where(tuple_(*place) < _place_at(query.cursor))
        async with self._database.reading() as connection:
            if not query.q:
                rows = (await connection.execute(listed)).all()
            else:
                rows = await self._found(connection, listed, Search(owner, query.q, is_sqlite=self._database.is_sqlite))
        more = rows[query.limit - 1] if len(rows) > query.limit else None
        return ConversationPage([_conversation(row) for row in rows[: query.limit]], more and _cursor_at(more))

    async def _found(self, connection: AsyncConnection, listed: Select[*tuple[Any, ...]], search: Search) -> Rows:
        for step in search.steps:
            ids = step.columns(conversations.c.id)
            rows = (await connection.execute(listed.where(conversations.c.id.in_(ids)))).all()
            if rows:
                return rows
        return ()

    async def create(self, owner: str, new: NewConversation) -> Conversation:
        """Make a conversation."""
        now = time.time()
        tree = Tree(owner, new_id())
        row = {
            "id": tree.id,
            "owner": owner,
            "owner_key": owner_key(owner),
            "title": storable(new.title),
            "settings": kept(msgspec.structs.asdict(new.settings)),
            "created": now,
            "updated": now,
        }
        async with self._database.writing() as transaction:
            await transaction.execute(insert(conversations).values(row))
            return await _told(transaction, tree)

    async def read(self, owner: str, conversation: str) -> ConversationTree:
        """A conversation and all its messages."""
        async with self._database.reading() as connection:
            head = await _told(connection, Tree(owner, conversation))
            here = messages.c.conversation == conversation
            rows = (await connection.execute(select(*_TOLD).where(here).order_by(messages.c.seq))).mappings()
            return ConversationTree(**msgspec.structs.asdict(head), messages=[_message(row) for row in rows])

    async def change(self, owner: str, conversation: str, title: str | None, settings: dict[str, Any]) -> Conversation:
        """Change the title, and the settings that are named; None takes one away."""
        tree = Tree(owner, conversation)
        async with self._database.writing() as transaction:
            row = await tree.find(transaction)
            if row is None:
                raise Failure("not_found")
            columns = {} if title is None else {"title": storable(title)}
            await tree.change(transaction, **columns, settings=changed(row.settings, settings))
            return await _told(transaction, tree)

    async def delete(self, owner: str, conversation: str) -> None:
        """Delete a conversation with all its messages."""
        mine = (conversations.c.id == conversation, conversations.c.owner == owner)
        async with self._database.writing() as transaction:
            if not (await transaction.execute(delete(conversations).where(*mine))).rowcount:
                raise Failure("not_found")


async def _told(connection: AsyncConnection, tree: Tree) -> Conversation:
    row = await tree.find(connection)
    if row is None:
        raise Failure("not_found")
    return _conversation(row)


def _conversation(row: AnyRow) -> Conversation:
    settings = msgspec.json.decode(row.settings)
    return Conversation(id=row.id, title=row.title, created=row.created, updated=row.updated, settings=settings)


def _message(row: RowMapping) -> Message:
    usage = row["usage"]
    return Message(**{**row, "usage": usage and msgspec.json.decode(usage, type=Spent)})


def _cursor_at(row: AnyRow) -> str:
    """The place of a conversation in the list, as a cursor."""
    return f"{row.updated:.9f}_{row.id}"


def _place_at(cursor: str) -> tuple[float, str]:
    updated, _, conversation = cursor.partition("_")
    return float(updated), conversation
