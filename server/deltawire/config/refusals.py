"""The words of a refused setting."""

from typing import Final

_MAX_CHARS: Final = 100


def shown(value: str) -> str:
    """Return the beginning of a refused value as it may be shown: an address without its user and its query."""
    scheme, separator, address = value.partition("://") if "://" in value else ("", "", value)
    user, at, rest = address.rpartition("@")
    if at and (separator or ":" in user):
        user = "..."
    if separator:
        rest = rest.partition("?")[0]
    return repr(f"{scheme}{separator}{user}{at}{rest}"[:_MAX_CHARS])
