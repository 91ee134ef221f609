"""List, read, create, change and delete an owner's conversations."""

import asyncio
from collections.abc import AsyncGenerator, Iterator, Sequence
from typing import Any, Final

import msgspec
from msgspec import UNSET, UnsetType
from sqlalchemy import ColumnElement, Row, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from deltawire.conversations.clearing import clear_gone
from deltawire.conversations.database import Database
from deltawire.conversations.library import check_folder
from deltawire.conversations.portions import Portions
from deltawire.conversations.probe import WriteProbe
from deltawire.conversations.schemas import (
    Conversation,
    ConversationPage,
    ConversationQuery,
    ExportQuery,
    ListedConversation,
    LiveRun,
    NamedChange,
    NewConversation,
)
from deltawire.conversations.search import excerpts, search
from deltawire.conversations.sizes import StoredSizes, utf8_bytes_of
from deltawire.conversations.tables import conversations
from deltawire.conversations.texts import new_id, storable
from deltawire.conversations.tree import LISTED, PLACES, Tree
from deltawire.conversations.turn_settings import as_stored, changed
from deltawire.protocol.errors import Failure, too_large

AnyRow = Row[*tuple[Any, ...]]

_DELETED_AT_ONCE: Final = 200
"""Conversations of one transaction when all are deleted."""
_MAX_SETTINGS_BYTES: Final = 2**19
"""Bytes of all settings of a conversation together, as JSON."""


class ConversationStore:
    """The operations of the routes on conversations.

    Each raises `Failure`: `not_found`, `message_too_large`, `storage_full`, `store_unavailable`.
    """

    def __init__(self, database: Database, sizes: StoredSizes, max_system_chars: int) -> None:
        """`max_system_chars` bounds a system instruction, as in a turn."""
        self._database = database
        self._sizes = sizes
        self._portions = Portions(database)
        self._max_system_chars = max_system_chars
        self._clearing = asyncio.Lock()
        self._probe = WriteProbe(database)

    async def check(self) -> None:
        """Raise `Failure` (`store_unavailable`) when turns could not be stored."""
        await self._probe.check()

    async def page(self, owner: str, query: ConversationQuery) -> ConversationPage:
        """Return the owner's conversations, the last used first; with `q`, those that match."""
        place = (conversations.c.updated, conversations.c.id)
        listed = select(*LISTED).where(conversations.c.owner == owner, *_filters(query))
        listed = listed.order_by(*(column.desc() for column in place)).limit(query.limit + 1)
        after, first = _place_at(query.cursor) if query.cursor else (None, 0)
        async with self._database.reading(owner) as connection:
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
                    shown = rows[: query.limit]
                    ids = [row.id for row in shown]
                    lines = await excerpts(connection, owner, query.q, step, ids) if query.q else {}
                    return ConversationPage([_listed(row, *lines.get(row.id, ())) for row in shown], more)
        return ConversationPage([], None)

    async def create(self, owner: str, new: NewConversation) -> Conversation:
        """Create a conversation."""
        settings = {} if new.settings is None else msgspec.structs.asdict(new.settings)
        self._check(settings.get("system"))
        tree, title, written = Tree(owner, new_id()), storable(new.title or ""), _bounded(as_stored(settings))
        async with self._database.writing(owner) as transaction:
            await self._sizes.check_new(transaction, owner, utf8_bytes_of(written))
            await tree.create(transaction, title, written)
            return await _read_back(transaction, tree)

    def _check(self, system: str | None) -> None:
        if len(system or "") > self._max_system_chars:
            raise too_large("settings.system", self._max_system_chars)

    async def read(self, owner: str, conversation: str, runs: Sequence[LiveRun] = ()) -> AsyncGenerator[bytes, None]:
        """Return a conversation, all its messages and these runs of it as JSON, in pieces."""
        tree, head = await self._head(owner, conversation)
        return self._portions.json(tree, head, runs)

    async def export(self, owner: str, conversation: str, query: ExportQuery) -> AsyncGenerator[bytes, None]:
        """Return a conversation as a file, in pieces."""
        tree, head = await self._head(owner, conversation)
        if query.format == "json":
            return self._portions.indented_json(tree, head)
        return self._portions.markdown(tree, head, query.message)

    async def _head(self, owner: str, conversation: str) -> tuple[Tree, Conversation]:
        tree = Tree(owner, storable(conversation))
        async with self._database.reading(owner) as connection:
            return tree, await _read_back(connection, tree)

    async def change(self, owner: str, conversation: str, changes: NamedChange) -> Conversation:
        """Change what is named: the title, the place in the list, single settings. Raise for another's folder."""
        self._check(changes.settings.get("system"))
        tree = Tree(owner, storable(conversation))
        async with self._database.writing(owner) as transaction:
            row = await tree.find(transaction, to_change=True)
            if row is None:
                raise Failure("not_found")
            columns = dict(changes.columns)
            if "title" in columns:
                columns["title"] = storable(columns["title"])
            if columns.get("folder") is not None:
                await check_folder(transaction, owner, columns["folder"])
            written = _bounded(changed(row.settings, changes.settings))
            added = utf8_bytes_of(written) - utf8_bytes_of(row.settings)
            if added > 0:
                await self._sizes.check_bytes(transaction, owner, added)
            await tree.change(transaction, **columns, settings=written, text_bytes=added)
            return await _read_back(transaction, tree)

    async def beginning(self, owner: str, conversation: str) -> tuple[str, str, str]:
        """Return the title, the first question and its answer; raise `Failure` (`not_found`) without an answer."""
        tree = Tree(owner, storable(conversation))
        async with self._database.reading(owner) as connection:
            row, exchange = await tree.find(connection), await tree.first_exchange(connection)
        if row is None:
            raise Failure("not_found")
        if exchange is None:
            raise Failure("not_found", "Nothing is answered in this conversation yet.")
        return row.title, *exchange

    async def entitle(self, owner: str, conversation: str, before: str, title: str) -> Conversation:
        """Change the title, unless it is not the one `before` any more; return the conversation as it is now."""
        tree = Tree(owner, storable(conversation))
        async with self._database.writing(owner) as transaction:
            row = await tree.find(transaction, to_change=True)
            if row is not None and row.title == before:
                await tree.change(transaction, title=title)
            return await _read_back(transaction, tree)

    async def delete(self, owner: str, conversation: str) -> None:
        """Delete a conversation. It is gone at once; its messages are removed a little later."""
        async with self._database.writing(owner) as transaction:
            if not await Tree(owner, storable(conversation)).give_up(transaction):
                raise Failure("not_found")
        self._sizes.forget(owner)
        self._database.background.run(self._clear())

    async def delete_all(self, owner: str) -> None:
        """Delete all conversations that the owner has now, the archived ones too; a new one meanwhile stays."""
        mine = conversations.c.owner == owner
        async with self._database.reading(owner) as connection:
            last = await connection.scalar(select(func.max(conversations.c.seq)).where(mine))
        some = select(conversations.c.id).where(mine, conversations.c.seq <= (last or 0)).limit(_DELETED_AT_ONCE)
        names: Sequence[str] = [""] if last is not None else []
        while names:
            async with self._database.writing(owner) as transaction:
                names = (await transaction.scalars(some)).all()
                for name in names:
                    await Tree(owner, name).give_up(transaction)
        self._sizes.forget(owner)
        self._database.background.run(self._clear())

    async def everything(self, owner: str, first: bytes) -> AsyncGenerator[bytes, None]:
        """Yield all conversations of an owner as one JSON document, in pieces; `first` is what it begins with."""
        last, mark = -1, b""
        yield first + b'"conversations":['
        while True:
            more = select(conversations.c.seq, *LISTED, conversations.c.settings)
            more = more.where(conversations.c.owner == owner, conversations.c.seq > last)
            async with self._database.reading(owner) as connection:
                row = (await connection.execute(more.order_by(conversations.c.seq).limit(1))).one_or_none()
            if row is None:
                break
            last = row.seq
            async for piece in self._portions.json(Tree(owner, row.id), _conversation(row)):
                yield mark + piece
                mark = b""
            mark = b","
        yield b"]}"

    async def _clear(self) -> None:
        async with self._clearing:
            await clear_gone(self._database)


