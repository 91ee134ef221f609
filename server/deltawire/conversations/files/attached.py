"""The files of a turn, as the upstream's request needs them: each is read from the store while it is sent."""

from collections.abc import AsyncIterator, Iterable
from typing import Final

from deltawire.conversations.files.rows import FileRow
from deltawire.conversations.files.store import FileStore
from deltawire.gemini.messages import Attachment, RemoteCopy

_KNOWN_TEXTS: Final = frozenset({"text/plain", "text/csv"})
"""Media types of texts that the provider knows."""


class AttachedFile:
    """A file of the store; see `gemini.messages.FileSource`."""

    def __init__(self, store: FileStore, row: FileRow) -> None:
        """Prepare; nothing is read yet."""
        self._store = store
        self._row = row

    @property
    def address(self) -> str | None:
        """The `gs://` address of the object, where the store is Google's."""
        return self._store.objects.address_of(self._row.object)

    def read(self) -> AsyncIterator[bytes]:
        """Yield the bytes; raise `Failure`."""
        return self._store.read(self._row)

    async def copy(self) -> RemoteCopy | None:
        """Return the copy at the provider."""
        row = await self._store.remote(self._row)
        if row.remote_name is None or row.remote_uri is None or row.remote_expires is None:
            return None
        return RemoteCopy(row.remote_name, row.remote_uri, row.remote_expires)

    async def keep_copy(self, copy: RemoteCopy | None) -> None:
        """Remember a copy, or that there is none."""
        if copy is None:
            await self._store.remember_remote(self._row, None, None, None)
        else:
            await self._store.remember_remote(self._row, copy.name, copy.uri, copy.expires)


def attachments_of(store: FileStore, rows: Iterable[FileRow]) -> tuple[Attachment, ...]:
    """Return files as the upstream takes them."""
    return tuple(Attachment(type=sent_type(row.type), size=row.size, source=AttachedFile(store, row)) for row in rows)


def sent_type(stored_type: str) -> str:
    """Return the media type for the provider, which knows few types of text: source code is plain text to it."""
    is_text = not stored_type.startswith(("image/", "audio/", "application/pdf"))
    return "text/plain" if is_text and stored_type not in _KNOWN_TEXTS else stored_type
