"""Uploads: the bytes of a file are streamed to the object store. The file exists once all checks have passed.

    reserve (a row, "arriving") -> stream (inspect, digest, write the object) -> keep (the row, "kept")

When an upload ends in any other way, its row and its object are removed; after a crash, by the next start.
"""

import asyncio
import hashlib
import secrets
import time
from collections.abc import AsyncIterator
from typing import Final

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from deltawire.aio.budget import Budget
from deltawire.conversations.database import Database
from deltawire.conversations.files import rows
from deltawire.conversations.files.holder import Holder
from deltawire.conversations.files.inspection import Inspection
from deltawire.conversations.files.names import shown_name
from deltawire.conversations.files.objects import Objects
from deltawire.conversations.files.removal import Removal
from deltawire.conversations.files.rows import FileRow
from deltawire.conversations.files.schemas import FileBounds
from deltawire.conversations.lanes import Lanes
from deltawire.conversations.texts import new_id, storable
from deltawire.protocol.errors import Failure

_MEMORY_BYTES: Final = 40 * 2**20
"""Bytes of parts that the uploads of a process hold together; beyond them the next upload waits."""
_TO_A_FOLDER: Final = 16
"""Uploads of one caller that write to a folder at once."""
_TO_A_BUCKET: Final = 2
"""Uploads of one caller that write to a bucket at once: its parts are larger."""
_MAX_FILES: Final = 10_000
"""Files of one caller."""
_WRITES: Final = 2
"""Uploads that write to the database at once. The others wait here, where no time-out of the database runs."""
_HEARTBEAT_SECONDS: Final = 60.0


class Upload(msgspec.Struct, frozen=True, kw_only=True):
    """A file that a caller sends."""

    owner: str
    name: str
    claimed: str | None
    """The media type that the client names; None where it names none."""
    length: int | None
    """The bytes that the client announces; None where it announces none."""


class Uploads:
    """The uploads of a process."""

    def __init__(self, database: Database, objects: Objects, bounds: FileBounds, removal: Removal) -> None:
        """Start without uploads."""
        self._database = database
        self._objects = objects
        self._bounds = bounds
        self._removal = removal
        self.holder = Holder()
        self.running: set[str] = set()
        """The ids of the files that arrive in this process."""
        self._memory = Budget(_MEMORY_BYTES)
        self._writes = asyncio.Semaphore(_WRITES)
        self._lanes = Lanes(_TO_A_FOLDER if objects.is_local else _TO_A_BUCKET)

    async def take(self, upload: Upload, pieces: AsyncIterator[bytes]) -> FileRow:
        """Return the row of the file that these pieces make.

        Raise `Failure` (`message_too_large`, `budget_exhausted`, `invalid_file`, `unsupported`, `storage_full`,
        `store_unavailable`), and what `pieces` raises; then nothing is left.
        """
        if (upload.length or 0) > self._bounds.file_bytes:
            raise _too_large(self._bounds.file_bytes)
        inspection = Inspection(upload.claimed, upload.name, self._bounds.kinds)
        row = FileRow(
            id=new_id(),
            owner=upload.owner,
            state=rows.ARRIVING,
            holder=self.holder.name,
            name=storable(shown_name(upload.name)),
            type=upload.claimed or "",
            size=0,
            sha256=None,
            object=_new_key(),
            created=time.time(),
            used=time.time(),
            remote_name=None,
            remote_uri=None,
            remote_expires=None,
        )
        row = await self._reserve(row, upload.length)
        self.running.add(row.id)
        try:
            arrival = Arrival(row, inspection, self._bounds, self._database)
            part = 2 * self._objects.part_bytes
            async with self._lanes.of(upload.owner), self._memory.of(min(upload.length or part, part), upload.owner):
                await self._objects.put(row.object, arrival.checked(pieces))
            return await self._keep(arrival.stored_row())
        except BaseException:
            self._database.background.run(self._mark_deleted(row))
            raise
        finally:
            self.running.discard(row.id)

    async def _reserve(self, row: FileRow, length: int | None) -> FileRow:
        """Write the row with the most bytes that may come, so that uploads at once count each other."""
        async with self._writes, self._database.writing(row.owner) as transaction:
            await rows.lock_owner(transaction, row.owner)
            stored = await rows.stored_by(transaction, row.owner)
            room = self._bounds.caller_bytes - stored.size
            if stored.number >= _MAX_FILES:
                raise Failure("budget_exhausted", f"One caller may keep at most {_MAX_FILES:,} files.", retryable=False)
            if room < (length or 1):
                raise _no_room(self._bounds.caller_bytes)
            most = min(self._bounds.file_bytes, room) if length is None else length
            row = msgspec.structs.replace(row, size=most)
            await rows.add(transaction, row)
        return row

    async def _keep(self, row: FileRow) -> FileRow:
        """Make the upload a file. When its caller has files of the same bytes, all of them use the same object.

        That is the object of this upload where theirs is lost: a file is repaired by sending it again.
        """
        lost = await self._lost_objects(row)
        async with self._writes, self._database.writing(row.owner) as transaction:
            await rows.lock_owner(transaction, row.owner)
            same = await rows.twins(transaction, row.owner, row.sha256 or "")
            shared = next((twin.object for twin in same if twin.object not in lost), row.object)
            for old in lost:
                await rows.move(transaction, row.owner, old, shared)
                await self._leave_to_removal(transaction, row, old)
            twin = next((twin for twin in same if (twin.name, twin.type) == (row.name, row.type)), None)
            if twin is not None:
                await rows.use(transaction, [twin.id])
                arrived = await rows.end_arrival(transaction, row.id, state=rows.GONE, size=0)
                kept = msgspec.structs.replace(twin, object=shared)
            else:
                if row.object != shared:
                    await self._leave_to_removal(transaction, row, row.object)
                kept = msgspec.structs.replace(row, object=shared, state=rows.KEPT, holder=None)
                columns = ("name", "type", "size", "sha256", "object", "used", "state", "holder")
                arrived = await rows.end_arrival(transaction, row.id, **{name: getattr(kept, name) for name in columns})
            if not arrived:
                raise _given_up()
        if same:
            self._removal.run()
        return kept

    async def _lost_objects(self, row: FileRow) -> set[str]:
        """Return the objects that the caller's files of the same bytes have lost.

        The store is asked before the transaction, which must not wait for it. A lost object stays lost, because no key
        is used twice.
        """
        async with self._database.reading(row.owner) as connection:
            same = await rows.twins(connection, row.owner, row.sha256 or "")
        return {key for key in {twin.object for twin in same} if not await self._objects.has(key, row.size)}

    async def _leave_to_removal(self, transaction: AsyncConnection, row: FileRow, key: str) -> None:
        """Add a row that is gone and has this object: the removal deletes both."""
        spare = msgspec.structs.replace(row, id=new_id(), object=key, state=rows.GONE, size=0)
        await rows.add(transaction, spare)

    async def _mark_deleted(self, row: FileRow) -> None:
        """Remove the bytes that came. When the store is away, the next sweep removes them."""
        async with self._database.writing(row.owner) as transaction:
            await rows.change(transaction, row.id, state=rows.GONE, size=0)
        await self._objects.delete(row.object)
        async with self._database.writing(row.owner) as transaction:
            await rows.remove(transaction, row.id)


