"""The files in the messages of OpenAI's requests: pictures, sound, documents, and names of files of this server."""

import re
from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal

from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from deltawire.protocol.chat_request import STORED_ID, ChatRequest, HistoryMessage
from deltawire.protocol.errors import Failure
from deltawire.protocol.openai.fields import FieldRow, ignored, rows_of

DATA_URL: Final = "a data: URL in base64; the server fetches no address that a client names"
FILE_DATA: Final = "a data: URL, or base64"
A_FILE_ID: Final = "the `id` of a file that was sent to `POST /files`"
NO_DETAIL: Final = "the provider decides"
_DATA_URL_CHARS: Final = 1_000
"""The most characters before the base64 of a data: URL. The expression takes 140 bytes of memory for each semicolon."""
_data_url = re.compile(r"data:([^,;]*)(?:;[^,;]*)*?;base64,", re.IGNORECASE)
_TEXTS: Final = ("text/", "application/json")

FileName = Annotated[str, Meta(max_length=255, description="a string, of at most 255 characters")]
FileId = Annotated[str, Meta(pattern=STORED_ID, description=A_FILE_ID)]


class GivenFile(Struct, frozen=True, kw_only=True):
    """A file of a message: its bytes in base64, or its id."""

    path: str
    """The path of it in the request."""
    data: str = ""
    start: int = 0
    """The place in `data` at which the base64 begins: a data: URL is not copied."""
    claimed: str | None = None
    """The media type that the client names, where the bytes of the file do not show their type: of a text."""
    name: str = ""
    id: str | None = None

    def __repr__(self) -> str:
        """Return the path: the bytes do not reach a log."""
        return f"GivenFile({self.path})"


class GivenMessage(HistoryMessage, frozen=True, kw_only=True, gc=False):
    """An earlier message with its files."""

    files: tuple[GivenFile, ...]


class MadePictures(GivenMessage, frozen=True, kw_only=True, gc=False):
    """Pictures that the model made, given to it again."""


class GivenRequest(ChatRequest, frozen=True, kw_only=True):
    """The request of a turn whose question or history has files."""

    given: tuple[GivenFile, ...] = ()


class ImageUrl(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A picture of a chat completion."""

    url: Annotated[str, Meta(description=DATA_URL)]
    detail: Annotated[Raw, ignored(NO_DETAIL)] | UnsetType = UNSET


class InputAudio(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Sound."""

    data: Annotated[str, Meta(description="base64")]
    format: Annotated[Literal["wav", "mp3"], Meta(description='"wav" or "mp3"')]


class ChatFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file of a chat completion."""

    file_data: Annotated[str, Meta(description=FILE_DATA)] | None = None
    file_id: FileId | None = None
    filename: FileName | None = None


FILE_ROWS: Final[tuple[FieldRow, ...]] = (
    *rows_of(ImageUrl, "messages[].content[].image_url."),
    *rows_of(InputAudio, "messages[].content[].input_audio."),
    *rows_of(ChatFile, "messages[].content[].file."),
)


def picture_of(url: str, path: str) -> GivenFile:
    """Return the file of a data: URL. Raise `Failure` for any other address."""
    found = _data_url.match(url, 0, _DATA_URL_CHARS)
    if found is None:
        raise Failure("invalid_frame", f"{path} must be {DATA_URL}.", field=path)
    return GivenFile(path=path, data=url, start=found.end(), claimed=_claim(found[1]))


def document_of(data: str | None, file: str | None, name: str | None, path: str, field: str = "file_data") -> GivenFile:
    """Return a file, which is given by its bytes or by its id. Raise `Failure` unless there is one of them."""
    if (data is None) == (file is None):
        raise Failure("invalid_frame", f"{path} must have file_data or file_id.", field=path)
    if file is not None or data is None:
        return GivenFile(path=f"{path}.file_id", id=file)
    found = _data_url.match(data, 0, _DATA_URL_CHARS)
    start, claimed = (0, None) if found is None else (found.end(), _claim(found[1]))
    return GivenFile(path=f"{path}.{field}", data=data, start=start, claimed=claimed, name=name or "")


def given_chars(request: ChatRequest) -> int:
    """Return the characters of base64 in the files of a request."""
    if not isinstance(request, GivenRequest):
        return 0
    earlier = [file for message in request.history or () if isinstance(message, GivenMessage) for file in message.files]
    return sum([len(file.data) - file.start for file in (*request.given, *earlier)])


def _claim(media_type: str) -> str | None:
    """Return the media type of a text; None for any other, which the bytes show."""
    kind = media_type.strip().lower()
    return kind if kind.startswith(_TEXTS) else None


def given_request(request: ChatRequest, files: Sequence[GivenFile]) -> ChatRequest:
    """Return a request with these files of its question, where it has any, or its history has."""
    if not files and not any(isinstance(message, GivenMessage) for message in request.history or ()):
        return request
    fields: dict[str, Any] = {name: getattr(request, name) for name in ChatRequest.__struct_fields__}
    return GivenRequest(**fields, given=tuple(files))
