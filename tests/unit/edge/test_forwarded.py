"""The headers of proxies that are believed."""

from typing import Any, cast

import pytest

from deltawire.edge.forwarded import TrustedProxies


def client(trusted: list[str], peer: str | None, *headers: tuple[str, str]) -> tuple[str, tuple[str, ...], str | None]:
    scope = {
        "client": (peer, 1) if peer is not None else None,
        "headers": [(b"host", b"Inner:8000"), *((name.encode(), value.encode()) for name, value in headers)],
    }
    found = TrustedProxies(trusted).client_of(cast("Any", scope))
    return found.address, found.hosts, found.scheme


FORWARDED = (("x-forwarded-for", "198.51.100.7"), ("x-forwarded-host", "Chat.Example"), ("x-forwarded-proto", "HTTPS"))


@pytest.mark.parametrize("trusted, peer", [([], "10.0.0.1"), (["10.0.0.0/8"], "192.0.2.1"), (["10.0.0.0/8"], None)])
def test_the_word_of_a_stranger_does_not_count(trusted: list[str], peer: str | None) -> None:
    assert client(trusted, peer, *FORWARDED) == (peer or "", ("inner:8000",), None)


@pytest.mark.parametrize("peer", ["10.0.0.1", "::ffff:10.0.0.1", "fd00::1"])
def test_the_word_of_a_proxy_of_ours_counts(peer: str) -> None:
    assert client(["10.0.0.1", "fd00::/8"], peer, *FORWARDED) == ("198.51.100.7", ("chat.example",), "https")


def test_a_proxy_that_says_nothing_is_the_client() -> None:
    assert client(["10.0.0.0/8"], "10.0.0.1") == ("10.0.0.1", ("inner:8000",), None)


@pytest.mark.parametrize(
    "hops, nearest",
    [
        (["198.51.100.7"], "198.51.100.7"),
        (["192.0.2.66, 198.51.100.7"], "198.51.100.7"),
        (["192.0.2.66", "198.51.100.7, 10.1.1.1"], "198.51.100.7"),
        (["10.2.2.2, 10.1.1.1"], "10.2.2.2"),
        (["192.0.2.66, nonsense, 10.1.1.1"], "10.1.1.1"),
        (["192.0.2.66, unknown"], "10.0.0.1"),
        (["198.51.100.7:4711"], "198.51.100.7"),
        (["[2001:db8::7]:4711, 10.1.1.1"], "2001:db8::7"),
        (["2001:db8::7"], "2001:db8::7"),
        (["::ffff:198.51.100.7"], "198.51.100.7"),
        ([" , ,"], "10.0.0.1"),
    ],
)
def test_the_client_is_the_last_address_that_is_no_proxy_of_ours(hops: list[str], nearest: str) -> None:
    lines = [("x-forwarded-for", hop) for hop in hops]
    assert client(["10.0.0.0/8"], "10.0.0.1", *lines)[0] == nearest


def test_of_several_proxies_the_nearest_is_believed() -> None:
    headers = [("x-forwarded-host", "evil.example, chat.example"), ("x-forwarded-proto", "gopher, http")]
    assert client(["10.0.0.1"], "10.0.0.1", *headers)[1:] == (("chat.example",), "http")


def test_a_scheme_that_is_none_is_not_known() -> None:
    assert client(["10.0.0.1"], "10.0.0.1", ("x-forwarded-proto", "https, gopher"))[2] is None
