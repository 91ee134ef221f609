"""The caller of a request."""

from collections.abc import Mapping
from typing import Final, cast

import msgspec

from deltawire.protocol.errors import Failure

CALLER: Final = "deltawire.caller"
"""The key under which the gate stores the caller in an ASGI scope."""


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """A caller that was authenticated."""

    name: str
    """`key:NAME` or `jwt:SUB`: the owner of what is stored. The prefix keeps the two kinds apart."""
    expires_at: float | None = None
    """The end of the token, in seconds since the epoch; None for one without end."""
    key: bytes | None = None
    """The digest of the API key, if it was one: keys can be revoked."""

    def __repr__(self) -> str:
        """Return the name only."""
        return f"Caller({self.name!r})"


ANONYMOUS: Final = Caller(name="")
"""The caller of every request where nobody has to authenticate."""


class UnknownKey(Failure):
    """The token is signed with an unknown key, which may be among those that can be fetched."""

    def __init__(self) -> None:
        """Use the sentence of every bad token."""
        super().__init__("unauthenticated", "This token is not valid here.")


def caller_of(scope: Mapping[str, object]) -> Caller:
    """Return the caller of a scope that has passed the gate."""
    return cast("Caller", scope[CALLER])