def _filters(query: ConversationQuery) -> Iterator[ColumnElement[bool]]:
    """Yield the conditions of a list, without those of its search."""
    if (archived := query.keeps_archived()) is not None:
        yield conversations.c.archived.is_(archived)
    if query.pinned is not UNSET:
        yield conversations.c.pinned.is_(query.pinned == "true")
    if query.folder is not UNSET:
        yield conversations.c.folder == query.folder


async def _read_back(connection: AsyncConnection, tree: Tree) -> Conversation:
    row = await tree.find(connection)
    if row is None:
        raise Failure("not_found")
    return _conversation(row)


def _conversation(row: AnyRow) -> Conversation:
    settings = msgspec.json.decode(row.settings)
    return Conversation(**_listed_fields(row), settings=settings)


def _listed(row: AnyRow, message: str | UnsetType = UNSET, excerpt: str | UnsetType = UNSET) -> ListedConversation:
    return ListedConversation(**_listed_fields(row), message=message, excerpt=excerpt)


def _listed_fields(row: AnyRow) -> dict[str, Any]:
    return {name: getattr(row, name) for name in ("id", "title", "created", "updated", *PLACES)}


def _bounded(settings: str) -> str:
    """Return settings as they are stored; raise `Failure` when they are too long together."""
    if utf8_bytes_of(settings) > _MAX_SETTINGS_BYTES:
        message = f"The settings may hold at most {_MAX_SETTINGS_BYTES:,} bytes together, as JSON."
        raise Failure("message_too_large", message, field="settings")
    return settings


def _cursor_at(row: AnyRow, step: int) -> str:
    """Return the cursor of a conversation: its place in the list, or in the results of a search step."""
    return f"{row.updated:.9f}_{row.id}_{step}"


def _place_at(cursor: str) -> tuple[tuple[float, str], int]:
    updated, _, rest = cursor.partition("_")
    conversation, _, step = rest.rpartition("_")
    return (float(updated), conversation), int(step)
