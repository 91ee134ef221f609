"""The client behind proxies: only the headers of trusted proxies count.

Every proxy appends the address of its client to `X-Forwarded-For`. So the list is read from its right end, and the
first address that is not a trusted proxy is the client's. Any client can send the entries to the left of it.
"""

import ipaddress
from collections.abc import Iterable
from typing import Final

import msgspec
from litestar.types import Scope

from deltawire.edge.headers import list_header

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_SCHEMES: Final = {"http", "https"}


class Client(msgspec.Struct, frozen=True):
    """The client of a request, and the host and scheme that it requested."""

    address: str
    """An IP address; empty when it is not known."""
    hosts: tuple[str, ...]
    """The requested hosts in lower case, with a port or without: one, or several in a malformed request."""
    scheme: str | None
    """`http` or `https`, when a trusted proxy reported it; None otherwise: the connection here may be a proxy's."""


class TrustedProxies:
    """The proxies whose headers are trusted."""

    def __init__(self, trusted: Iterable[str]) -> None:
        """`trusted` holds addresses and networks such as `10.0.0.0/8`."""
        self._trusted = [ipaddress.ip_network(network, strict=False) for network in trusted]

    def client_of(self, scope: Scope) -> Client:
        """Return the client of a request, with the host and scheme that it requested."""
        peer = scope["client"][0] if scope["client"] else ""
        hosts = tuple(host.lower() for host in list_header(scope, b"host")) or ("",)
        if not self._trusted or not self._trusts(_address(peer)):
            return Client(peer, hosts, None)
        forwarded = tuple(host.lower() for host in list_header(scope, b"x-forwarded-host")[-1:])
        schemes = [scheme.lower() for scheme in list_header(scope, b"x-forwarded-proto")[-1:]]
        scheme = schemes[0] if schemes and schemes[0] in _SCHEMES else None
        return Client(self._nearest(peer, list_header(scope, b"x-forwarded-for")), forwarded or hosts, scheme)

    def _nearest(self, peer: str, hops: list[str]) -> str:
        """Return the last address that is not a trusted proxy; at an unreadable entry, the last readable address."""
        nearest = peer
        for hop in reversed(hops):
            address = _address(hop)
            if address is None:
                break
            nearest = str(address)
            if not self._trusts(address):
                break
        return nearest

    def _trusts(self, address: Address | None) -> bool:
        return address is not None and any(address in network for network in self._trusted)


def _address(written: str) -> Address | None:
    """Return an address without its port and brackets, IPv4 when it is mapped into IPv6; None when unreadable."""
    bare = written
    if written.startswith("["):
        bare = written[1:].partition("]")[0]
    elif written.count(":") == 1:
        bare = written.partition(":")[0]
    try:
        address = ipaddress.ip_address(bare)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address
