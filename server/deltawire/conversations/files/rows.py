"""The statements on the tables of files; each runs in the caller's transaction."""

import time
from collections.abc import Collection, Sequence
from typing import Any, Final, NamedTuple

import msgspec
from sqlalchemy import BigInteger, Row, delete, exists, func, insert, literal, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from deltawire.conversations.tables import files, message_files, messages

ARRIVING: Final = "arriving"
KEPT: Final = "kept"
GONE: Final = "gone"
_LOCK_OWNER: Final = text("SELECT pg_advisory_xact_lock(4927161, hashtext(CAST(:owner AS TEXT)))")


class FileRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `files`. Times are seconds since 1970, sizes bytes; `is_named` is True where a message names it."""

    id: str
    owner: str
    state: str
    holder: str | None
    name: str
    type: str
    size: int
    sha256: str | None
    object: str
    created: float
    used: float
    remote_name: str | None
    remote_uri: str | None
    remote_expires: float | None
    is_named: bool = False


_COLUMNS: Final = tuple(files.c[name] for name in FileRow.__struct_fields__ if name != "is_named")
_named: Final = exists().where(message_files.c.file == files.c.id).label("is_named")


def _row(found: Row[*tuple[Any, ...]]) -> FileRow:
    return FileRow(**{name: getattr(found, name) for name in FileRow.__struct_fields__})


async def lock_owner(connection: AsyncConnection, owner: str) -> None:
    """Let the transactions on one owner's files run one after the other. SQLite has one writer anyway."""
    if connection.dialect.name == "postgresql":
        await connection.execute(_LOCK_OWNER, {"owner": owner})


class StoredFiles(NamedTuple):
    """The files of one owner: their number, and the bytes of their objects, of which each counts once."""

    number: int
    size: int


async def stored_by(connection: AsyncConnection, owner: str) -> StoredFiles:
    """Return the sums over an owner's files."""
    objects = select(func.count().label("number"), func.max(files.c.size).label("size"))
    mine = objects.where(files.c.owner == owner, files.c.state != GONE).group_by(files.c.object).subquery()
    sums = select(func.coalesce(func.sum(mine.c.number), 0), func.coalesce(func.sum(mine.c.size), 0))
    number, size = (await connection.execute(sums)).one()
    return StoredFiles(int(number), int(size))


async def add(connection: AsyncConnection, row: FileRow) -> None:
    """Write a row."""
    columns = msgspec.structs.asdict(row)
    del columns["is_named"]
    await connection.execute(insert(files).values(columns))


async def change(connection: AsyncConnection, file: str, **columns: Any) -> None:
    """Change the row with this id."""
    await connection.execute(update(files).where(files.c.id == file).values(columns))


async def end_arrival(connection: AsyncConnection, file: str, **columns: Any) -> bool:
    """Change the row of a file that arrives; return False where it does not arrive any more."""
    statement = update(files).where(files.c.id == file, files.c.state == ARRIVING).values(columns)
    return (await connection.execute(statement)).rowcount > 0


async def move(connection: AsyncConnection, owner: str, old: str, new: str) -> None:
    """Let an owner's files with the object `old` have the object `new`."""
    chosen = (files.c.owner == owner, files.c.object == old, files.c.state == KEPT)
    await connection.execute(update(files).where(*chosen).values(object=new))


async def remember_copy(
    connection: AsyncConnection, file: str, name: str | None, uri: str | None, expires: float | None
) -> bool:
    """Note the provider's copy of a file; return False for a file that is not kept any more."""
    statement = update(files).where(files.c.id == file, files.c.state == KEPT)
    changed = await connection.execute(statement.values(remote_name=name, remote_uri=uri, remote_expires=expires))
    return changed.rowcount > 0


async def remove(connection: AsyncConnection, name: str) -> None:
    """Remove the row with this id."""
    await connection.execute(delete(files).where(files.c.id == name))


