"""Files that come within a request: they are inspected as uploads are, asked with, and not kept."""

import asyncio
from binascii import Error as NotBase64
from binascii import a2b_base64
from collections.abc import AsyncIterator, Sequence
from typing import Final

from deltawire.conversations.files.attached import sent_type
from deltawire.conversations.files.inspection import Inspection
from deltawire.conversations.files.schemas import FileBounds
from deltawire.gemini.messages import Attachment, RemoteCopy
from deltawire.protocol.errors import Failure
from deltawire.protocol.openai.given_files import GivenFile

_PIECE_CHARS: Final = 2**18
"""The characters that are decoded at once: a multiple of four, which takes less than a millisecond."""


class InlineFile:
    """The bytes of a file in memory; see `gemini.messages.FileSource`."""

    def __init__(self, pieces: Sequence[bytes]) -> None:
        """Nothing is known yet of a copy."""
        self._pieces = pieces
        self._copy: RemoteCopy | None = None

    @property
    def address(self) -> None:
        """None: the provider cannot read it itself."""
        return

    async def read(self) -> AsyncIterator[bytes]:
        """Yield the bytes."""
        for piece in self._pieces:
            yield piece

    async def copy(self) -> RemoteCopy | None:
        """Return the copy at the provider."""
        return self._copy

    async def keep_copy(self, copy: RemoteCopy | None) -> None:
        """Remember a copy, or that there is none."""
        self._copy = copy


async def inline_file(file: GivenFile, bounds: FileBounds) -> Attachment:
    """Return the file that is given in base64. Raise `Failure` with its path. Others go first between its pieces."""
    size = (len(file.data) - file.start) // 4 * 3
    if size > bounds.file_bytes + 2:  # of its last three bytes, two may be padding
        raise _too_large(file.path, bounds.file_bytes)
    pieces = []
    try:
        inspection = Inspection(file.claimed, file.name, bounds.kinds)
        for start in range(file.start, len(file.data), _PIECE_CHARS):
            pieces.append(_decoded(file, start))
            inspection.feed(pieces[-1])
            await asyncio.sleep(0)
        kind = inspection.finish()
    except Failure as failure:
        raise failure.about(file.path) from None
    size = sum(map(len, pieces))
    if size > bounds.file_bytes:
        raise _too_large(file.path, bounds.file_bytes)
    return Attachment(type=sent_type(kind), size=size, source=InlineFile(pieces))


def _decoded(file: GivenFile, start: int) -> bytes:
    """Return the bytes of one piece. Raise `Failure` where it is not base64, or ends before the last piece."""
    piece = file.data[start : start + _PIECE_CHARS]
    is_last = start + _PIECE_CHARS >= len(file.data)
    try:
        if not is_last and "=" in piece:
            raise NotBase64
        return a2b_base64(piece, strict_mode=True)
    except ValueError:
        raise Failure("invalid_frame", f"{file.path} must be base64.", field=file.path) from None


def _too_large(path: str, limit: int) -> Failure:
    return Failure("message_too_large", f"{path} may hold at most {limit:,} bytes; see MAX_FILE_BYTES.", field=path)
