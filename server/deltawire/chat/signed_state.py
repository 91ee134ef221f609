"""The `state` of an answer over HTTP that ended in calls: opaque to its client, which sends it back with the results.

Nothing is kept here. The state is signed, bound to its caller, and expires; whoever holds the key can read it again:
another worker, another replica, or this server after a restart.
"""

import hmac
import time
import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from collections.abc import Callable
from hashlib import sha256
from typing import Final

from deltawire.protocol.errors import Failure

LIFETIME_SECONDS: Final = 24 * 3_600
_PURPOSE: Final = b"deltawire state 1"
_MAC_BYTES: Final = 32
_TIME_BYTES: Final = 6
_LEVEL: Final = 1
"""Signatures hardly shrink at any level, and text shrinks well at the fastest."""


def state_key(secret: str) -> bytes:
    """Return the key that is derived from a secret, and reveals nothing of it."""
    return hmac.digest(secret.encode(), _PURPOSE, sha256)


class StateSigner:
    """Writes and reads the states of one key."""

    __slots__ = ("_key", "_now")

    def __init__(self, key: bytes, now: Callable[[], float] = time.time) -> None:
        """`now` returns the time, in seconds since 1970."""
        self._key = key
        self._now = now

    def write(self, caller: str, content: bytes) -> str:
        """Return the state of this content for this caller."""
        expires = int(self._now()) + LIFETIME_SECONDS
        signed = expires.to_bytes(_TIME_BYTES, "big") + zlib.compress(content, _LEVEL)
        return urlsafe_b64encode(self._mac(caller, signed) + signed).rstrip(b"=").decode()

    def read(self, caller: str, state: str) -> bytes:
        """Return the content of a state.

        Raise `Failure`: `invalid_frame` for one that was not written for this caller with this key, `gone` for one that
        has expired.
        """
        try:
            decoded = urlsafe_b64decode(state.encode() + b"=" * (-len(state) % 4))
        except (NotBase64, ValueError):
            raise _foreign() from None
        mac, signed = decoded[:_MAC_BYTES], decoded[_MAC_BYTES:]
        if len(signed) <= _TIME_BYTES or not hmac.compare_digest(mac, self._mac(caller, signed)):
            raise _foreign()
        if int.from_bytes(signed[:_TIME_BYTES], "big") <= self._now():
            hours = LIFETIME_SECONDS // 3_600
            raise Failure("gone", f"This state has expired: one can be continued for {hours} hours.", field="state")
        return zlib.decompress(signed[_TIME_BYTES:])

    def _mac(self, caller: str, signed: bytes) -> bytes:
        name = caller.encode()
        return hmac.digest(self._key, b"%d:%b%b" % (len(name), name, signed), sha256)


def _foreign() -> Failure:
    message = "This state is not one that this server gave to this caller."
    return Failure("invalid_frame", message, field="state")
