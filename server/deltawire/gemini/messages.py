"""Messages as the upstream is asked with them: with the parts and files that are not in their text."""

from collections.abc import AsyncIterator, Sequence
from typing import NamedTuple, Protocol

import msgspec

from deltawire.protocol.chat_request import ChatRequest, HistoryMessage


class RemoteCopy(msgspec.Struct, frozen=True):
    """A file's copy at the provider: its name there, its address, and its expiry in seconds since 1970."""

    name: str
    uri: str
    expires: float


class FileSource(Protocol):
    """The bytes of a file, and what is known of its copy at the provider. The bytes are the truth."""

    @property
    def address(self) -> str | None:
        """The `gs://` address at which the provider may read the file itself; None where there is none."""
        ...

    def read(self) -> AsyncIterator[bytes]:
        """Yield the bytes; raise `Failure`."""
        ...

    async def copy(self) -> RemoteCopy | None:
        """Return the copy at the provider, expired or not; None where none is known. Raise `Failure`."""
        ...

    async def keep_copy(self, copy: RemoteCopy | None) -> None:
        """Remember a copy, or that there is none. Raise `Failure`."""
        ...


class Content(NamedTuple):
    """One content of a request: of the model (`model`), or of the client's functions (`user`)."""

    role: str
    parts: bytes
    """A JSON array."""


Exchange = Sequence[Content]
"""The contents after the message of a turn: the model's parts and the results of its calls, in their order."""


class Attachment(msgspec.Struct, frozen=True, kw_only=True):
    """A file that is asked with a message; `size` is in bytes."""

    type: str
    size: int
    source: FileSource

    def __repr__(self) -> str:
        """Return the type and the size: neither the bytes nor an address reach a log."""
        return f"Attachment({self.type}, {self.size} bytes)"


class StoredMessage(HistoryMessage, frozen=True, kw_only=True, gc=False):
    """An earlier message with its parts and its files."""

    parts: bytes | None = None
    """The contents of the answer, to be sent back unchanged; None where the text says all.

    It is JSON: the model's parts; or where functions were called, the contents of all rounds (`contents_of`).
    """
    signed_for: str | None = None
    """The only model that accepts the signatures in the parts; None where no model checks them any more."""
    files: tuple[Attachment, ...] = ()


class FiledRequest(ChatRequest, frozen=True, kw_only=True):
    """The request of a turn that is asked with files, of its own message or of earlier ones."""

    attachments: tuple[Attachment, ...] = ()
    file_paths: tuple[str, ...] = ()
    """The path of each of its `files` in the body of the client, where that has no field of this name."""


def with_files(request: ChatRequest, attachments: tuple[Attachment, ...]) -> FiledRequest:
    """Return a request with the files that are asked with it."""
    fields = {name: getattr(request, name) for name in ChatRequest.__struct_fields__}
    return FiledRequest(**fields, attachments=attachments)


def files_of(message: HistoryMessage) -> tuple[Attachment, ...]:
    """Return the files of an earlier message."""
    return message.files if isinstance(message, StoredMessage) else ()


def attachments_of(request: ChatRequest) -> tuple[Attachment, ...]:
    """Return the files of a request's own message."""
    return request.attachments if isinstance(request, FiledRequest) else ()


def paths_by_file(request: ChatRequest) -> dict[str, str]:
    """Return the ids of the files that a request names, each once and with its first path in the client's body."""
    ids = request.files or ()
    paths = request.file_paths if isinstance(request, FiledRequest) else [f"files[{at}]" for at in range(len(ids))]
    found: dict[str, str] = {}
    for name, path in zip(ids, paths, strict=True):
        found.setdefault(name, path)
    return found


def exchange_of(contents: Exchange) -> bytes:
    """Return the JSON to store with an answer: the model's parts, or the contents of several rounds."""
    if len(contents) == 1:
        return contents[0].parts
    encoded = [b'{"role":"%b","parts":%b}' % (content.role.encode(), content.parts) for content in contents]
    return b"[%b]" % b",".join(encoded)


class _StoredContent(msgspec.Struct):
    parts: msgspec.Raw
    role: str


_read_contents = msgspec.json.Decoder(list[_StoredContent]).decode


def contents_of(exchange: bytes) -> Exchange:
    """Return the contents that `exchange_of` has encoded."""
    try:
        return [Content(content.role, bytes(content.parts)) for content in _read_contents(exchange)]
    except msgspec.ValidationError:
        return [Content("model", exchange)]


def encoded_size(size: int) -> int:
    """Return the size in base64 of this many bytes."""
    return 4 * ((size + 2) // 3)
