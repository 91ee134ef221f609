"""The Structs of files that a client reads and writes."""

from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

from deltawire.conversations.files.rows import FileRow
from deltawire.protocol.decoding import StrictDecoder, rules_of
from deltawire.protocol.shown import ShownFile

_MAX_PAGE: Final = 100


class File(Struct, frozen=True, kw_only=True):
    """A file. Times are seconds since 1970; `expires` is null while a message of a conversation names it."""

    id: str
    name: str
    type: str
    size: int
    sha256: str
    created: float
    expires: float | None


class FilePage(Struct, frozen=True):
    """A page of files, the newest first; `next` is the cursor of the next page."""

    files: list[File]
    next: str | None


class FileQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """The files to list: parameters of the URL."""

    limit: Annotated[int, Meta(ge=1, le=_MAX_PAGE, description=f"a whole number from 1 to {_MAX_PAGE}")] = 50
    cursor: (
        Annotated[str, Meta(pattern=r"^[0-9]{1,12}\.[0-9]{1,9}_[A-Za-z0-9_-]{1,64}$", description="what `next` held")]
        | None
    ) = None


class UploadQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """The parameters of an upload's URL."""

    name: Annotated[str, Meta(max_length=1_000, description="a name of at most 1,000 characters")] = ""


class DeleteQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """The parameters of a deletion's URL."""

    unnamed: Annotated[
        bool, Meta(description="true or false: true leaves a file that a message of a conversation names")
    ] = False


class FileBounds(msgspec.Struct, frozen=True, kw_only=True):
    """The bounds of files."""

    file_bytes: int
    caller_bytes: int
    history_bytes: int
    """The most bytes of files of earlier messages that a turn is asked with."""
    lifetime: float
    """Seconds from its last use until a file that no message names is removed."""
    kinds: frozenset[str]
    """The words of FILE_TYPES."""


read_query = StrictDecoder[FileQuery](FileQuery, rules_of(FileQuery)).read_query
read_delete = StrictDecoder[DeleteQuery](DeleteQuery, rules_of(DeleteQuery)).read_query
read_upload = StrictDecoder[UploadQuery](UploadQuery, rules_of(UploadQuery)).read_query


def info_of(row: FileRow, lifetime: float) -> File:
    """Return a file as a client sees it."""
    return File(
        id=row.id,
        name=row.name,
        type=row.type,
        size=row.size,
        sha256=row.sha256 or "",
        created=row.created,
        expires=None if row.is_named else row.used + lifetime,
    )


def shown_of(row: FileRow) -> ShownFile:
    """Return a file as a message names it."""
    return ShownFile(id=row.id, name=row.name, type=row.type, size=row.size)
