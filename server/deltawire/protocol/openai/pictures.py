"""The pictures that a model makes, in the answers of chat completions and in the messages that bring them back."""

from collections.abc import Sequence
from typing import Annotated, Final, Literal, NamedTuple

from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from deltawire.protocol.frames import PictureFrame
from deltawire.protocol.openai.fields import FieldRow, ignored, rows_of
from deltawire.protocol.openai.given_files import GivenFile, ImageUrl, picture_of
from deltawire.protocol.openai.reasons import OF_ANSWER
from deltawire.protocol.shown import ShownCall


class PlacedPicture(NamedTuple):
    """A picture of a whole answer."""

    at: int
    """The characters of the answer's text that came before it."""
    frame: PictureFrame


PartBesidesText = ShownCall | PlacedPicture
"""A part of a whole answer that is neither text nor thought."""


class PictureUrl(Struct, frozen=True):
    """The address of a picture: a data: URL."""

    url: str


class CompletionPicture(Struct, frozen=True, kw_only=True):
    """A picture, as LiteLLM and OpenRouter send it. `index` is its position among the pictures of the answer."""

    type: Literal["image_url"] = "image_url"
    image_url: PictureUrl
    index: int


class MadePicture(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A picture that the model made, in a message that comes back."""

    type: Annotated[Literal["image_url"], Meta(description='"image_url"')] | None = None
    image_url: Annotated[ImageUrl, Meta(description='an object with "url"')]
    index: Annotated[Raw, ignored(OF_ANSWER)] | UnsetType = UNSET

    def given_file(self, path: str) -> GivenFile:
        """Return the file. Raise `Failure`; `path` is the path of the picture."""
        return picture_of(self.image_url.url, f"{path}.image_url.url")


PICTURE_ROWS: Final[tuple[FieldRow, ...]] = (
    *rows_of(MadePicture, "messages[].images[]."),
    *rows_of(ImageUrl, "messages[].images[].image_url."),
)


def calls_among(parts: Sequence[PartBesidesText]) -> list[ShownCall]:
    """Return the calls among the parts of an answer."""
    return [part for part in parts if isinstance(part, ShownCall)]


def pictures_among(parts: Sequence[PartBesidesText]) -> list[PlacedPicture]:
    """Return the pictures among the parts of an answer."""
    return [part for part in parts if isinstance(part, PlacedPicture)]


def completion_picture(frame: PictureFrame, index: int) -> CompletionPicture:
    """Return a picture of an answer."""
    url = f"data:{frame.media_type};base64,{frame.data}"
    return CompletionPicture(image_url=PictureUrl(url), index=index)
