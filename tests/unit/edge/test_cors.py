"""The web pages that may use this server."""

import pytest

from deltawire.edge.cors import OriginPolicy
from deltawire.edge.forwarded import Client
from deltawire.edge.origin_form import normalised

HERE = Client("192.0.2.1", ("chat.example:8000",), None)


@pytest.mark.parametrize(
    "written, exact",
    [
        ("https://Chat.Example", "https://chat.example"),
        ("https://chat.example:443", "https://chat.example"),
        ("http://chat.example:80", "http://chat.example"),
        ("http://chat.example:443", "http://chat.example:443"),
        ("https://chat.example:80", "https://chat.example:80"),
        ("capacitor://localhost", "capacitor://localhost"),
        ("null", "null"),
    ],
)
def test_an_origin_is_compared_as_browsers_write_it(written: str, exact: str) -> None:
    assert normalised(written) == exact
    assert OriginPolicy({exact}).share_with(written)


@pytest.mark.parametrize(
    "origin", ["http://other.example", "https://sub.chat.example", "https://chat.example.evil", ""]
)
def test_only_what_is_listed_is_shared_with(origin: str) -> None:
    assert not OriginPolicy({"https://chat.example"}).share_with(origin)
    assert not OriginPolicy(()).share_with(origin)


def test_answers_need_not_be_shared_with_our_own_pages_and_those_may_change_things() -> None:
    ours = "https://chat.example:8000"
    assert not OriginPolicy(()).share_with(ours)
    assert OriginPolicy(()).allow(ours, HERE)
    assert not OriginPolicy(()).allow("https://chat.example", HERE)


@pytest.mark.parametrize("scheme, is_ours", [("https", True), ("http", False)])
def test_where_a_proxy_told_the_scheme_it_counts(scheme: str, is_ours: bool) -> None:  # noqa: FBT001 - the expected
    assert OriginPolicy(()).allow("https://chat.example", Client("192.0.2.1", ("chat.example",), scheme)) is is_ours
