"""JSON Web Tokens (RFC 7519), validated as RFC 8725 requires.

The header of a token chooses only the key that it is checked with. Each key has one algorithm, which was set before the
token came.
"""

import time
from math import isfinite
from typing import Any, Final, Protocol

import jwt
import msgspec
from jwt.algorithms import HMACAlgorithm

from deltawire.identity.caller import EXPIRED, Caller, UnknownKey
from deltawire.protocol.errors import Failure

_INVALID: Final = "This token is not valid here."
_MAX_NAME_CHARS: Final = 255
_NO_NAME: Final = f"The token's sub is no name: 1 to {_MAX_NAME_CHARS} printable characters, no space at either end."
_CLOCK_SKEW_SECONDS: Final = 30
"""Seconds that the issuer's clock may be ahead of this server's."""
_MALFORMED: Final = (jwt.PyJWTError, ValueError, TypeError, ArithmeticError, RecursionError)
"""All exceptions of PyJWT for a bad token, intended or not."""


class SigningKey(msgspec.Struct, frozen=True):
    """A key that tokens may be signed with."""

    algorithm: str
    key: Any

    def __repr__(self) -> str:
        """Return nothing of the key."""
        return f"SigningKey({self.algorithm!r})"


class KeySource(Protocol):
    """A source of signing keys."""

    @property
    def algorithms(self) -> frozenset[str]:
        """The algorithms that its keys can have."""
        ...

    def find(self, kid: str | None) -> SigningKey | None:
        """Return the key of this name; None when it was not fetched."""
        ...

    async def refresh(self) -> None:
        """Fetch the keys again, at a bounded rate. Raise `Failure` when there is no key at all."""
        ...


class SharedSecret:
    """One shared secret, for HS256."""

    algorithms = frozenset({"HS256"})

    def __init__(self, secret: str) -> None:
        """Raise ValueError for a secret under 32 bytes (RFC 7518, 3.2), and for a public key."""
        algorithm = HMACAlgorithm(HMACAlgorithm.SHA256)
        try:
            key = algorithm.prepare_key(secret)
        except jwt.InvalidKeyError:
            raise ValueError("a public key is no secret") from None
        if algorithm.check_key_length(key) is not None:
            raise ValueError("a secret has at least 32 bytes")
        self._key = SigningKey("HS256", key)

    def find(self, _kid: str | None) -> SigningKey:
        """Return the key, whatever key name the token has."""
        return self._key

    async def refresh(self) -> None:
        """Do nothing: there is only one key."""


class JwtTokens:
    """Reads tokens that are signed with the keys of one source."""

    def __init__(
        self, keys: KeySource, issuer: str | None, audience: str | None, before: SigningKey | None = None
    ) -> None:
        """`issuer` and `audience` are the required `iss` and `aud`; None allows any.

        `before` is the key before a rotation, which is tried after the one that the source has.
        """
        self.keys = keys
        self._before = before
        self._issuer = issuer
        self._audience = audience

    def caller(self, token: str) -> Caller:
        """Return the caller that a token names. Raise `Failure`, and `UnknownKey` when its key was not fetched."""
        try:
            claims = self._claims(token)
            expires_at, name = _time_of(claims["exp"]), _name_of(claims["sub"])
        except jwt.ExpiredSignatureError:
            raise Failure("unauthenticated", EXPIRED) from None
        except _MALFORMED:
            raise Failure("unauthenticated", _INVALID) from None
        if expires_at <= time.time():
            raise Failure("unauthenticated", EXPIRED)
        if not 0 < len(name) <= _MAX_NAME_CHARS or not name.isprintable() or name != name.strip():
            raise Failure("unauthenticated", _NO_NAME)
        return Caller(name=f"jwt:{name}", expires_at=expires_at)

    def _claims(self, token: str) -> dict[str, Any]:
        header = jwt.get_unverified_header(token)
        if header.get("alg") not in self.keys.algorithms:  # no key of the source could make it valid
            raise jwt.InvalidAlgorithmError
        key = self.keys.find(header.get("kid"))
        if key is None:
            raise UnknownKey
        try:
            return self._decode(token, key)
        except jwt.InvalidSignatureError:
            if self._before is None:
                raise
            return self._decode(token, self._before)

    def _decode(self, token: str, key: SigningKey) -> dict[str, Any]:
        claims: dict[str, Any] = jwt.decode(
            token,
            key.key,
            algorithms=[key.algorithm],
            issuer=self._issuer,
            audience=self._audience,
            leeway=_CLOCK_SKEW_SECONDS,  # the caller of this checks `exp` to the second
            options={"require": ["exp", "sub"], "verify_iat": False, "verify_aud": self._audience is not None},
        )
        return claims


def _time_of(claim: Any) -> float:
    """Return a time of a token; raise TypeError for anything but a number in JSON (RFC 7519, 2: NumericDate)."""
    if type(claim) not in (int, float) or not isfinite(claim):
        raise TypeError
    return float(claim)


def _name_of(claim: Any) -> str:
    """Return the name of a token's subject; raise TypeError for anything but a string."""
    if type(claim) is not str:
        raise TypeError
    return claim
