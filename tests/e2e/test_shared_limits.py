"""Two servers on one Redis let no more through than one would."""

import asyncio
import signal
from collections import Counter
from collections.abc import AsyncIterator

import pytest
from support.client import connected
from support.process import ServerProcess, running_over
from support.redis import RedisServer
from support.transports import ask_rest
from support.upstream import Exchange, Upstream, is_silent, says

REQUESTS = 3_000
CLIENTS = 50
ALLOWED = 100
AT_ONCE = 3

Pair = tuple[ServerProcess, ServerProcess]


async def answers_the_fast(exchange: Exchange) -> None:
    await (says("Hello") if exchange.model == "fast" else is_silent)(exchange)


@pytest.fixture
async def pair(upstream: Upstream, redis: RedisServer) -> AsyncIterator[Pair]:
    upstream.plays(answers_the_fast)
    settings = {
        "redis_url": redis.url,
        "models": "fast,slow",
        "turns_per_minute": f"fast={ALLOWED}",
        "turns_at_once": f"slow={AT_ONCE}",
        "max_frames_per_second": "1000000",
    }
    async with running_over(upstream, **settings) as one, running_over(upstream, **settings) as other:
        yield one, other


async def ask_often(address: str, answers: Counter[str]) -> None:
    async with connected(address) as client:
        for _ in range(REQUESTS // CLIENTS):
            answers[(await client.ask())[-1].get("code", "usage")] += 1


async def test_thousands_of_requests_to_two_servers_let_no_more_through_than_one_would(
    upstream: Upstream, pair: Pair
) -> None:
    answers: Counter[str] = Counter()
    async with asyncio.timeout(55):  # within the minute that the first of them began
        await asyncio.gather(*(ask_often(pair[number % 2].address, answers) for number in range(CLIENTS)))
    assert answers == {"usage": ALLOWED, "rate_limited": REQUESTS - ALLOWED}
    assert len(upstream.exchanges) == ALLOWED


async def test_the_turns_of_a_server_that_is_killed_are_free_again_after_their_time(
    upstream: Upstream, redis: RedisServer, pair: Pair
) -> None:
    one, other = pair
    async with connected(one.address) as killed:
        for _ in range(AT_ONCE):
            await killed.chat(model="slow")
        await upstream.wait_for_request(AT_ONCE)
        assert (await ask_rest(other.address, model="slow"))[-1]["code"] == "rate_limited"
        await one.stop(signal.SIGKILL)
    assert (await ask_rest(other.address, model="slow"))[-1]["code"] == "rate_limited"

    async with redis.client() as client:
        [key] = await client.keys("deltawire:running:*")
        now, _ = await client.time()
        leases = await client.zrange(key, 0, -1, withscores=True)
        assert len(leases) == AT_ONCE
        assert all(now < end <= now + 31 for _, end in leases)
        for lease, _ in leases:  # their time passes
            await client.zincrby(key, -31, lease)
    async with connected(other.address) as client:
        await client.chat(model="slow")
        await upstream.wait_for_request(AT_ONCE + 1)
