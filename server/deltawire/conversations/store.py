"""An owner's conversations: listed, read, made, changed and deleted."""

import asyncio
import time
from typing import Any

import msgspec
from sqlalchemy import Row, RowMapping, insert, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from deltawire.conversations.database import Database
from deltawire.conversations.schemas import (
    Conversation,
    ConversationPage,
    ConversationQuery,
    ConversationTree,
    Message,
    NewConversation,
)
from deltawire.conversations.search import index, search
from deltawire.conversations.tables import conversations, messages
from deltawire.conversations.texts import new_id, storable
from deltawire.conversations.tree import TOLD, Tree, gone
from deltawire.conversations.turn_settings import changed, kept
from deltawire.protocol.errors import Failure, too_large
from deltawire.protocol.frames import Spent

AnyRow = Row[*tuple[Any, ...]]

_MESSAGE = tuple(messages.c[name] for name in Message.__struct_fields__)


class ConversationStore:
    """What the routes ask for. Everything raises `Failure`: `not_found`, `message_too_large`, `store_unavailable`."""

    def __init__(self, database: Database, max_system_chars: int) -> None:
        """Over a database of ours; a system instruction may have so many characters, as it may in a turn."""
        self._database = database
        self._max_system_chars = max_system_chars
        self._clearing = asyncio.Lock()
        self._has_cleared = False

    async def check(self) -> None:
        """Raise `Failure` (`store_unavailable`) when the database is away."""
        async with self._database.reading() as connection:
            await connection.execute(text("SELECT 1"))

    async def page(self, owner: str, query: ConversationQuery) -> ConversationPage:
        """The owner's conversations, the last used first; with `q`, those that match."""
        place = (conversations.c.updated, conversations.c.id)
        listed = select(*TOLD).where(conversations.c.owner == owner)
        listed = listed.order_by(*(column.desc() for column in place)).limit(query.limit + 1)
        if not self._has_cleared:
            self._clear_later()
        after, first = _place_at(query.cursor) if query.cursor else (None, 0)
        async with self._database.reading() as connection:
            queries = [listed]
            if query.q:
                found = await search(connection, owner, query.q)
                queries = [listed.where(conversations.c.id.in_(ids.columns(conversations.c.id))) for ids in found]
            if after is not None:
                queries = [each.where(tuple_(*place) < after) for each in queries[first : first + 1]]
            for step, each in enumerate(queries, first):
                rows = (await connection.execute(each)).all()
                if rows:
                    more = _cursor_at(rows[query.limit - 1], step) if len(rows) > query.limit else None
                    return ConversationPage([_conversation(row) for row in rows[: query.limit]], more)
        return ConversationPage([], None)

    async def create(self, owner: str, new: NewConversation) -> Conversation:
        """Make a conversation."""
        settings = {} if new.settings is None else msgspec.structs.asdict(new.settings)
        self._check(settings.get("system"))
        now = time.time()
        tree, title = Tree(owner, new_id()), storable(new.title or "")
        row: dict[str, Any] = {
            "id": tree.id,
            "owner": owner,
            "title": title,
            "settings": kept(settings),
            "created": now,
            "updated": now,
        }
        async with self._database.writing() as transaction:
            row |= index(transaction, title)
            await transaction.execute(insert(conversations).values(row))
            return await _told(transaction, tree)

    def _check(self, system: str | None) -> None:
        if len(system or "") > self._max_system_chars:
            raise too_large("settings.system", self._max_system_chars)

    async def read(self, owner: str, conversation: str) -> ConversationTree:
        """A conversation and all its messages."""
        async with self._database.reading() as connection:
            head = await _told(connection, Tree(owner, storable(conversation)))
            here = messages.c.conversation == conversation
            rows = (await connection.execute(select(*_MESSAGE).where(here).order_by(messages.c.seq))).mappings()
            return ConversationTree(**msgspec.structs.asdict(head), messages=[_message(row) for row in rows])

    async def change(self, owner: str, conversation: str, title: str | None, settings: dict[str, Any]) -> Conversation:
        """Change the title, and the settings that are named; None takes one away."""
        self._check(settings.get("system"))
        tree = Tree(owner, storable(conversation))
        async with self._database.writing() as transaction:
            row = await tree.find(transaction, to_change=True)
            if row is None:
                raise Failure("not_found")
            columns = {} if title is None else {"title": storable(title)}
            await tree.change(transaction, **columns, settings=changed(row.settings, settings))
            return await _told(transaction, tree)

    async def delete(self, owner: str, conversation: str) -> None:
        """Delete a conversation with all its messages; it is gone at once, what was in it a little later."""
        async with self._database.writing() as transaction:
            if not await Tree(owner, storable(conversation)).give_up(transaction):
                raise Failure("not_found")
        self._clear_later()

    def _clear_later(self) -> None:
        self._has_cleared = True
        self._database.background.run(self._clear())

    async def _clear(self) -> None:
        """Remove what is nobody's any more, a few messages at a time, so that others may write in between.

        What a crash leaves, or a store that is away, is removed with the next deletion, or the first list of a start.
        """
        async with self._clearing:
            while (tree := await self._gone()) is not None:
                async with self._database.writing() as transaction:
                    await tree.clear(transaction)

    async def _gone(self) -> Tree | None:
        async with self._database.reading() as connection:
            return await gone(connection)


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


def _cursor_at(row: AnyRow, step: int) -> str:
    """The place of a conversation in what a step of a search has found, or in the list, as a cursor."""
    return f"{row.updated:.9f}_{row.id}_{step}"


def _place_at(cursor: str) -> tuple[tuple[float, str], int]:
    updated, _, rest = cursor.partition("_")
    conversation, _, step = rest.rpartition("_")
    return (float(updated), conversation), int(step)
