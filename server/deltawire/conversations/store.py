"""List, read, create, change and delete an owner's conversations."""

import asyncio
from typing import Any

import msgspec
from sqlalchemy import Row, RowMapping, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from deltawire.conversations.clearing import clear_gone
from deltawire.conversations.database import Database
from deltawire.conversations.probe import WriteProbe
from deltawire.conversations.schemas import (
    Conversation,
    ConversationPage,
    ConversationQuery,
    ConversationTree,
    Message,
    NewConversation,
)
from deltawire.conversations.search import search
from deltawire.conversations.tables import conversations, messages
from deltawire.conversations.texts import new_id, storable
from deltawire.conversations.tree import TOLD, Tree
from deltawire.conversations.turn_settings import changed, kept
from deltawire.protocol.errors import Failure, too_large
from deltawire.protocol.frames import Spent

AnyRow = Row[*tuple[Any, ...]]

_MESSAGE = tuple(messages.c[name] for name in Message.__struct_fields__)


class ConversationStore:
    """The operations of the routes on conversations.

    Each raises `Failure`: `not_found`, `message_too_large`, `store_unavailable`.
    """

    def __init__(self, database: Database, max_system_chars: int) -> None:
        """`max_system_chars` bounds a system instruction, as in a turn."""
        self._database = database
        self._max_system_chars = max_system_chars
        self._clearing = asyncio.Lock()
        self._probe = WriteProbe(database)

    async def check(self) -> None:
        """Raise `Failure` (`store_unavailable`) when turns could not be stored."""
        await self._probe.check()

    async def page(self, owner: str, query: ConversationQuery) -> ConversationPage:
        """Return the owner's conversations, the last used first; with `q`, those that match."""
        place = (conversations.c.updated, conversations.c.id)
        listed = select(*TOLD).where(conversations.c.owner == owner)
        listed = listed.order_by(*(column.desc() for column in place)).limit(query.limit + 1)
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
        """Create a conversation."""
        settings = {} if new.settings is None else msgspec.structs.asdict(new.settings)
        self._check(settings.get("system"))
        tree, title = Tree(owner, new_id()), storable(new.title or "")
        async with self._database.writing() as transaction:
            await tree.create(transaction, title, kept(settings))
            return await _told(transaction, tree)

    def _check(self, system: str | None) -> None:
        if len(system or "") > self._max_system_chars:
            raise too_large("settings.system", self._max_system_chars)

    async def read(self, owner: str, conversation: str) -> ConversationTree:
        """Return a conversation and all its messages."""
        async with self._database.reading() as connection:
            head = await _told(connection, Tree(owner, storable(conversation)))
            here = messages.c.conversation == conversation
            rows = (await connection.execute(select(*_MESSAGE).where(here).order_by(messages.c.seq))).mappings()
            return ConversationTree(**msgspec.structs.asdict(head), messages=[_message(row) for row in rows])

    async def change(self, owner: str, conversation: str, title: str | None, settings: dict[str, Any]) -> Conversation:
        """Change the title, and the settings that are named; None removes one."""
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
        """Delete a conversation. It is gone at once; its messages are removed a little later."""
        async with self._database.writing() as transaction:
            if not await Tree(owner, storable(conversation)).give_up(transaction):
                raise Failure("not_found")
        self._database.background.run(self._clear())

    async def _clear(self) -> None:
        async with self._clearing:
            await clear_gone(self._database)


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
    """Return the cursor of a conversation: its place in the list, or in the results of a search step."""
    return f"{row.updated:.9f}_{row.id}_{step}"


def _place_at(cursor: str) -> tuple[tuple[float, str], int]:
    updated, _, rest = cursor.partition("_")
    conversation, _, step = rest.rpartition("_")
    return (float(updated), conversation), int(step)
