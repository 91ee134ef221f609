"""A published key set: what is taken from it, and what becomes of tokens when it is down or lies."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm
from support.identity import Publisher, Signer
from support.log import Log

from deltawire.identity.authenticator import Authenticator
from deltawire.identity.jwt_tokens import JwtTokens
from deltawire.identity.key_set import KeySet, Pace
from deltawire.protocol.errors import Failure

AT_ONCE = Pace(between=0, timeout=60)
ONCE = Pace(between=3600, timeout=60)
GIVES_UP = Pace(between=0, timeout=8)
"""For an answer that does not come. It is longer than a good one takes on a busy machine."""


def pace_for(lie: str) -> Pace:
    return GIVES_UP if lie == "slow" else AT_ONCE


@pytest.fixture(scope="module")
def signers() -> list[Signer]:
    return [Signer("ES256", "one"), Signer("EdDSA", "two"), Signer("RS256", "three")]


@pytest.fixture
async def publisher(signers: list[Signer]) -> AsyncIterator[Publisher]:
    async with Publisher(*signers) as publisher:
        yield publisher


@asynccontextmanager
async def authenticator(url: str, pace: Pace) -> AsyncIterator[Authenticator]:
    async with KeySet(url, pace) as keys:
        yield Authenticator(tokens=JwtTokens(keys, None, None))


async def refusal(authenticator: Authenticator, token: str) -> str:
    with pytest.raises(Failure) as refused:
        await authenticator.identify(token)
    return refused.value.code


async def test_keys_are_fetched_once_for_however_many_tokens(publisher: Publisher, signers: list[Signer]) -> None:
    async with authenticator(publisher.url, AT_ONCE) as known:
        callers = await asyncio.gather(*(known.identify(signer.token()) for signer in signers * 20))
        assert {caller.name for caller in callers} == {"jwt:carol"}
    assert len(publisher.requests) == 1


async def test_a_key_that_is_new_is_found(publisher: Publisher) -> None:
    async with authenticator(publisher.url, AT_ONCE) as known:
        publisher.signers.append(Signer(kid="new"))
        assert (await known.identify(publisher.signers[-1].token())).name


async def test_keys_that_nobody_knows_are_not_looked_for_each_time(publisher: Publisher, signers: list[Signer]) -> None:
    stranger = Signer(kid="unknown")
    async with authenticator(publisher.url, ONCE) as known:
        codes = await asyncio.gather(*(refusal(known, stranger.token()) for _ in range(50)))
        assert set(codes) == {"unauthenticated"}
        assert (await known.identify(signers[0].token())).name
    assert len(publisher.requests) == 1


async def test_a_key_that_is_no_longer_published_ends_with_the_age_of_the_set(
    publisher: Publisher, signers: list[Signer]
) -> None:
    async with KeySet(publisher.url, Pace(between=0, stale_after=0)) as keys:
        await keys.refresh()
        publisher.signers = signers[1:]
        assert keys.find(signers[0].kid)  # by the old set; the new one is on its way
        await publisher.wait_for_request(2)
        await keys.refresh()
        assert keys.find(signers[0].kid) is None


async def test_a_token_without_a_key_id_is_held_against_the_only_key(publisher: Publisher) -> None:
    alone = Signer(kid="one")
    publisher.signers = [alone]
    async with authenticator(publisher.url, AT_ONCE) as known:
        assert (await known.identify(alone.token(headers={}))).name
        publisher.signers.append(Signer(kid="two"))
        assert await refusal(known, alone.token(headers={"kid": "three"})) == "unauthenticated"
        assert await refusal(known, alone.token(headers={})) == "unauthenticated"


Play = Callable[[web.Request], Awaitable[web.StreamResponse]]


def answers(body: str | bytes, status: int = 200, headers: dict[str, str] | None = None) -> Play:
    async def play(_: web.Request) -> web.StreamResponse:
        return web.Response(body=body, status=status, headers=headers)

    return play


async def is_slow(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    await response.write(b'{"keys": [')
    await asyncio.sleep(3600)
    return response


async def never_ends(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    while True:
        await response.write(b" " * 2**16)


async def hangs_up(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


def short_rsa(attacker: Signer) -> dict[str, Any]:
    public = rsa.generate_private_key(65537, 1024).public_key()
    return {**RSAAlgorithm.to_jwk(public, as_dict=True), "kid": attacker.kid, "alg": "RS256"}


ATTACKER = Signer(kid="attacker")
LIES: dict[str, Play] = {
    "wrong JSON": answers("{"),
    "HTML": answers("<html>"),
    "another document": answers('{"issuer": "https://id.example"}'),
    "a list": answers("[]"),
    "no keys": answers('{"keys": []}'),
    "keys that are none": answers('{"keys": [1, null]}'),
    "nested without end": answers("[" * 200_000),
    "not UTF-8": answers(b'{"keys": [{"kid": "\xff"}]}'),
    "an error": answers("{}", 500),
    "a redirect": answers("", 302, {"Location": "/elsewhere"}),
    "compressed": answers(b"\x1f\x8b\x08\x00", headers={"Content-Encoding": "gzip"}),
    "huge": answers(" " * 2**20),
    "endless": never_ends,
    "slow": is_slow,
    "a reset": hangs_up,
    "a secret": answers(json.dumps({"keys": [{"kty": "oct", "k": "c2VjcmV0", "kid": "attacker", "alg": "HS256"}]})),
    "a secret that calls itself RSA": answers(
        json.dumps({"keys": [{"kty": "oct", "k": "c2VjcmV0", "kid": "attacker", "alg": "RS256"}]})
    ),
    "no algorithm": answers(json.dumps({"keys": [{**ATTACKER.jwk, "alg": "none"}]})),
    "an algorithm of another type of key": answers(json.dumps({"keys": [{**ATTACKER.jwk, "alg": "RS256"}]})),
    "an algorithm of another curve": answers(json.dumps({"keys": [{**ATTACKER.jwk, "alg": "ES512"}]})),
    "an algorithm that is a list": answers(json.dumps({"keys": [{**ATTACKER.jwk, "alg": ["ES256"]}]})),
    "a key that encrypts": answers(json.dumps({"keys": [{**ATTACKER.jwk, "use": "enc"}]})),
    "a private key": answers(json.dumps({"keys": [{**ATTACKER.jwk, "d": "AA"}]})),
    "a point off the curve": answers(json.dumps({"keys": [{**ATTACKER.jwk, "x": "AA"}]})),
    "numbers for strings": answers(json.dumps({"keys": [{"kty": "RSA", "n": 1, "e": 2, "kid": "attacker"}]})),
    "an RSA key that can be factored": answers(json.dumps({"keys": [short_rsa(ATTACKER)]})),
    "a kid that is no string": answers(json.dumps({"keys": [{**ATTACKER.jwk, "kid": {"a": 1}}]})),
}


@pytest.mark.parametrize("lie", LIES)
async def test_an_endpoint_that_lies_leaves_the_last_good_keys(
    publisher: Publisher, signers: list[Signer], log: Log, lie: str
) -> None:
    async with authenticator(publisher.url, pace_for(lie)) as known:
        await known.identify(signers[0].token())
        publisher.plays = LIES[lie]
        assert await refusal(known, ATTACKER.token()) == "unauthenticated"
        assert (await log.line("key set: not fetched, the keys stay as they were"))["keys"] == 3
        assert (await known.identify(signers[0].token())).name
    assert {request.path for request in publisher.requests} == {"/keys"}


@pytest.mark.parametrize("lie", ["slow", "a redirect", "a secret"])
async def test_without_any_keys_a_client_is_told_to_come_back_and_is_served_once_there_are(
    publisher: Publisher, signers: list[Signer], lie: str
) -> None:
    publisher.plays = LIES[lie]
    async with authenticator(publisher.url, pace_for(lie)) as known:
        assert await refusal(known, signers[0].token()) == "overloaded"
        publisher.plays = None
        assert (await known.identify(signers[0].token())).name


async def test_an_endpoint_that_is_down_is_not_asked_for_each_token(signers: list[Signer], free_port: int) -> None:
    async with authenticator(f"http://127.0.0.1:{free_port}/keys", ONCE) as known:
        assert await refusal(known, signers[0].token()) == "overloaded"
        async with Publisher(*signers) as publisher:
            assert await refusal(known, signers[0].token()) == "overloaded"
            assert publisher.requests == []


async def test_one_bad_key_does_not_spoil_the_others(publisher: Publisher, signers: list[Signer]) -> None:
    bad = [{"kty": "RSA", "n": 1, "e": 2, "kid": "bad"}, {"kty": "oct", "k": "AA", "kid": signers[0].kid}]
    publisher.plays = answers(json.dumps({"keys": [*bad, signers[0].jwk]}))
    async with authenticator(publisher.url, AT_ONCE) as known:
        assert (await known.identify(signers[0].token())).name


async def test_a_server_that_stops_does_not_wait_for_the_endpoint(publisher: Publisher) -> None:
    publisher.plays = is_slow
    async with asyncio.timeout(20), authenticator(publisher.url, Pace(timeout=3600)):
        await publisher.wait_for_request(1)
