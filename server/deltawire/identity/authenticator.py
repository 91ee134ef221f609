"""Authenticate a caller by an API key or a signed token."""

import time
from typing import TYPE_CHECKING

from deltawire.identity.api_keys import ApiKeys
from deltawire.identity.caller import EXPIRED, Caller, UnknownKey
from deltawire.protocol.errors import Failure
from deltawire.protocol.frames import MAX_TOKEN_CHARS

if TYPE_CHECKING:  # where no tokens are configured, nobody imports what reads them
    from deltawire.identity.jwt_tokens import JwtTokens


class Authenticator:
    """Accepts API keys and JSON Web Tokens. Where neither is configured, callers need not authenticate."""

    def __init__(self, keys: ApiKeys | None = None, tokens: "JwtTokens | None" = None) -> None:
        """`keys` and `tokens` are None where they are not configured."""
        self._keys = keys
        self._tokens = tokens

    @property
    def is_required(self) -> bool:
        """True where callers have to authenticate."""
        return self._keys is not None or self._tokens is not None

    def recognise(self, token: str) -> Caller:
        """Return the caller of this token without waiting. Raise `Failure`; `UnknownKey` where a fetch may help."""
        if token.isascii() and len(token) <= MAX_TOKEN_CHARS:
            caller = self._keys.caller(token) if self._keys is not None else None
            if caller is not None:
                return caller
            if self._tokens is not None and "." in token:
                return self._tokens.caller(token)
        raise Failure("unauthenticated", "This token is not known here.")

    async def identify(self, token: str) -> Caller:
        """Return the caller of this token. Raise `Failure`. Keys may be fetched for it, at a bounded rate."""
        try:
            return self.recognise(token)
        except UnknownKey:
            if self._tokens is None:
                raise AssertionError("UnknownKey is raised for a signed token only") from None
            await self._tokens.keys.refresh()
            return self.recognise(token)

    def check(self, caller: Caller) -> None:
        """Raise `Failure` when the token or the key of this caller is no longer valid."""
        if caller.expires_at is not None and caller.expires_at <= time.time():
            raise Failure("unauthenticated", EXPIRED)
        if caller.key is not None and (self._keys is None or not self._keys.has(caller.key)):
            raise Failure("unauthenticated", "This key is no longer valid.")
