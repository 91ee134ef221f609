"""Small texts: ids, titles, and what a database can hold."""

import re
import secrets
from typing import Final

_TITLE_CHARS: Final = 60
_spaces = re.compile(r"\s+")


def new_id() -> str:
    """An id that nobody guesses: 24 hexadecimal digits."""
    return secrets.token_hex(12)


def storable(text: str) -> str:
    """A text without U+0000, which PostgreSQL does not hold."""
    return text.replace("\0", "\ufffd")


def title_of(message: str) -> str:
    """What a conversation without a title is called after a message."""
    return storable(_spaces.sub(" ", message[: 10 * _TITLE_CHARS]).strip()[:_TITLE_CHARS].rstrip())
