"""The identity of an open socket: a token runs out, and a fresh one comes."""

import asyncio
import time

import pytest
from support.client import Client, connected
from support.identity import API_KEYS, KEYS, SECRET, Publisher, Signer, bearer, token
from support.serving import serving
from support.upstream import Upstream, says, says_when

from deltawire.identity.authenticator import Authenticator
from deltawire.identity.jwt_tokens import JwtTokens
from deltawire.identity.key_set import KeySet, Pace
from deltawire.identity.socket_identity import SocketIdentity


async def test_a_token_that_runs_out_ends_new_turns_and_a_fresh_one_starts_them(upstream: Upstream) -> None:
    released = asyncio.Event()
    upstream.plays(says_when(released), says("again"))
    async with serving(upstream, jwt_secret=SECRET) as address:
        expires_at = time.time() + 1.5
        async with connected(address, additional_headers=bearer(token(exp=expires_at))) as client:
            await client.chat(id="running")
            assert (await client.receive())["text"] == "Hello"
            await asyncio.sleep(expires_at - time.time() + 0.05)
            [error] = await client.ask(id="late")
            assert (error["id"], error["code"], error["retryable"]) == ("late", "unauthenticated", False)
            assert len(upstream.exchanges) == 1
            released.set()
            assert (await client.until_end("running"))[-1]["finish_reason"] == "stop"
            await client.send(type="auth", token=token())
            assert (await client.ask(id="late"))[0] == {"type": "delta", "id": "late", "text": "again"}


async def test_a_fresh_token_is_answered_with_silence(upstream: Upstream) -> None:
    async with serving(upstream, api_keys=API_KEYS) as address:
        async with connected(address, additional_headers=bearer(KEYS["alice"])) as client:
            await client.send(type="auth", token=KEYS["alice"])
            frames = await client.ask(id="t1")
            assert {frame["id"] for frame in frames} == {"t1"}


async def test_a_fresh_token_may_need_a_key_that_has_to_be_fetched() -> None:
    old, new = Signer(kid="old"), Signer(kid="new")
    async with Publisher(old) as publisher, KeySet(publisher.url, Pace(between=0)) as keys:
        authenticator = Authenticator(tokens=JwtTokens(keys, None, None))
        identity = SocketIdentity(await authenticator.identify(old.token(exp=4e9)), authenticator)
        publisher.signers.append(new)
        fresh = new.token(exp=5e9)
        assert not identity.renew(fresh)
        assert identity.caller().expires_at == 4e9
        await identity.renew_later(fresh)
        assert identity.caller().expires_at == 5e9


async def test_a_fresh_token_whose_key_is_nowhere_is_refused(upstream: Upstream) -> None:
    signer, stranger = Signer(), Signer(kid="unknown")
    async with Publisher(signer) as publisher, serving(upstream, jwt_jwks_url=publisher.url) as address:
        async with connected(address, additional_headers=bearer(signer.token())) as client:
            await client.send(type="auth", token=stranger.token())
            error = await client.receive()
            assert (error["id"], error["code"], error["field"]) == (None, "unauthenticated", "token")
            assert (await client.ask())[-1]["type"] == "usage"


@pytest.mark.parametrize("sent", ["nonsense", "a.b.c", "x" * 100_000])
async def test_where_nobody_is_asked_a_token_changes_nothing(upstream: Upstream, sent: str) -> None:
    async with serving(upstream) as address, connected(address) as client:
        await client.send(type="auth", token=sent)
        assert (await client.ask(id="t1"))[-1]["type"] == "usage"


@pytest.mark.parametrize(
    "frame, field",
    [({}, "token"), ({"token": ""}, "token"), ({"token": 1}, "token"), ({"token": "x", "id": "t1"}, "id")],
)
async def test_an_auth_frame_is_one_token(upstream: Upstream, frame: dict[str, object], field: str) -> None:
    async with serving(upstream) as address, connected(address) as client:
        error = await refused(client, frame)
        assert (error["id"], error["code"], error["field"]) == (None, "invalid_frame", field)


async def refused(client: Client, frame: dict[str, object]) -> dict[str, object]:
    await client.send(type="auth", **frame)
    return await client.receive()
