"""Import conversations: those of an export of this server, and those of ChatGPT's `conversations.json`.

A request holds one conversation, a list of them, or an export of everything. Each gets new ids and is stored by itself;
the answer names the title of one that cannot be stored; the others are kept.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

import msgspec
from msgspec import Struct

from deltawire.conversations.database import Database
from deltawire.conversations.imports.body import export_in
from deltawire.conversations.imports.chatgpt import from_chatgpt
from deltawire.conversations.imports.own import from_own
from deltawire.conversations.imports.read import Imported, ImportedMessage, NotReadable
from deltawire.conversations.library import MAX_FOLDERS, MAX_PROMPTS, Library
from deltawire.conversations.library_schemas import NewPrompt
from deltawire.conversations.sizes import StoredSizes, utf8_bytes_of
from deltawire.conversations.texts import new_id, storable
from deltawire.conversations.tree import IMPORTING_OWNER, Tree
from deltawire.conversations.turn_settings import as_stored
from deltawire.protocol.errors import Failure

_PORTION: Final = 100
"""Messages of one transaction, so that others may write in between."""
_COLUMNS: Final = ("created", "updated", "pinned", "archived")


class ImportedConversation(Struct, frozen=True, kw_only=True):
    """The result of importing one conversation: its `id`, or the code and the sentence of the `error`."""

    title: str
    id: str | None = None
    code: str | None = None
    error: str | None = None


class ImportReport(Struct, frozen=True):
    """The results for the conversations of an import, in their order."""

    conversations: list[ImportedConversation]


class _Prompt(Struct, frozen=True):
    """A prompt of an export; other fields are ignored, and `NewPrompt` checks these."""

    name: str
    text: str


class Importer:
    """Stores imported conversations."""

    def __init__(
        self,
        database: Database,
        sizes: StoredSizes,
        library: Library,
        max_system_chars: int,
        remove_deleted: Callable[[], None],
    ) -> None:
        """`max_system_chars` bounds a system instruction, as in a turn; `remove_deleted` is the store's."""
        self._database = database
        self._remove_deleted = remove_deleted
        self._sizes = sizes
        self._library = library
        self._max_system_chars = max_system_chars

    async def run(self, owner: str, body: bytes) -> ImportReport:
        """Import a body. Raise `Failure` for a body that is not an export, and `store_unavailable`."""
        export = await asyncio.to_thread(export_in, body)
        folders = export.folder_names()
        await self._keep_folders(owner, folders.values())
        await self._keep_prompts(owner, export.prompts)
        reports = [
            await self._import(owner, f"conversations[{number}]", found, folders)
            for number, found in enumerate(export.conversations)
        ]
        return ImportReport(reports)

    async def _import(self, owner: str, path: str, found: Any, folders: dict[str, str]) -> ImportedConversation:
        """Import one conversation; `path` is its place in the body. Raise `Failure` (`store_unavailable`)."""
        title = _title_of(found)
        try:
            # In a thread: reading takes longer with each message.
            conversation = await asyncio.to_thread(_read, found, folders)
            stored = await self._store(owner, conversation)
        except NotReadable as reason:
            return ImportedConversation(title=title, code="invalid_frame", error=f"{path}{reason}")
        except Failure as failure:
            if failure.code == "store_unavailable":
                raise
            return ImportedConversation(title=title, code=failure.code, error=failure.message)
        return ImportedConversation(title=conversation.title, id=stored)

    async def _keep_folders(self, owner: str, names: Iterable[str]) -> None:
        """Make the folders that are missing, while there is room."""
        wanted = list(dict.fromkeys(names))[:MAX_FOLDERS]
        known = {each.name for each in await self._library.folders(owner)} if wanted else set()
        for name in wanted:
            if name not in known:
                with _left_out_without_room():
                    await self._library.add_folder(owner, name)

    async def _keep_prompts(self, owner: str, found: list[Any]) -> None:
        """Keep the prompts whose names are new, while there is room; leave out items that are not prompts."""
        known = {each.name for each in await self._library.prompts(owner)} if found else set()
        for each in found[:MAX_PROMPTS]:  # each that does not fit would be asked about in the database
            with _left_out_without_room(), suppress(msgspec.ValidationError):
                prompt = msgspec.convert(each, _Prompt)
                new = msgspec.convert(msgspec.structs.asdict(prompt), NewPrompt)
                if new.name not in known:
                    await self._library.add_prompt(owner, new.name, new.text)
                    known.add(new.name)

    async def _folder(self, owner: str, name: str | None) -> str | None:
        """Return the id of the owner's folder of this name, which is made where it is missing."""
        if name is None:
            return None
        found = next((each.id for each in await self._library.folders(owner) if each.name == name), None)
        return found or (await self._library.add_folder(owner, name)).id

    async def _store(self, owner: str, conversation: Imported) -> str:
        """Store a conversation with its messages; return its id. It is nobody's before all of it is stored.

        On a failure, delete the part that is stored. After a crash, `remove_deleted` removes it.
        """
        settings, title = conversation.settings, storable(conversation.title)
        if len(settings.get("system") or "") > self._max_system_chars:
            settings = {**settings, "system": None}
        columns: dict[str, Any] = {name: getattr(conversation, name) for name in _COLUMNS}
        columns |= {"folder": await self._folder(owner, conversation.folder), "owner": owner, "title": title}
        size = sum(utf8_bytes_of(each.text, each.thoughts) for each in conversation.messages)
        hidden = Tree(IMPORTING_OWNER, new_id())
        async with self._database.writing(owner) as transaction:
            await self._sizes.check_import(transaction, owner, len(conversation.messages), size)
            # SQLite's index takes the new owner's word only when the title changes.
            await hidden.create(transaction, "" if title else " ", as_stored(settings))
        try:
            await self._add_all(Tree(owner, hidden.id), conversation.messages, columns)
        except BaseException:
            self._sizes.forget(owner)
            async with self._database.writing(owner) as transaction:
                await hidden.mark_deleted(transaction)
            self._remove_deleted()
            raise
        return hidden.id

    async def _add_all(self, tree: Tree, messages: list[ImportedMessage], columns: dict[str, Any]) -> None:
        """Write the messages in portions; with the last one, change these columns of the conversation."""
        for start in range(0, max(1, len(messages)), _PORTION):
            portion, size = messages[start : start + _PORTION], 0
            is_last = start + _PORTION >= len(messages)
            async with self._database.writing(tree.owner) as transaction:
                for message in portion:
                    size += await tree.add(transaction, **msgspec.structs.asdict(message))
                changed = columns if is_last else {"updated": time.time()}
                await tree.change(transaction, messages=len(portion), text_bytes=size, **changed)


@contextmanager
def _left_out_without_room() -> Iterator[None]:
    """Suppress the failure of a folder or a prompt that has no room."""
    try:
        yield
    except Failure as failure:
        if failure.code != "storage_full":
            raise


def _read(found: Any, folders: dict[str, str]) -> Imported:
    """Return a conversation of either form; raise `NotReadable`."""
    if not isinstance(found, dict):
        raise NotReadable(" must be a conversation.")
    return from_chatgpt(found) if "mapping" in found else from_own(found, folders)


def _title_of(found: Any) -> str:
    title = found.get("title") if isinstance(found, dict) else None
    return storable(title[:200]) if isinstance(title, str) else ""
