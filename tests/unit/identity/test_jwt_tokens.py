"""The claims of a JSON Web Token that are believed."""

import base64
import time
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.identity import SECRET, Signer, payload, signed, token, unsigned

from deltawire.identity.caller import Caller, UnknownKey
from deltawire.identity.jwt_tokens import JwtTokens, SharedSecret, SigningKey
from deltawire.protocol.errors import Failure

HS = JwtTokens(SharedSecret(SECRET), issuer=None, audience=None)
PEM = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA\n-----END PUBLIC KEY-----"
STRICT = JwtTokens(SharedSecret(SECRET), issuer="https://id.example", audience="deltawire")


def test_a_token_of_the_secret_before_a_rotation_is_accepted_until_that_is_gone() -> None:
    new, old = SECRET, "the secret before, which is long enough, too"
    of_old = jwt.encode(payload(), old, algorithm="HS256")
    during = JwtTokens(SharedSecret(new), None, None, SharedSecret(old).find(None))
    assert during.caller(of_old).name == during.caller(token()).name
    with pytest.raises(Failure, match="unauthenticated"):
        HS.caller(of_old)
    with pytest.raises(Failure, match="unauthenticated"):
        during.caller(jwt.encode(payload(), "another secret, which is long enough, too", algorithm="HS256"))


class Published:
    """Public keys, as a key set has them."""

    algorithms = frozenset({"RS256", "ES256", "EdDSA", "PS256", "ES384"})

    def __init__(self, *signers: Signer) -> None:
        self.keys = {signer.kid: SigningKey(signer.algorithm, signer.private.public_key()) for signer in signers}

    def find(self, kid: str | None) -> SigningKey | None:
        return self.keys.get(kid or "")

    async def refresh(self) -> None:
        raise AssertionError


def refused(tokens: JwtTokens, token: str) -> Failure:
    with pytest.raises(Failure) as refusal:
        tokens.caller(token)
    assert refusal.value.code == "unauthenticated"
    return refusal.value


def test_a_good_token_names_its_caller_and_their_time() -> None:
    assert HS.caller(token(sub="carol", exp=4e9)) == Caller(name="jwt:carol", expires_at=4e9)


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256", "ES384", "EdDSA"])
def test_a_token_is_held_against_the_public_key_that_it_names(algorithm: str) -> None:
    signer, other = Signer(algorithm, "one"), Signer(algorithm, "two")
    tokens = JwtTokens(Published(signer, other), None, None)
    assert tokens.caller(signer.token()).name == "jwt:carol"
    refused(tokens, jwt.encode(payload(), other.private, algorithm, {"kid": "one"}))


def test_a_key_that_is_not_at_hand_is_told_from_a_bad_token() -> None:
    tokens = JwtTokens(Published(), None, None)
    assert isinstance(refused(tokens, Signer().token()), UnknownKey)
    assert not isinstance(refused(tokens, token(headers={"kid": "one"})), UnknownKey)


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": None},
        {"exp": "soon"},
        {"exp": []},
        {"exp": {}},
        {"exp": float("inf")},
        {"exp": float("nan")},
        {"exp": -1},
        {"exp": True},
        {"nbf": time.time() + 3600},
        {"nbf": "never"},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
        {"sub": ["carol"]},
        {"sub": "x" * 256},
        {"sub": "carol\nend=stop"},
        {"sub": "carol\x1b[2J"},
        {"sub": "carol\u202elorac"},
        {"sub": "carol\u2028"},
        {"sub": "\ud800"},
    ],
)
def test_a_token_without_a_proper_name_and_time_is_refused(claims: dict[str, Any]) -> None:
    header, body = {"alg": "HS256"}, {"sub": "carol", "exp": 4e9, **claims}
    body = {name: value for name, value in body.items() if value is not None}
    refused(HS, signed(header, body))


