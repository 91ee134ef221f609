"""The signing keys of an identity provider: a JSON Web Key Set (RFC 7517) behind a URL.

It is fetched at the start, when a token names a key that is not in it (at a bounded rate), and when it is old; not for
each request. After any fault the last good set stays.
"""

import asyncio
import time
from collections.abc import Mapping
from typing import Any, Final, Self
from urllib.request import getproxies

import aiohttp
import jwt
import msgspec
import structlog

from deltawire.identity.jwt_tokens import SigningKey
from deltawire.protocol.errors import Failure

log = structlog.get_logger(__name__)

_MAX_BODY_BYTES: Final = 2**18
_SIGNATURES: Final = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}
)
"""Algorithms with a public key. One with a secret must not be here: a published key is not secret."""


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """The interval and the time-outs of fetching, in seconds."""

    between: float = 10.0
    """The least time between two fetches, however many tokens name unknown keys."""
    stale_after: float = 600.0
    """The age at which the set is fetched again: a key that is no longer published stays valid for about this long."""
    timeout: float = 5.0


class _KeysDocument(msgspec.Struct):
    keys: list[dict[str, Any]]


class _Unusable(Exception):
    """The answer is not a usable key set. The message is our own, without any text of the answer."""


class KeySet:
    """A `KeySource` over a URL; a context manager for the event loop that uses it."""

    algorithms = _SIGNATURES

    def __init__(self, url: str, pace: Pace | None = None) -> None:
        """Prepare; nothing is fetched before the context is entered."""
        self._url = url
        self._pace = pace or Pace()
        self._keys: Mapping[str | None, SigningKey] = {}
        self._next_fetch = self._stale_at = 0.0
        self._fetching: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Start the first fetch; requests that come before its end wait for it."""
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=self._pace.timeout),
            headers={"Accept": "application/json", "Accept-Encoding": "identity"},
            auto_decompress=False,  # a few compressed bytes could become many
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=bool(getproxies()),
        )
        self._start_fetching()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop fetching."""
        if self._fetching is not None:
            self._fetching.cancel()
            await asyncio.wait([self._fetching])
        await self._session.close()

    def find(self, kid: str | None) -> SigningKey | None:
        """Return the key of this name. A set of one key is used for a token without a key name, too."""
        if time.monotonic() >= self._stale_at:
            self._start_fetching()
        if kid is None and len(self._keys) == 1:
            return next(iter(self._keys.values()))
        return self._keys.get(kid) if kid is not None else None

    async def refresh(self) -> None:
        """Fetch the set again, and wait for it, unless the last fetch was less than `Pace.between` ago."""
        self._start_fetching()
        if self._fetching is not None:
            await asyncio.wait([self._fetching])
        if not self._keys:
            raise Failure(
                "overloaded",
                "Tokens cannot be checked at the moment: the signing keys could not be fetched.",
                retry_after=self._pace.between,
            )

    def _start_fetching(self) -> None:
        now = time.monotonic()
        if self._fetching is None and now >= self._next_fetch:
            self._next_fetch = now + self._pace.between
            self._fetching = asyncio.get_running_loop().create_task(self._fetch())

    async def _fetch(self) -> None:
        try:
            keys = read_key_set(await self._get())
        except (_Unusable, aiohttp.ClientError, OSError, TimeoutError) as fault:
            reason = str(fault) if isinstance(fault, _Unusable) else type(fault).__name__
            log.warning("key set: not fetched, the keys stay as they were", reason=reason, keys=len(self._keys))
        else:
            if keys.keys() != self._keys.keys():
                log.info("key set: fetched", keys=len(keys))
            self._keys = keys
            self._stale_at = time.monotonic() + self._pace.stale_after
        finally:
            self._fetching = None

    async def _get(self) -> bytes:
        async with self._session.get(self._url, allow_redirects=False) as response:
            if response.status != 200:
                raise _Unusable(f"it answered with {response.status}")
            body = b""
            while piece := await response.content.read(_MAX_BODY_BYTES):
                body += piece
                if len(body) > _MAX_BODY_BYTES:
                    raise _Unusable(f"it is over {_MAX_BODY_BYTES:,} bytes")
            return body


def read_key_set(body: bytes) -> Mapping[str | None, SigningKey]:
    """Return the usable keys by their `kid`; of two with the same name, the first. Skip the others."""
    try:
        document = msgspec.json.decode(body, type=_KeysDocument)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise _Unusable("it is no JSON Web Key Set") from None
    keys: dict[str | None, SigningKey] = {}
    for jwk in document.keys:
        key, kid = _signing_key(jwk), jwk.get("kid")
        if key is not None and (kid is None or isinstance(kid, str)):
            keys.setdefault(kid, key)
    if not keys:
        raise _Unusable("it holds no key that a token could be checked with")
    return keys


def _signing_key(jwk: dict[str, Any]) -> SigningKey | None:
    """Return the public key of a JWK; None for a secret, for another use, and for a weak or broken one."""
    if jwk.get("use", "sig") != "sig" or "d" in jwk or "k" in jwk:
        return None
    try:
        read = jwt.PyJWK(jwk)
        read.Algorithm.prepare_key(read.key)  # this checks the curve against the algorithm
        is_weak = read.Algorithm.check_key_length(read.key) is not None
    except Exception:  # noqa: BLE001 - two libraries raise many kinds: with each of them the key is not usable
        return None
    if read.algorithm_name not in _SIGNATURES or is_weak:
        return None
    return SigningKey(read.algorithm_name, read.key)
