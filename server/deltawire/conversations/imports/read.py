"""The common form of an imported conversation, whichever program exported it."""

import time
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from deltawire.conversations.schemas import MAX_TITLE_CHARS

_MAX_WORD_CHARS: Final = 128
_MAX_NODES: Final = 50_000
"""Messages of a conversation that are read; hidden ones count, too."""


class NotReadable(Exception):
    """A conversation of an import does not have the expected form; the message begins with the path of the fault."""


class ImportedMessage(Struct, frozen=True, kw_only=True):
    """A message as it will be stored: the columns of its row. `created` is in seconds since 1970."""

    id: str
    parent: str | None
    role: str
    text: str
    thoughts: str = ""
    model: str | None = None
    finish_reason: str | None = None
    error: str | None = None
    answered: bool | None = None
    created: float


class Imported(Struct, frozen=True, kw_only=True):
    """A conversation that was read. Times are seconds since 1970, and each message stands after its parent."""

    title: str
    created: float
    updated: float
    pinned: bool = False
    archived: bool = False
    folder: str | None = None
    """The name of its folder."""
    settings: dict[str, Any] = {}
    messages: list[ImportedMessage]


def check_number(path: str, number: int) -> None:
    """Raise `NotReadable` for more messages than are read."""
    if number > _MAX_NODES:
        raise NotReadable(f"{path} must hold at most {_MAX_NODES:,} messages.")


def text_at(path: str, value: Any) -> str:
    """Return a text; raise `NotReadable` for anything else, and for half of a surrogate pair."""
    if not isinstance(value, str):
        raise NotReadable(f"{path} must be a string.")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise NotReadable(f"{path} must be Unicode text.") from None
    return value


def title_at(path: str, value: Any) -> str:
    """Return a title, cut to the longest that is stored; "" for none."""
    return "" if value is None else text_at(path, value)[:MAX_TITLE_CHARS]


def time_of(value: Any, otherwise: float | None = None) -> float:
    """Return a time in seconds since 1970, at most now; `otherwise`, or now, for any other value."""
    now = time.time()
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= now:
        return float(value)
    return now if otherwise is None else otherwise


def word_of(value: Any) -> str | None:
    """Return a name or a code; None for any other value."""
    is_word = isinstance(value, str) and value.isascii() and value.isprintable() and len(value) <= _MAX_WORD_CHARS
    return value if is_word else None


def with_answered(messages: list[ImportedMessage]) -> list[ImportedMessage]:
    """Return the messages; a question is answered where an answer stands below it."""
    answered = {each.parent for each in messages if each.role == "model"}
    return [each if each.role == "model" else replace(each, answered=each.id in answered) for each in messages]
