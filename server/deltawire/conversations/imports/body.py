"""Read the body of an import: which conversations, folders and prompts it holds. Each conversation is read later."""

import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Final

import msgspec
from msgspec import Struct

from deltawire.conversations.library_schemas import MAX_NAME_CHARS
from deltawire.conversations.texts import storable
from deltawire.protocol.decoding import commas_in, containers_in
from deltawire.protocol.errors import Failure

_MAX_CONVERSATIONS: Final = 10_000
_MAX_CONTAINERS: Final = 250_000
_MAX_VALUES: Final = 500_000
"""Objects and lists, and values, of a body: msgspec makes them all before anything is counted."""
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
"""Programs of Windows write it before UTF-8."""
_escape = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)", re.DOTALL
)
"""An escape in a string of JSON: a surrogate pair, half of one (the group), or another."""


class _Folder(Struct, frozen=True):
    id: str
    name: str


class Export(Struct, frozen=True):
    """The items of the body of an import, of which none is checked; other fields are ignored."""

    conversations: list[Any] = []
    folders: list[Any] = []
    prompts: list[Any] = []

    def folder_names(self) -> dict[str, str]:
        """Return the names of the folders by their ids, each as it is stored; an item without them is left out."""
        return dict(self._folders())

    def _folders(self) -> Iterator[tuple[str, str]]:
        for each in self.folders:
            with suppress(msgspec.ValidationError):
                folder = msgspec.convert(each, _Folder)
                name = storable(folder.name[:MAX_NAME_CHARS])
                if name.strip():
                    yield folder.id, name


def export_in(body: bytes) -> Export:
    """Return the export in a body. Raise `Failure` (`invalid_json`, `invalid_frame`, `message_too_large`)."""
    _check_shape(body)
    found = _decoded(body.removeprefix(_BYTE_ORDER_MARK))
    if not (isinstance(found, dict) and isinstance(found.get("conversations"), list)):
        found = {"conversations": found if isinstance(found, list) else [found]}
    lists = {name: found[name] for name in Export.__struct_fields__ if isinstance(found.get(name), list)}
    export = Export(**lists)
    if not (any(isinstance(each, dict) for each in export.conversations) or export.folders or export.prompts):
        message = "An import is an export of this server, or ChatGPT's conversations.json."
        raise Failure("invalid_frame", message, field="conversations")
    if len(export.conversations) > _MAX_CONVERSATIONS:
        message = f"An import may hold at most {_MAX_CONVERSATIONS:,} conversations: send it in parts."
        raise Failure("invalid_frame", message, field="conversations")
    return export


def _check_shape(body: bytes) -> None:
    """Raise `Failure` for a body that holds far more values than a text of its length would."""
    if containers_in([body]) > _MAX_CONTAINERS or commas_in([body]) > _MAX_VALUES:
        message = f"An import may hold at most {_MAX_CONTAINERS:,} objects and lists, and {_MAX_VALUES:,} values."
        raise Failure("message_too_large", f"{message} Send it in parts.")


def _decoded(body: bytes) -> Any:
    """Return the JSON in a body; raise `Failure`.

    Programs cut texts within a surrogate pair, such as a title after so many characters. Half of a pair becomes U+FFFD:
    otherwise one such text would refuse all conversations.
    """
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        whole = _escape.sub(_without_half, body)
    try:
        return msgspec.json.decode(whole)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise Failure("invalid_json") from None


def _without_half(escape: re.Match[bytes]) -> bytes:
    return escape[0] if escape[1] is None else rb"\ufffd"
