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
        self._closed = False
        self._rates: dict[str, TokenBucket] = {}

    def knock(self, address: str) -> None:
        """Count a handshake; raise `Failure` when its address sends too many, or the process drains."""
        if self._closed:
            raise Failure("draining")
        now = time.monotonic()
        network = _network_of(address) if ":" in address else address
        rate = self._rates.get(network)
        if rate is None:
            self._forget_quiet_addresses(now)
            rate = self._rates[network] = TokenBucket(self._per_minute / 60, self._per_minute, now)
        if not rate.allow(now):
            raise Failure(
                "rate_limited", "Too many sockets were opened from this address.", retry_after=spread(rate.wait() + 0.5)
            )

    def enter(self, caller: str) -> None:
        """Count a socket that a caller opens; raise `Failure` when too many are open, of this caller or of all."""
        self._sockets.take(caller)

    def close(self) -> None:
        """Refuse new sockets."""
        self._closed = True

    def leave(self, caller: str) -> None:
        """Count a socket that closes."""
        self._sockets.give(caller)

    def _forget_quiet_addresses(self, now: float) -> None:
        if len(self._rates) >= _MANY_ADDRESSES:
            self._rates = {address: rate for address, rate in self._rates.items() if not rate.is_fresh(now)}


def _network_of(address: str) -> str:
    """Return the /64 of an IPv6 address, all of which one client owns, or the IPv4 address that is mapped in it."""
    try:
        known = IPv6Address(address)
    except ValueError:
        return address
    return str(known.ipv4_mapped or f"{int(known) >> 64:x}::/64")
