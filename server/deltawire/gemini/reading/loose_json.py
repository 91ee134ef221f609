"""The provider's JSON where it is not strict, and values of it whose shape is not relied on. No I/O."""

import json
from typing import Any

import msgspec

_encode = msgspec.json.Encoder().encode


def loads(payload: bytes) -> Any:
    """Return the value of JSON that may hold NaN, halves of surrogate pairs, and bytes that are not UTF-8.

    Raise ValueError or RecursionError for anything else.
    """
    return json.loads(payload.decode(errors="replace"))


def dumps(value: Any) -> bytes:
    """Return strict JSON of a value of `loads`. Half a surrogate pair becomes a question mark, NaN becomes null."""
    return _encode(_without_halves(value))


def _without_halves(value: Any) -> Any:
    match value:
        case str():
            return value if value.isascii() else value.encode(errors="replace").decode()
        case dict():
            return {_without_halves(name): _without_halves(field) for name, field in value.items()}
        case list():
            return [_without_halves(item) for item in value]
        case _:
            return value


def as_object(value: Any) -> dict[str, Any]:
    """Return an object; an empty one for any other value."""
    return value if isinstance(value, dict) else {}


def as_list(value: Any) -> list[Any]:
    """Return a list; an empty one for any other value."""
    return value if isinstance(value, list) else []


def as_number(value: Any) -> int | None:
    """Return a whole number of at least 0, also one in digits; None for any other value."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 16:
        return int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def clean(text: str) -> str:
    """Return a text that can be stored and sent: without U+0000 and without halves of surrogate pairs."""
    if text.isascii() and "\0" not in text:
        return text
    return text.replace("\0", "\ufffd").encode(errors="replace").decode()
