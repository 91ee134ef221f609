"""The identity of an open socket: its caller, whose token may be renewed."""

from typing import Final

from deltawire.identity.authenticator import Authenticator
from deltawire.identity.caller import Caller, UnknownKey
from deltawire.protocol.errors import Failure

_TOKEN: Final = "token"  # noqa: S105 - the field's name


class SocketIdentity:
    """One caller, whose token may expire and be replaced by a fresh one."""

    def __init__(self, caller: Caller, authenticator: Authenticator) -> None:
        """Start with the caller of the handshake."""
        self._caller = caller
        self._authenticator = authenticator

    def caller(self) -> Caller:
        """Return the caller. Raise `Failure` when the token has expired or was revoked."""
        self._authenticator.check(self._caller)
        return self._caller

    @property
    def is_valid(self) -> bool:
        """False once the token has expired, or was revoked."""
        try:
            self.caller()
        except Failure:
            return False
        return True

    def renew(self, token: str) -> bool:
        """Take a fresh token; return False when its key has to be fetched first: then call `renew_later`.

        Raise `Failure` when it is not valid, or another caller's. Where callers need not authenticate, it is ignored.
        """
        if self._authenticator.is_required:
            try:
                self._replace(self._authenticator.recognise(token))
            except UnknownKey:
                return False
            except Failure as failure:
                raise failure.about(_TOKEN) from None
        return True

    async def renew_later(self, token: str) -> None:
        """Fetch the key of a fresh token, then take the token. Raise `Failure` as `renew` does."""
        try:
            self._replace(await self._authenticator.identify(token))
        except Failure as failure:
            raise failure.about(_TOKEN) from None

    def _replace(self, caller: Caller) -> None:
        if caller.name != self._caller.name:
            raise Failure("forbidden", "This token is another caller's: each caller needs a socket of their own.")
        self._caller = caller
