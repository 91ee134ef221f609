"""The caller of a request."""

from collections.abc import Mapping
from typing import Final, cast

import msgspec

from deltawire.protocol.errors import Failure

EXPIRED: Final = "This token has expired; bring a fresh one."
CALLER: Final = "deltawire.caller"
"""The key under which the gate stores the caller in an ASGI scope."""


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """A caller that was authenticated."""

    name: str
    """`key:NAME` or `jwt:SUB`: the owner of what is stored. The prefix keeps the two kinds apart."""
    expires_at: float | None = None
    """The expiry of the token, in seconds since the epoch; None for a caller that does not expire."""
    key: bytes | None = None
    """The digest of the API key, which can be revoked; None for a token."""

    def __repr__(self) -> str:
        """Return the name only."""
        return f"Caller({self.name!r})"


ANONYMOUS: Final = Caller(name="")
"""The caller of every request where callers need not authenticate."""


class UnknownKey(Failure):
    """The token is signed with an unknown key; a fetch of the key set may find it."""

    def __init__(self) -> None:
        """Use the same sentence as for every bad token."""
        super().__init__("unauthenticated", "This token is not valid here.")


def caller_of(scope: Mapping[str, object]) -> Caller:
    """Return the caller of a scope that has passed the gate."""
    return cast("Caller", scope[CALLER])