async def find(connection: AsyncConnection, owner: str, ids: Collection[str]) -> dict[str, FileRow]:
    """Return those of an owner's files that have these ids, by id."""
    chosen = select(*_COLUMNS, _named).where(files.c.id.in_(ids), files.c.owner == owner, files.c.state == KEPT)
    return {row.id: _row(row) for row in (await connection.execute(chosen)).all()}


async def newest(
    connection: AsyncConnection, owner: str, limit: int, before: tuple[float, str] | None
) -> list[FileRow]:
    """Return a page of an owner's files, the newest first.

    `before` is the `created` and the id of the last file of the page before; None for the first page.
    """
    chosen = select(*_COLUMNS, _named).where(files.c.owner == owner, files.c.state == KEPT)
    if before is not None:
        created, name = before
        earlier = (files.c.created < created) | ((files.c.created == created) & (files.c.id < name))
        chosen = chosen.where(earlier)
    chosen = chosen.order_by(files.c.created.desc(), files.c.id.desc()).limit(limit)
    return [_row(row) for row in (await connection.execute(chosen)).all()]


async def twins(connection: AsyncConnection, owner: str, sha256: str) -> list[FileRow]:
    """Return an owner's files with the same bytes."""
    same = (files.c.owner == owner, files.c.sha256 == sha256, files.c.state == KEPT)
    return [_row(row) for row in (await connection.execute(select(*_COLUMNS, _named).where(*same))).all()]


async def in_state(connection: AsyncConnection, state: str, limit: int) -> list[FileRow]:
    """Return files in a state, the longest unused first."""
    chosen = select(*_COLUMNS, _named).where(files.c.state == state).order_by(files.c.used).limit(limit)
    return [_row(row) for row in (await connection.execute(chosen)).all()]


async def expired(connection: AsyncConnection, before: float, limit: int) -> list[FileRow]:
    """Return files that were last used before this time, in seconds since 1970, and that no message names."""
    chosen = select(*_COLUMNS, _named).where(files.c.state == KEPT, files.c.used < before, ~_named.element)
    return [_row(row) for row in (await connection.execute(chosen.order_by(files.c.used).limit(limit))).all()]


async def has_others(connection: AsyncConnection, row: FileRow) -> bool:
    """Return whether another file has the same object."""
    other = select(files.c.id).where(files.c.object == row.object, files.c.id != row.id, files.c.state != GONE)
    return (await connection.execute(other.limit(1))).first() is not None


async def use(connection: AsyncConnection, ids: Collection[str]) -> None:
    """Note that files are used now."""
    await connection.execute(update(files).where(files.c.id.in_(ids)).values(used=time.time()))


async def name_in_message(connection: AsyncConnection, message: str, ids: Sequence[str]) -> None:
    """Note the files of a message, in their order; one that was deleted meanwhile is left out."""
    for position, name in enumerate(ids):
        there = select(literal(message), literal(position, BigInteger), files.c.id)
        there = there.where(files.c.id == name, files.c.state == KEPT)
        await connection.execute(insert(message_files).from_select(["message", "position", "file"], there))


async def of_conversation(connection: AsyncConnection, owner: str, conversation: str) -> list[FileRow]:
    """Return the files that the messages of a conversation name, each once."""
    file_ids = select(message_files.c.file).join(messages, messages.c.id == message_files.c.message)
    file_ids = file_ids.where(messages.c.conversation == conversation)
    chosen = select(*_COLUMNS, _named).where(files.c.id.in_(file_ids), files.c.owner == owner, files.c.state == KEPT)
    return [_row(row) for row in (await connection.execute(chosen.order_by(files.c.created, files.c.id))).all()]


async def mark_deleted(connection: AsyncConnection, row: FileRow, state: str) -> None:
    """Mark a file as gone, unless it was used, named or kept since this row was read."""
    same = (files.c.id == row.id, files.c.state == state, files.c.used == row.used)
    unnamed = ~exists().where(message_files.c.file == files.c.id)
    await connection.execute(update(files).where(*same, unnamed).values(state=GONE, size=0))
