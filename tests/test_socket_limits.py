"""How many sockets, and how often from one address."""

import pytest

from server import socket_limits
from server.errors import Failure
from server.rate import Rate
from server.socket_limits import SocketLimits


def test_a_rate_lets_its_burst_through_and_then_its_pace() -> None:
    rate = Rate(per_second=2, burst=3, now=0.0)
    assert [rate.allow(0.0) for _ in range(4)] == [True, True, True, False]
    assert [rate.allow(0.5), rate.allow(0.5), rate.allow(1.0)] == [True, False, True]
    assert not rate.is_fresh(2.0)
    assert rate.is_fresh(2.5)


def test_addresses_that_have_been_quiet_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket_limits, "_MANY_ADDRESSES", 3)
    guests = SocketLimits(max_sockets=100, max_handshakes_per_minute=60_000_000)
    for number in range(50):
        guests.knock(f"10.0.0.{number}")
    assert len(guests._rates) < 50


def test_an_address_is_bounded_by_itself() -> None:
    guests = SocketLimits(max_sockets=100, max_handshakes_per_minute=1)
    guests.knock("a")
    with pytest.raises(Failure, match="rate_limited"):
        guests.knock("a")
    guests.knock("b")
