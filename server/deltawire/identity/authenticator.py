"""Knows people by the tokens they bring."""

import time
from typing import Final

from deltawire.identity.api_keys import ApiKeys
from deltawire.identity.caller import Caller, UnknownKey
from deltawire.identity.jwt_tokens import EXPIRED, JwtTokens
from deltawire.protocol.errors import Failure

MAX_TOKEN_CHARS: Final = 8192


class Authenticator:
    """Lets in those with a key or a token that counts; without either to go by, it asks nobody."""

    def __init__(self, keys: ApiKeys | None = None, tokens: JwtTokens | None = None) -> None:
        """None where no such thing is set up."""
        self._keys = keys
        self._tokens = tokens

    @property
    def asks(self) -> bool:
        """Whether anybody is asked who they are."""
        return self._keys is not None or self._tokens is not None

    def recognise(self, token: str) -> Caller:
        """Who brings this token, as far as can be told without waiting; raise `Failure`, of these `UnknownKey`."""
        if token.isascii() and len(token) <= MAX_TOKEN_CHARS:
            caller = self._keys.caller(token) if self._keys is not None else None
            if caller is not None:
                return caller
            if self._tokens is not None and "." in token:
                return self._tokens.caller(token)
        raise Failure("unauthenticated", "This token is not known here.")

    async def identify(self, token: str) -> Caller:
        """Who brings this token; raise `Failure`. Keys may be fetched for it, but not for each one."""
        try:
            return self.recognise(token)
        except UnknownKey:
            if self._tokens is None:
                raise AssertionError("only a token is signed") from None
            await self._tokens.keys.refresh()
            return self.recognise(token)

    def check(self, caller: Caller) -> None:
        """Raise `Failure` when somebody who was let in may start nothing more."""
        if caller.expires_at is not None and caller.expires_at <= time.time():
            raise Failure("unauthenticated", EXPIRED)
        if caller.key is not None and (self._keys is None or not self._keys.hold(caller.key)):
            raise Failure("unauthenticated", "This key no longer counts.")
