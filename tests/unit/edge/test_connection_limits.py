"""The number of sockets, and the rate of handshakes from one address."""

from contextlib import nullcontext

import pytest

from deltawire.aio.token_bucket import TokenBucket
from deltawire.edge import connection_limits
from deltawire.edge.connection_limits import ConnectionLimits
from deltawire.identity.quota import Quota
from deltawire.protocol.errors import Failure

SOCKETS = Quota("sockets", "MAX_SOCKETS", 100, 100)


def test_a_rate_lets_its_burst_through_and_then_its_pace() -> None:
    rate = TokenBucket(per_second=2, burst=3, now=0.0)
    assert [rate.allow(0.0) for _ in range(4)] == [True, True, True, False]
    assert [rate.allow(0.5), rate.allow(0.5), rate.allow(1.0)] == [True, False, True]
    assert not rate.is_fresh(2.0)
    assert rate.is_fresh(2.5)


def test_addresses_that_have_been_quiet_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_limits, "_MANY_ADDRESSES", 3)
    limits = ConnectionLimits(SOCKETS, max_handshakes_per_minute=60_000_000)
    for number in range(50):
        limits.count_handshake(f"10.0.0.{number}")
    assert len(limits._token_buckets) < 50


def test_an_address_is_bounded_by_itself() -> None:
    limits = ConnectionLimits(SOCKETS, max_handshakes_per_minute=1)
    limits.count_handshake("a")
    with pytest.raises(Failure, match="rate_limited") as refused:
        limits.count_handshake("a")
    assert refused.value.retry_after == pytest.approx(60, abs=1)
    limits.count_handshake("b")


@pytest.mark.parametrize(
    "first, then, is_same",
    [
        ("2001:db8::1", "2001:db8::ffff:2", True),
        ("2001:db8::1", "2001:DB8:0:0::2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("fe80::1%eth0", "fe80::2%eth0", True),
        ("::ffff:10.0.0.1", "10.0.0.1", True),
        ("::ffff:10.0.0.1", "::ffff:10.0.0.2", False),
        ("10.0.0.1", "10.0.0.2", False),
        ("no:address", "nor:this", False),
    ],
)
def test_the_addresses_of_one_ipv6_network_are_bounded_together(first: str, then: str, *, is_same: bool) -> None:
    limits = ConnectionLimits(SOCKETS, max_handshakes_per_minute=1)
    limits.count_handshake(first)
    with pytest.raises(Failure, match="rate_limited") if is_same else nullcontext():
        limits.count_handshake(then)
