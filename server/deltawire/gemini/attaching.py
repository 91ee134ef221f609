"""Put the files of a turn into its request: inline, or by the address of a copy at the provider."""

import secrets
from collections.abc import Sequence
from typing import Any, Final, TypeVar

import msgspec

from deltawire.gemini.messages import Attachment, encoded_size
from deltawire.gemini.remote_files import ApiAddress, RemoteFiles
from deltawire.gemini.streamed_body import FileSlot, StreamedBody, body_with_files
from deltawire.protocol.errors import Failure

MAX_INLINE_FILE_BYTES: Final = 8 * 2**20
MAX_INLINE_BYTES: Final = 20 * 2**20
"""The bytes of files that one request holds; what is over it goes through the Files API, the largest first."""
MAX_REQUEST_BYTES: Final = 10**8
"""The longest request that the provider takes. Where there is no Files API, the files of a turn must fit, in base64."""
_TOO_LARGE: Final = (
    f"The files of a turn may hold at most {MAX_REQUEST_BYTES * 3 // 4:,} bytes on Vertex AI, where FILES_URL is no "
    "gs:// address."
)

AnyMessage = TypeVar("AnyMessage", bound=msgspec.Struct)


class PlacedFiles:
    """The files of one request, each as the part that stands for it.

    The body of a request is made of texts. A mark, which nobody can guess, leads from a text to its files.
    """

    def __init__(self) -> None:
        """Start without files."""
        self.cached: list[Attachment] = []
        """Those that are asked by a copy at the provider that was there before."""
        self._slots: dict[bytes, FileSlot] = {}
        self._uris: dict[int, str] = {}
        self._left_out: set[int] = set()
        self._files_by_mark: dict[str, tuple[Attachment, ...]] = {}
        self._mark = secrets.token_hex(16)

    def use_address(self, file: Attachment, uri: str) -> None:
        """Ask with a file by its address."""
        self._uris[id(file)] = uri

    def leave_out(self, file: Attachment) -> None:
        """Ask without a file of an earlier message."""
        self._left_out.add(id(file))

    def mark(self, message: AnyMessage, field: str, files: tuple[Attachment, ...]) -> AnyMessage:
        """Return a message with a mark before the text in its `field`: there the parts of its files go."""
        if not files:
            return message
        mark = f"{self._mark}+{len(self._files_by_mark)}+"
        self._files_by_mark[mark] = files
        return msgspec.structs.replace(message, **{field: mark + getattr(message, field)})

    def fill(self, body: dict[str, Any]) -> dict[str, Any]:
        """Put the files of each marked message before its text, and take the marks out."""
        for content in body["contents"]:
            parts = content["parts"]
            if self._files_by_mark and isinstance(parts, list):
                content["parts"] = [filled for part in parts for filled in self._parts_of(part)]
        body["contents"] = [content for content in body["contents"] if content["parts"] != []]
        return body

    def _parts_of(self, part: dict[str, Any]) -> list[dict[str, Any]]:
        text = part.get("text", "")
        for mark, files in self._files_by_mark.items():
            if mark in text:
                rest = text.replace(mark, "", 1)
                parts = [self._part(file) for file in files if id(file) not in self._left_out]
                return [*parts, {"text": rest}] if rest else parts
        return [part]

    def _part(self, file: Attachment) -> dict[str, Any]:
        uri = self._uris.get(id(file))
        if uri is not None:
            return {"fileData": {"fileUri": uri, "mimeType": file.type}}
        slot = f"{self._mark}-{len(self._slots)}-"
        self._slots[slot.encode()] = FileSlot(file.source.read, file.size)
        return {"inlineData": {"mimeType": file.type, "data": slot}}

    def body(self, json: bytes) -> StreamedBody:
        """Return the body of the request whose JSON has the parts."""
        return body_with_files(json, self._slots)


async def place_files(
    earlier: Sequence[Attachment], own: Sequence[Attachment], remote: RemoteFiles | None, at: ApiAddress
) -> PlacedFiles:
    """Return the files of a request, with a copy at the provider of those that are too large to be inline.

    `own` are those of its message, `earlier` those of the messages before it. `remote` is None on Vertex, which has no
    Files API: there a file is inline, or has a `gs://` address. Raise `Failure`.
    """
    placed_files = PlacedFiles()
    if remote is None:
        _place_inline(earlier, own, placed_files)
        return placed_files
    files = [*earlier, *own]
    inline = sum(file.size for file in files)
    for file in sorted(files, key=lambda file: file.size, reverse=True):
        if file.size <= MAX_INLINE_FILE_BYTES and inline <= MAX_INLINE_BYTES:
            break
        inline -= file.size
        copy, is_new = await remote.copy_of(file, at)
        placed_files.use_address(file, copy.uri)
        if not is_new:
            placed_files.cached.append(file)
    return placed_files


def _place_inline(earlier: Sequence[Attachment], own: Sequence[Attachment], placed_files: PlacedFiles) -> None:
    """Keep files within one request: the oldest of earlier messages are left out, and too many of its own refused."""
    bytes_left = MAX_REQUEST_BYTES
    for index, file in enumerate([*own, *reversed(earlier)]):
        if (address := file.source.address) is not None:
            placed_files.use_address(file, address)
            continue
        bytes_left -= encoded_size(file.size)
        if bytes_left < 0 and index < len(own):
            raise Failure("message_too_large", _TOO_LARGE, field="files")
        if bytes_left < 0:
            placed_files.leave_out(file)
