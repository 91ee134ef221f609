"""Who asks."""

from collections.abc import Mapping
from typing import Final, cast

import msgspec

from deltawire.protocol.errors import Failure

CALLER: Final = "deltawire.caller"
"""Where the gate leaves the caller in an ASGI scope."""


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """One who was let in."""

    name: str
    """`key:NAME` or `jwt:SUB`, so that neither can be taken for the other: who owns what is made."""
    expires_at: float | None = None
    """When the token ends, in seconds since the epoch; None when it does not."""
    key: bytes | None = None
    """The digest of the key that was brought, if it was one: keys can be taken back."""

    def __repr__(self) -> str:
        """The name only."""
        return f"Caller({self.name!r})"


ANONYMOUS: Final = Caller(name="")
"""Everybody, where nobody is asked who they are."""


class UnknownKey(Failure):
    """A token that is signed with a key which is not at hand; it may be among those that can be fetched."""

    def __init__(self) -> None:
        """Say what is said of every bad token."""
        super().__init__("unauthenticated", "This token is not valid here.")


def caller_of(scope: Mapping[str, object]) -> Caller:
    """Who asks, in a scope that has passed the gate."""
    return cast("Caller", scope[CALLER])
