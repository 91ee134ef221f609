"""A conversation with its files as one archive, made while it is sent."""

import zipfile
from collections.abc import AsyncGenerator

from deltawire.conversations.files import rows
from deltawire.conversations.files.store import FileStore


class _Outlet:
    """Collects the bytes of the archive until they are sent. It cannot be read, and has no seek."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._pieces.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Do nothing: the bytes are sent when `take` has returned them."""

    def take(self) -> bytes:
        data = b"".join(self._pieces)
        self._pieces.clear()
        return data


async def archive(
    store: FileStore, owner: str, conversation: str, document: AsyncGenerator[bytes, None], name: str
) -> AsyncGenerator[bytes, None]:
    """Yield a ZIP archive of a document and the files of its conversation, which are not compressed again.

    Each file lies in a folder of its own, which has its id for a name, so two of one name do not meet.
    """
    async with store.database.reading(owner) as connection:
        found = await rows.of_conversation(connection, owner, conversation)
    outlet = _Outlet()
    with zipfile.ZipFile(outlet, "w", zipfile.ZIP_STORED) as archive_file:  # type: ignore[call-overload]
        with archive_file.open(name, "w", force_zip64=True) as entry:
            async for piece in document:
                entry.write(piece)
                yield outlet.take()
        for row in found:
            with archive_file.open(f"files/{row.id}/{row.name}", "w", force_zip64=True) as entry:
                async for piece in store.read(row):
                    entry.write(piece)
                    yield outlet.take()
    yield outlet.take()