def test_a_token_ends_to_the_second() -> None:
    assert "expired" in refused(HS, token(exp=time.time() - 0.01)).message
    assert "expired" in refused(HS, token(exp=time.time() - 3600)).message


def test_the_clock_of_whoever_signs_may_be_a_little_ahead() -> None:
    now = time.time()
    assert HS.caller(token(nbf=now + 10, iat=now + 10)).name


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://id.example"},
        {"aud": "deltawire"},
        {"iss": "https://evil.example", "aud": "deltawire"},
        {"iss": "https://id.example", "aud": "another"},
        {"iss": "https://id.example", "aud": ["another"]},
        {"iss": "https://id.example", "aud": "DELTAWIRE"},
        {"iss": "https://id.example", "aud": 1},
        {"iss": ["https://id.example"], "aud": "deltawire"},
    ],
)
def test_a_token_of_another_issuer_or_for_another_audience_is_refused(claims: dict[str, Any]) -> None:
    body = {"sub": "carol", "exp": 4e9, **claims}
    refused(STRICT, signed({"alg": "HS256"}, body))


def test_one_of_several_audiences_is_enough() -> None:
    assert STRICT.caller(token(iss="https://id.example", aud=["another", "deltawire"])).name


def test_issuer_and_audience_may_say_anything_where_nothing_was_set() -> None:
    assert HS.caller(token(iss="x", aud="y")).name


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "", "HS384", "RS256", "hs256", None, 1, [], ["HS256"]])
def test_what_a_token_says_of_its_algorithm_decides_nothing(algorithm: Any) -> None:
    refused(HS, unsigned({"alg": algorithm, "typ": "JWT"}, payload()))
    refused(HS, unsigned({"alg": algorithm, "typ": "JWT"}, payload(), b"x" * 32))


@pytest.mark.parametrize(
    "header", [{"jwk": Signer().jwk}, {"jku": "http://127.0.0.1:1/"}, {"x5u": "http://127.0.0.1:1/"}]
)
def test_a_key_that_comes_with_the_token_is_not_used(header: dict[str, Any]) -> None:
    signer = Signer()
    attacker = Signer()
    forged = jwt.encode(payload(), attacker.private, "ES256", {"kid": "one", **header, "jwk": attacker.jwk})
    refused(JwtTokens(Published(signer), None, None), forged)


def test_extensions_that_must_be_understood_are_refused() -> None:
    refused(HS, token(headers={"crit": ["b64"], "b64": False}))
    refused(HS, unsigned({"alg": "HS256", "crit": ["x"], "x": 1}, payload()))


@pytest.mark.parametrize("secret", ["", "x" * 31, PEM, "ssh-rsa " + "x" * 32])
def test_a_secret_that_could_be_guessed_or_is_public_is_none(secret: str) -> None:
    with pytest.raises(ValueError, match="secret"):
        SharedSecret(secret)


@given(st.one_of(st.text(max_size=200), st.lists(st.text(max_size=40), min_size=3, max_size=3).map(".".join)))
def test_whatever_comes_is_refused_and_nothing_worse(text: str) -> None:
    refused(HS, text)


_json = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(
    header=st.dictionaries(st.sampled_from(["alg", "kid", "typ", "crit", "b64"]), _json | st.just("HS256")),
    claims=st.dictionaries(st.sampled_from(["exp", "sub", "iss", "aud", "nbf", "iat", "jti"]), _json) | _json,
)
def test_signed_nonsense_is_refused_and_nothing_worse(header: dict[str, Any], claims: Any) -> None:
    refused(STRICT, signed({"alg": "HS256", **header}, claims))


def test_a_header_that_is_nested_without_end_is_refused() -> None:
    nested = base64.urlsafe_b64encode(b"[" * 6000).decode()
    refused(HS, f"{nested}.{nested}.x")


def test_no_key_is_in_a_repr() -> None:
    assert repr(SharedSecret(SECRET).find(None)) == "SigningKey('HS256')"
