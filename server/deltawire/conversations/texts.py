"""Ids, titles, and texts that a database can store."""

import re
import secrets
from typing import Final

_TITLE_CHARS: Final = 60
_spaces = re.compile(r"\s+")


def new_id() -> str:
    """Return an id that cannot be guessed: 24 hexadecimal digits."""
    return secrets.token_hex(12)


def storable(text: str) -> str:
    """Return a text with each U+0000 replaced: PostgreSQL cannot store it."""
    return text.replace("\0", "\ufffd")


def title_of(message: str) -> str:
    """Return a title for an untitled conversation, made from a message."""
    return storable(_spaces.sub(" ", message[: 10 * _TITLE_CHARS]).strip()[:_TITLE_CHARS].rstrip())
