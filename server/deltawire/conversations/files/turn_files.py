"""The files of turns: those of a question, and those of the messages before it."""

from collections.abc import AsyncIterator, Sequence
from mimetypes import guess_extension

from deltawire.conversations.files import rows
from deltawire.conversations.files.attached import attachments_of
from deltawire.conversations.files.filed_messages import FiledMessage
from deltawire.conversations.files.rows import FileRow
from deltawire.conversations.files.store import FileStore
from deltawire.conversations.files.uploads import Upload
from deltawire.gemini.events import MadeFile
from deltawire.gemini.messages import StoredMessage, paths_by_file, with_files
from deltawire.gemini.messages import attachments_of as inline_attachments_of
from deltawire.protocol.chat_request import ChatRequest, HistoryMessage


class TurnFiles:
    """The files of all turns of a process."""

    def __init__(self, store: FileStore) -> None:
        """Use this store."""
        self._store = store

    async def look_up(self, owner: str, request: ChatRequest) -> list[FileRow]:
        """Return the files of a question in their order. Raise `Failure` (`not_found`) with the field."""
        return await self._store.find_and_use(owner, paths_by_file(request))

    async def find_stored(self, owner: str, ids: Sequence[str]) -> list[FileRow]:
        """Return those of these files that are still there, in their order."""
        async with self._store.database.reading(owner) as connection:
            found = await rows.find(connection, owner, ids)
        return [found[name] for name in ids if name in found]

    async def attach(
        self, owner: str, request: ChatRequest, own_files: Sequence[FileRow], history: list[HistoryMessage]
    ) -> tuple[ChatRequest, list[HistoryMessage]]:
        """Return a request and its history with the files that they name; a deleted file is left out of the history."""
        ids = [name for message in history if isinstance(message, FiledMessage) for name in message.files]
        found: dict[str, FileRow] = {}
        if ids:
            async with self._store.database.reading(owner) as connection:
                found = await rows.find(connection, owner, set(ids))
        bytes_left = self._store.bounds.history_bytes
        attached: list[HistoryMessage] = []
        for message in reversed(history):
            if not isinstance(message, FiledMessage):
                attached.append(message)
                continue
            within_bound = []
            for row in (found[name] for name in message.files if name in found):
                bytes_left -= row.size
                if bytes_left >= 0:
                    within_bound.append(row)
            files = attachments_of(self._store, within_bound)
            attached.append(StoredMessage(message.role, message.text, files=files))
        return with_files(
            request, (*inline_attachments_of(request), *attachments_of(self._store, own_files))
        ), attached[::-1]

    async def keep(self, owner: str, made: MadeFile, number: int) -> FileRow:
        """Keep a file that the model made; raise `Failure` as an upload does."""
        name = f"{made.type.partition('/')[0]}-{number}{guess_extension(made.type) or ''}"
        upload = Upload(owner=owner, name=name, claimed=made.type, length=len(made.data))

        async def pieces() -> AsyncIterator[bytes]:
            for start in range(0, len(made.data), 2**16):
                yield made.data[start : start + 2**16]

        return await self._store.keep(upload, pieces())
