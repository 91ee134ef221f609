"""The words of a refused setting, and how much of its value they show."""

from typing import Final

_MAX_CHARS: Final = 100


class Unfit(ValueError):
    """A value does not fit, for a reason that may be shown: it holds nothing of the value that is secret."""


def shown(value: str) -> str:
    """Return the beginning of a refused value as it may be shown: an address without its user and its query."""
    scheme, separator, address = value.partition("://") if "://" in value else ("", "", value)
    user, at, rest = address.rpartition("@")
    if at and (separator or ":" in user):
        user = "..."
    if separator:
        rest = rest.partition("?")[0]
    return repr(f"{scheme}{separator}{user}{at}{rest}"[:_MAX_CHARS])
