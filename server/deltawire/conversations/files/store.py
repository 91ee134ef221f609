"""The files of callers: take, find, read, list and delete them, and name them in turns and messages."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from typing import Final

from deltawire.aio.background import finished
from deltawire.conversations.database import Database
from deltawire.conversations.files import rows
from deltawire.conversations.files.objects import Objects
from deltawire.conversations.files.removal import Removal
from deltawire.conversations.files.rows import FileRow
from deltawire.conversations.files.schemas import File, FileBounds, FilePage, FileQuery, info_of
from deltawire.conversations.files.uploads import Upload, Uploads
from deltawire.protocol.errors import Failure

_GONE: Final = "There is no such file."


class FileStore:
    """The files of all callers. Each method raises `Failure`: `not_found`, `store_unavailable` and what it names."""

    def __init__(self, database: Database, objects: Objects, bounds: FileBounds) -> None:
        """Prepare; nothing is read or written yet."""
        self.database = database
        self.objects = objects
        self.bounds = bounds
        self.removal = Removal(database, objects)
        self.uploads = Uploads(database, objects, bounds, self.removal)

    async def take(self, upload: Upload, pieces: AsyncIterator[bytes]) -> File:
        """Keep the file that these pieces make; see `Uploads.take`.

        It runs in a task of its own: a store that is written to is told of the end of an upload that breaks off, which
        a cancelled task could not do.
        """
        row = await self.keep(upload, pieces)
        return info_of(row, self.bounds.lifetime)

    async def keep(self, upload: Upload, pieces: AsyncIterator[bytes]) -> FileRow:
        """Keep a file, and return its row."""
        return await finished(self.database.background.run(self.uploads.take(upload, pieces)))

    async def info(self, owner: str, name: str) -> File:
        """Return a file's name, type, size and dates; raise `not_found`."""
        return info_of(await self.find(owner, name), self.bounds.lifetime)

    async def find(self, owner: str, name: str) -> FileRow:
        """Return the row of a file."""
        async with self.database.reading(owner) as connection:
            found = await rows.find(connection, owner, [name])
        if name not in found:
            raise Failure("not_found", _GONE)
        return found[name]

    def read(self, row: FileRow) -> AsyncGenerator[bytes, None]:
        """Yield the bytes of a file."""
        return self._read(row)

    async def _read(self, row: FileRow) -> AsyncGenerator[bytes, None]:
        try:
            async for piece in self.objects.read(row.object, row.size):
                yield piece
        except FileNotFoundError:
            message = "The bytes of this file are not where they were."
            raise Failure("store_unavailable", message, cause="an object is missing") from None

    async def page(self, owner: str, query: FileQuery) -> FilePage:
        """Return the owner's files, the newest first."""
        before = None
        if query.cursor is not None:
            created, _, name = query.cursor.partition("_")
            before = (float(created), name)
        async with self.database.reading(owner) as connection:
            found = await rows.newest(connection, owner, query.limit + 1, before)
        shown = [info_of(row, self.bounds.lifetime) for row in found[: query.limit]]
        last = found[query.limit - 1] if len(found) > query.limit else None
        return FilePage(shown, None if last is None else f"{last.created:.9f}_{last.id}")

    async def delete(self, owner: str, name: str, *, unnamed: bool = False) -> None:
        """Delete a file: it is gone at once, even for messages that name it; its bytes are removed later.

        With `unnamed` a file that a message names stays: a caller who sends the same bytes again has the same file.
        """
        async with self.database.writing(owner) as transaction:
            await rows.lock_owner(transaction, owner)
            found = await rows.find(transaction, owner, [name])
            if name not in found:
                raise Failure("not_found", _GONE)
            if unnamed and found[name].is_named:
                return
            await rows.change(transaction, name, state=rows.GONE, size=0)
        self.removal.run()

    async def find_and_use(self, owner: str, fields: Mapping[str, str]) -> list[FileRow]:
        """Return the files of a question in their order, and note their use.

        `fields` has the field of each id. Raise `not_found` with it.
        """
        async with self.database.writing(owner) as transaction:
            found = await rows.find(transaction, owner, list(fields))
            for name, field in fields.items():
                if name not in found:
                    raise Failure("not_found", _GONE, field=field)
            await rows.use(transaction, list(fields))
        return [found[name] for name in fields]

    async def remember_remote(self, row: FileRow, name: str | None, uri: str | None, expires: float | None) -> None:
        """Note where the provider has a copy of a file, and until when; None for a copy that is gone.

        `expires` is in seconds since 1970. Raise `not_found` for a file that was deleted meanwhile.
        """
        async with self.database.writing(row.owner) as transaction:
            if not await rows.remember_copy(transaction, row.id, name, uri, expires):
                raise Failure("not_found", _GONE, field="files")

    async def remote(self, row: FileRow) -> FileRow:
        """Return the row as it is now, with the provider's copy; another turn may have sent it meanwhile."""
        async with self.database.reading(row.owner) as connection:
            return (await rows.find(connection, row.owner, [row.id])).get(row.id, row)
