"""The caller of each credential."""

import time

import pytest
from support.identity import API_KEYS, KEYS, SECRET, token

from deltawire.identity.api_keys import ApiKeys, parse_keys
from deltawire.identity.authenticator import Authenticator
from deltawire.identity.caller import ANONYMOUS, Caller
from deltawire.identity.jwt_tokens import JwtTokens, SharedSecret
from deltawire.protocol.errors import Failure
from deltawire.protocol.frames import MAX_TOKEN_CHARS, decode

KNOWN = ApiKeys(parse_keys(API_KEYS.split(",")))
SIGNED = JwtTokens(SharedSecret(SECRET), None, None)


def test_a_key_and_a_token_of_one_name_are_two_callers() -> None:
    authenticator = Authenticator(KNOWN, SIGNED)
    assert authenticator.recognise(KEYS["alice"]).name == "key:alice"
    assert authenticator.recognise(token(sub="alice")).name == "jwt:alice"


@pytest.mark.parametrize(
    "authenticator", [Authenticator(KNOWN), Authenticator(None, SIGNED), Authenticator(KNOWN, SIGNED)]
)
def test_each_way_to_ask_is_enough(authenticator: Authenticator) -> None:
    assert authenticator.is_required


def test_without_any_way_nobody_is_asked_and_everybody_may_start() -> None:
    authenticator = Authenticator()
    assert not authenticator.is_required
    authenticator.check(ANONYMOUS)


@pytest.mark.parametrize(
    "authenticator, brought", [(Authenticator(KNOWN), token()), (Authenticator(None, SIGNED), KEYS["alice"])]
)
def test_what_is_not_set_up_lets_nobody_in(authenticator: Authenticator, brought: str) -> None:
    with pytest.raises(Failure, match="unauthenticated"):
        authenticator.recognise(brought)


def test_a_token_that_is_too_long_is_not_even_read() -> None:
    brought = token(padding="x" * MAX_TOKEN_CHARS)
    assert SIGNED.caller(brought).name
    with pytest.raises(Failure, match="unauthenticated"):
        Authenticator(KNOWN, SIGNED).recognise(brought)


def test_those_whose_time_is_over_or_whose_key_is_gone_start_nothing_more() -> None:
    authenticator = Authenticator(KNOWN, SIGNED)
    alice = authenticator.recognise(KEYS["alice"])
    authenticator.check(alice)
    for over in (Caller(name="jwt:carol", expires_at=time.time()), Caller(name="key:alice", key=bytes(32))):
        with pytest.raises(Failure, match="unauthenticated"):
            authenticator.check(over)
    with pytest.raises(Failure, match="unauthenticated"):
        Authenticator(None, SIGNED).check(alice)


def test_no_token_is_in_a_repr_of_its_frame() -> None:
    assert repr(decode('{"type": "auth", "token": "planted"}')) == "Auth()"
