"""Limits on open sockets, and on handshakes from one address."""

import time
from ipaddress import IPv6Address
from typing import Final

from deltawire.aio.token_bucket import TokenBucket
from deltawire.identity.quota import Quota
from deltawire.protocol.errors import Failure, spread

_MANY_ADDRESSES: Final = 10_000


class ConnectionLimits:
    """The counts of this process: open sockets, and handshakes from each address."""

    def __init__(self, sockets: Quota, max_handshakes_per_minute: int) -> None:
        """Start without sockets; `max_handshakes_per_minute` is for each client address."""
        self._sockets = sockets
        self._per_minute = max_handshakes_per_minute
        self._refuses_new = False
        self._token_buckets: dict[str, TokenBucket] = {}

    def count_handshake(self, address: str) -> None:
        """Count a handshake; raise `Failure` when its address sends too many, or the process drains."""
        if self._refuses_new:
            raise Failure("draining")
        now = time.monotonic()
        network = _network_of(address) if ":" in address else address
        bucket = self._token_buckets.get(network)
        if bucket is None:
            self._forget_full_buckets(now)
            bucket = self._token_buckets[network] = TokenBucket(self._per_minute / 60, self._per_minute, now)
        if not bucket.allow(now):
            raise Failure(
                "rate_limited",
                "Too many sockets were opened from this address.",
                retry_after=spread(bucket.wait() + 0.5),
            )

    def add_socket(self, caller: str) -> None:
        """Count a socket that a caller opens; raise `Failure` when too many are open, of this caller or of all."""
        self._sockets.take(caller)

    def remove_socket(self, caller: str) -> None:
        """Count a socket that closes."""
        self._sockets.release(caller)

    def refuse_new(self) -> None:
        """Refuse new sockets."""
        self._refuses_new = True

    def _forget_full_buckets(self, now: float) -> None:
        if len(self._token_buckets) >= _MANY_ADDRESSES:
            self._token_buckets = {
                address: bucket for address, bucket in self._token_buckets.items() if not bucket.is_fresh(now)
            }


def _network_of(address: str) -> str:
    """Return the /64 of an IPv6 address, all of which one client owns, or the IPv4 address that is mapped in it."""
    try:
        parsed = IPv6Address(address)
    except ValueError:
        return address
    return str(parsed.ipv4_mapped or f"{int(parsed) >> 64:x}::/64")
