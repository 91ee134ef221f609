"""Import conversations: those of an export of this server, and those of ChatGPT's `conversations.json`.

A request holds one conversation, a list of them, or an export of everything. Each gets new ids and is stored by itself;
the answer names the title of one that cannot be stored; the others are kept.
"""

import asyncio
from contextlib import suppress
from typing import Any, Final

import msgspec
from msgspec import Struct

from deltawire.conversations.database import Database
from deltawire.conversations.imports.chatgpt import from_chatgpt
from deltawire.conversations.imports.own import from_own
from deltawire.conversations.imports.read import Imported, NotReadable
from deltawire.conversations.library import MAX_PROMPTS, Library
from deltawire.conversations.library_schemas import NewPrompt
from deltawire.conversations.sizes import StoredSizes, utf8_bytes_of
from deltawire.conversations.texts import new_id, storable
from deltawire.conversations.tree import Tree
from deltawire.conversations.turn_settings import as_stored
from deltawire.protocol.decoding import commas_in, containers_in
from deltawire.protocol.errors import Failure

_MAX_CONVERSATIONS: Final = 10_000
_MAX_CONTAINERS: Final = 250_000
_MAX_VALUES: Final = 500_000
"""Objects and lists, and values, of a body: msgspec makes them all before anything is counted."""
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


class _Folder(Struct, frozen=True):
    id: str
    name: str


class _Export(Struct, frozen=True):
    """The body of an import; other fields are ignored."""

    conversations: list[dict[str, Any]] = []
    folders: list[_Folder] = []
    prompts: list[dict[str, Any]] = []


class Importer:
    """Stores imported conversations."""

    def __init__(self, database: Database, sizes: StoredSizes, library: Library, max_system_chars: int) -> None:
        """`max_system_chars` bounds a system instruction, as in a turn."""
        self._database = database
        self._sizes = sizes
        self._library = library
        self._max_system_chars = max_system_chars

    async def run(self, owner: str, body: bytes) -> ImportReport:
        """Import a body. Raise `Failure` for a body that is not an export, and `store_unavailable`."""
        export = await asyncio.to_thread(_export_in, body)
        folders = {each.id: each.name for each in export.folders}
        reports = []
        for number, found in enumerate(export.conversations):
            title = _title_of(found)
            try:
                # In a thread: reading takes longer with each message.
                conversation = await asyncio.to_thread(_read, found, folders)
                stored = await self._store(owner, conversation)
                reports.append(ImportedConversation(title=conversation.title, id=stored))
            except NotReadable as reason:
                error = f"conversations[{number}]{reason}"
                reports.append(ImportedConversation(title=title, code="invalid_frame", error=error))
            except Failure as failure:
                if failure.code == "store_unavailable":
                    raise
                reports.append(ImportedConversation(title=title, code=failure.code, error=failure.message))
        await self._keep_prompts(owner, export.prompts)
        return ImportReport(reports)

    async def _keep_prompts(self, owner: str, found: list[dict[str, Any]]) -> None:
        """Keep the prompts whose names are new, while there is room; leave out items that are not prompts."""
        known = {each.name for each in await self._library.prompts(owner)} if found else set()
        for each in found[:MAX_PROMPTS]:  # each that does not fit would be asked about in the database
            with suppress(Failure, msgspec.ValidationError):
                prompt = msgspec.convert({name: each.get(name) for name in ("name", "text")}, NewPrompt)
                if prompt.name not in known:
                    await self._library.add_prompt(owner, prompt.name, prompt.text)
                    known.add(prompt.name)

    async def _folder(self, owner: str, name: str | None) -> str | None:
        """Return the id of the owner's folder of this name, which is made where it is missing."""
        if name is None:
            return None
        found = next((each.id for each in await self._library.folders(owner) if each.name == name), None)
        return found or (await self._library.add_folder(owner, name)).id

    async def _store(self, owner: str, conversation: Imported) -> str:
        """Store a conversation with its messages; return its id. On a failure, delete the part that is stored."""
        tree, written = Tree(owner, new_id()), conversation.messages
        settings = conversation.settings
        if len(settings.get("system") or "") > self._max_system_chars:
            settings = {**settings, "system": None}
        columns: dict[str, Any] = {name: getattr(conversation, name) for name in _COLUMNS}
        columns["folder"] = await self._folder(owner, conversation.folder)
        size = sum(utf8_bytes_of(each.text, each.thoughts) for each in written)
        async with self._database.writing(owner) as transaction:
            await self._sizes.check_import(transaction, owner, len(written), size)
            await tree.create(transaction, storable(conversation.title), as_stored(settings), **columns)
        try:
            for start in range(0, len(written), _PORTION):
                await self._add(tree, conversation, start)
        except BaseException:
            async with self._database.writing(owner) as transaction:
                await tree.mark_deleted(transaction)
            raise
        return tree.id

    async def _add(self, tree: Tree, conversation: Imported, start: int) -> None:
        portion, size = conversation.messages[start : start + _PORTION], 0
        async with self._database.writing(tree.owner) as transaction:
            for message in portion:
                size += await tree.add(transaction, **msgspec.structs.asdict(message))
            await tree.change(transaction, messages=len(portion), text_bytes=size, updated=conversation.updated)


def _read(found: dict[str, Any], folders: dict[str, str]) -> Imported:
    """Return a conversation of either form; raise `NotReadable`."""
    return from_chatgpt(found) if "mapping" in found else from_own(found, folders)


def _check_shape(body: bytes) -> None:
    """Raise `Failure` for a body that holds far more values than a text of its length would."""
    if containers_in([body]) > _MAX_CONTAINERS or commas_in([body]) > _MAX_VALUES:
        message = f"An import may hold at most {_MAX_CONTAINERS:,} objects and lists, and {_MAX_VALUES:,} values."
        raise Failure("message_too_large", f"{message} Send it in parts.")


def _export_in(body: bytes) -> _Export:
    """Return the export in a body, with its conversations not yet read.

    Raise `Failure` (`invalid_json`, `invalid_frame`, `message_too_large`).
    """
    _check_shape(body)
    try:
        found = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise Failure("invalid_json") from None
    if not (isinstance(found, dict) and isinstance(found.get("conversations"), list)):
        found = {"conversations": found if isinstance(found, list) else [found]}
    try:
        export = msgspec.convert(found, _Export)
    except msgspec.ValidationError:
        export = _Export()
    if not export.conversations:
        message = "An import is an export of this server, or ChatGPT's conversations.json."
        raise Failure("invalid_frame", message, field="conversations")
    if len(export.conversations) > _MAX_CONVERSATIONS:
        message = f"An import may hold at most {_MAX_CONVERSATIONS:,} conversations: send it in parts."
        raise Failure("invalid_frame", message, field="conversations")
    return export


def _title_of(found: dict[str, Any]) -> str:
    title = found.get("title")
    return storable(title[:200]) if isinstance(title, str) else ""
