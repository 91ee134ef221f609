"""List, read, create, change and delete an owner's conversations."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from functools import partial
from typing import Final

import msgspec
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from deltawire.conversations.clearing import remove_deleted
from deltawire.conversations.database import Database
from deltawire.conversations.library import Library, check_folder
from deltawire.conversations.listing import AnyRow, listed_fields, read_page
from deltawire.conversations.portions import Portions
from deltawire.conversations.probe import WriteProbe
from deltawire.conversations.schemas import (
    Conversation,
    ConversationPage,
    ConversationQuery,
    ExportQuery,
    LiveRun,
    NewConversation,
    RequestedChange,
)
from deltawire.conversations.sizes import StoredSizes, utf8_bytes_of
from deltawire.conversations.tables import conversations
from deltawire.conversations.texts import new_id, storable
from deltawire.conversations.tree import LISTED, FirstTurn, Tree
from deltawire.conversations.turn_settings import as_stored, changed
from deltawire.protocol.errors import Failure, too_large
from deltawire.protocol.frames import encode

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
        self._removing = asyncio.Lock()
        self._probe = WriteProbe(database)

    async def check(self) -> None:
        """Raise `Failure` (`store_unavailable`) when turns could not be stored."""
        await self._probe.check()

    async def page(self, owner: str, query: ConversationQuery) -> ConversationPage:
        """Return the owner's conversations, the last used first; with `q`, those that match."""
        async with self._database.reading(owner) as connection:
            return await read_page(connection, owner, query)

    async def create(self, owner: str, new: NewConversation) -> Conversation:
        """Create a conversation."""
        settings = {} if new.settings is None else msgspec.structs.asdict(new.settings)
        self._check(settings.get("system"))
        tree, title, written = Tree(owner, new_id()), storable(new.title or ""), _checked_settings(as_stored(settings))
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

    async def change(self, owner: str, conversation: str, changes: RequestedChange) -> Conversation:
        """Change the named fields: title, place in the list, settings. Raise `Failure`, also for an unknown folder."""
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
            written = _checked_settings(changed(row.settings, changes.settings))
            added = utf8_bytes_of(written) - utf8_bytes_of(row.settings)
            if added > 0:
                await self._sizes.check_bytes(transaction, owner, added)
            await tree.change(transaction, **columns, settings=written, text_bytes=added)
            return await _read_back(transaction, tree)

    async def first_turn(self, owner: str, conversation: str) -> tuple[str, FirstTurn]:
        """Return the title and the first answered turn; raise `Failure` (`not_found`) without an answer."""
        tree = Tree(owner, storable(conversation))
        async with self._database.reading(owner) as connection:
            row, first_turn = await tree.find(connection), await tree.first_turn(connection)
        if row is None:
            raise Failure("not_found")
        if first_turn is None:
            raise Failure("not_found", "Nothing is answered in this conversation yet.")
        return row.title, first_turn

    async def set_title(self, owner: str, conversation: str, before: str, title: str) -> Conversation:
        """Change the title, unless somebody has changed the one `before`; return the conversation as it is now."""
        tree = Tree(owner, storable(conversation))
        async with self._database.writing(owner) as transaction:
            row = await tree.find(transaction, to_change=True)
            if row is not None and row.title == before:
                await tree.change(transaction, title=title)
            return await _read_back(transaction, tree)

    async def delete(self, owner: str, conversation: str) -> None:
        """Delete a conversation. It is gone at once; its messages are removed a little later."""
        async with self._database.writing(owner) as transaction:
            if not await Tree(owner, storable(conversation)).mark_deleted(transaction):
                raise Failure("not_found")
        self._sizes.forget(owner)
        self.remove_deleted()

    async def delete_all(self, owner: str) -> None:
        """Delete all conversations that the owner has now, the archived ones too; a new one meanwhile stays."""
        mine = conversations.c.owner == owner
        async with self._database.reading(owner) as connection:
            last = await connection.scalar(select(func.max(conversations.c.seq)).where(mine))
        batch = select(conversations.c.id).where(mine, conversations.c.seq <= (last or 0)).limit(_DELETED_AT_ONCE)
        while True:
            async with self._database.writing(owner) as transaction:
                ids = (await transaction.scalars(batch)).all()
                for each in ids:
                    await Tree(owner, each).mark_deleted(transaction)
            if len(ids) < _DELETED_AT_ONCE:
                break
        self._sizes.forget(owner)
        self.remove_deleted()

    async def export_all(self, owner: str, library: Library) -> AsyncGenerator[bytes, None]:
        """Yield all folders, prompts and conversations of an owner as one JSON document, in pieces."""
        yield encode({"version": 1, "folders": await library.folders(owner)})[:-1] + b',"prompts":'
        async for piece in self._portions.list_json(owner, partial(library.prompts, owner)):
            yield piece
        yield b',"conversations":['
        last, comma = -1, b""
        while True:
            following = select(conversations.c.seq, *LISTED, conversations.c.settings)
            following = following.where(conversations.c.owner == owner, conversations.c.seq > last)
            async with self._database.reading(owner) as connection:
                row = (await connection.execute(following.order_by(conversations.c.seq).limit(1))).one_or_none()
            if row is None:
                break
            last = row.seq
            async for piece in self._portions.json(Tree(owner, row.id), _conversation(row)):
                yield comma + piece
                comma = b""
            comma = b","
        yield b"]}"

    def remove_deleted(self) -> None:
        """Remove in the background the messages of what was deleted."""
        self._database.background.run(self._remove_deleted())

    async def _remove_deleted(self) -> None:
        async with self._removing:
            await remove_deleted(self._database)


async def _read_back(connection: AsyncConnection, tree: Tree) -> Conversation:
    row = await tree.find(connection)
    if row is None:
        raise Failure("not_found")
    return _conversation(row)


def _conversation(row: AnyRow) -> Conversation:
    settings = msgspec.json.decode(row.settings)
    return Conversation(**listed_fields(row), settings=settings)


def _checked_settings(settings: str) -> str:
    """Return settings as they are stored; raise `Failure` when they are too long together."""
    if utf8_bytes_of(settings) > _MAX_SETTINGS_BYTES:
        message = f"The settings may hold at most {_MAX_SETTINGS_BYTES:,} bytes together, as JSON."
        raise Failure("message_too_large", message, field="settings")
    return settings
