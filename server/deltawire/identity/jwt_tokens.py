"""JSON Web JwtTokens (RFC 7519), read the way RFC 8725 asks for.

What a token says of itself chooses nothing but which of our keys it is held against: each key has its one
algorithm, settled before any token came.
"""

import time
from typing import Any, Final, Protocol

import jwt
import msgspec
from jwt.algorithms import HMACAlgorithm

from deltawire.identity.caller import Caller, UnknownKey
from deltawire.protocol.errors import Failure

EXPIRED: Final = "This token has expired; bring a fresh one."
_INVALID: Final = "This token is not valid here."
_LONGEST_NAME: Final = 255
_CLOCK_SKEW_SECONDS: Final = 30
"""How far the clock of whoever signs may be ahead of ours."""
_MALFORMED: Final = (jwt.PyJWTError, ValueError, TypeError, ArithmeticError, RecursionError)
"""What PyJWT raises for what is no good token, by intention or not."""


class SigningKey(msgspec.Struct, frozen=True):
    """A key that a token may be signed with."""

    algorithm: str
    key: Any

    def __repr__(self) -> str:
        """Nothing of the key."""
        return f"SigningKey({self.algorithm!r})"


class KeySource(Protocol):
    """Where the keys come from."""

    @property
    def algorithms(self) -> frozenset[str]:
        """Those that any of its keys can have."""
        ...

    def find(self, kid: str | None) -> SigningKey | None:
        """The key of this name, among those at hand."""
        ...

    async def refresh(self) -> None:
        """See whether there are other keys now; raise `Failure` when there is none at all."""
        ...


class SharedSecret:
    """The one key of whoever knows the secret."""

    algorithms = frozenset({"HS256"})

    def __init__(self, secret: str) -> None:
        """Raise ValueError for one that is under 32 bytes (RFC 7518, 3.2), or somebody's public key."""
        algorithm = HMACAlgorithm(HMACAlgorithm.SHA256)
        try:
            key = algorithm.prepare_key(secret)
        except jwt.InvalidKeyError:
            raise ValueError("a public key is no secret") from None
        if algorithm.check_key_length(key) is not None:
            raise ValueError("a secret has at least 32 bytes")
        self._key = SigningKey("HS256", key)

    def find(self, _kid: str | None) -> SigningKey:
        """The key, whatever the token calls it."""
        return self._key

    async def refresh(self) -> None:
        """There is never another."""


class JwtTokens:
    """Reads tokens that were signed with the keys of one source."""

    def __init__(self, keys: KeySource, issuer: str | None, audience: str | None) -> None:
        """`issuer` and `audience` are what `iss` and `aud` must say; None lets them say anything."""
        self.keys = keys
        self._issuer = issuer
        self._audience = audience

    def caller(self, token: str) -> Caller:
        """Whom a token names, by the keys at hand; raise `Failure`, and of these `UnknownKey` without its key."""
        try:
            claims = self._claims(token)
            expires_at = float(claims["exp"])
        except jwt.ExpiredSignatureError:
            raise Failure("unauthenticated", EXPIRED) from None
        except _MALFORMED:
            raise Failure("unauthenticated", _INVALID) from None
        if expires_at <= time.time():
            raise Failure("unauthenticated", EXPIRED)
        name: str = claims["sub"]
        if not 0 < len(name) <= _LONGEST_NAME or not name.isprintable():
            raise Failure("unauthenticated", f"The token's sub is no name: 1 to {_LONGEST_NAME} printable characters.")
        return Caller(name=f"jwt:{name}", expires_at=expires_at)

    def _claims(self, token: str) -> dict[str, Any]:
        header = jwt.get_unverified_header(token)
        if header.get("alg") not in self.keys.algorithms:  # no key that might be fetched would make it good
            raise jwt.InvalidAlgorithmError
        key = self.keys.find(header.get("kid"))
        if key is None:
            raise UnknownKey
        claims: dict[str, Any] = jwt.decode(
            token,
            key.key,
            algorithms=[key.algorithm],
            issuer=self._issuer,
            audience=self._audience,
            leeway=_CLOCK_SKEW_SECONDS,  # `exp` is held to the second by the caller of this
            options={"require": ["exp", "sub"], "verify_iat": False, "verify_aud": self._audience is not None},
        )
        return claims
