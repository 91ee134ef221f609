"""Files that come within a request: they are inspected as uploads are, asked with, and not kept."""

from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import AsyncIterator

from deltawire.conversations.files.attached import sent_type
from deltawire.conversations.files.inspection import Inspection
from deltawire.conversations.files.schemas import FileBounds
from deltawire.gemini.messages import Attachment, RemoteCopy
from deltawire.protocol.errors import Failure, too_large


class InlineFile:
    """The bytes of a file in memory; see `gemini.messages.FileSource`."""

    def __init__(self, data: bytes) -> None:
        """Nothing is known yet of a copy."""
        self._data = data
        self._copy: RemoteCopy | None = None

    @property
    def address(self) -> None:
        """None: the provider cannot read it itself."""
        return

    async def read(self) -> AsyncIterator[bytes]:
        """Yield the bytes."""
        yield self._data

    async def copy(self) -> RemoteCopy | None:
        """Return the copy at the provider."""
        return self._copy

    async def keep_copy(self, copy: RemoteCopy | None) -> None:
        """Remember a copy, or that there is none."""
        self._copy = copy


def inline_file(data: str, claimed: str | None, name: str, bounds: FileBounds, field: str) -> Attachment:
    """Return the file that is this base64. Raise `Failure` with the field."""
    try:
        whole = b64decode(data, validate=True)
    except (NotBase64, ValueError):
        raise Failure("invalid_frame", f"{field} must be base64.", field=field) from None
    if len(whole) > bounds.file_bytes:
        raise too_large(field, bounds.file_bytes)
    try:
        inspection = Inspection(claimed, name, bounds.kinds)
        inspection.feed(whole)
        kind = inspection.finish()
    except Failure as failure:
        raise failure.about(field) from None
    return Attachment(type=sent_type(kind), size=len(whole), source=InlineFile(whole))