class Arrival:
    """The bytes of one upload while they come."""

    def __init__(self, row: FileRow, inspection: Inspection, bounds: FileBounds, database: Database) -> None:
        """`row.size` is the most bytes that may come."""
        self._row = row
        self._inspection = inspection
        self._bounds = bounds
        self._database = database
        self._digest = hashlib.sha256()
        self._size = 0
        self._type = ""
        self._noted_at = time.monotonic()

    async def checked(self, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """Yield the pieces; raise `Failure` before the end for a file that may not be kept."""
        async for piece in pieces:
            if not piece:
                continue
            self._size += len(piece)
            if self._size > self._row.size:
                is_too_large = self._size > self._bounds.file_bytes
                raise _too_large(self._bounds.file_bytes) if is_too_large else _no_room(self._bounds.caller_bytes)
            self._digest.update(piece)
            self._inspection.feed(piece)
            self._send_heartbeat()
            yield piece
        self._type = self._inspection.finish()

    def stored_row(self) -> FileRow:
        """Return the row of the whole file."""
        return msgspec.structs.replace(
            self._row, type=self._type, size=self._size, sha256=self._digest.hexdigest(), used=time.time()
        )

    def _send_heartbeat(self) -> None:
        """Note once a minute that this upload goes on: servers on other machines cannot know otherwise."""
        if time.monotonic() - self._noted_at > _HEARTBEAT_SECONDS:
            self._noted_at = time.monotonic()
            self._database.background.run(self._touch())

    async def _touch(self) -> None:
        async with self._database.writing(self._row.owner) as transaction:
            await rows.use(transaction, [self._row.id])


def _new_key() -> str:
    key = secrets.token_hex(16)
    return f"{key[:2]}/{key[2:]}"


def _given_up() -> Failure:
    message = "This upload took so long that it counted as abandoned; send the file again."
    return Failure("store_unavailable", message, cause="another process has given up an upload that went on")


def _too_large(limit: int) -> Failure:
    return Failure("message_too_large", f"A file may hold at most {limit:,} bytes; see MAX_FILE_BYTES.", field="body")


def _no_room(limit: int) -> Failure:
    message = f"The files of one caller may hold at most {limit:,} bytes; see MAX_FILES_BYTES_PER_CALLER. Delete some."
    return Failure("budget_exhausted", message, field="body", retryable=False)
