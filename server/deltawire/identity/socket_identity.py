"""Who holds an open socket, for as long as it is open."""

from typing import Final

from deltawire.identity.authenticator import Authenticator
from deltawire.identity.caller import Caller, UnknownKey
from deltawire.protocol.errors import Failure

_TOKEN: Final = "token"  # noqa: S105 - the field's name


class SocketIdentity:
    """One caller, whose token may run out and be replaced by a fresh one."""

    def __init__(self, caller: Caller, authenticator: Authenticator) -> None:
        """Start with the caller of the handshake."""
        self._caller = caller
        self._authenticator = authenticator

    def caller(self) -> Caller:
        """Who starts something now; raise `Failure` when their token has run out."""
        self._authenticator.check(self._caller)
        return self._caller

    def renew(self, token: str) -> bool:
        """Take a fresh token, unless it needs a key that is not at hand: then False, see `renew_later`.

        Raise `Failure` when it is no good, or somebody else's. Where nobody is asked, no token is looked at.
        """
        if self._authenticator.asks:
            try:
                self._replace(self._authenticator.recognise(token))
            except UnknownKey:
                return False
            except Failure as failure:
                raise failure.about(_TOKEN) from None
        return True

    async def renew_later(self, token: str) -> None:
        """Take a fresh token, once its key has been looked for; raise `Failure` as `renew` does."""
        try:
            self._replace(await self._authenticator.identify(token))
        except Failure as failure:
            raise failure.about(_TOKEN) from None

    def _replace(self, caller: Caller) -> None:
        if caller.name != self._caller.name:
            raise Failure("forbidden", "This token is somebody else's; they need a socket of their own.")
        self._caller = caller
