"""The store goes away, under load, and comes back: what the setting says is what happens."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any, Self

import aiohttp
import pytest
from support.client import connected, text_of
from support.log import Log
from support.redis import RedisServer, redis_server
from support.serving import serving
from support.transports import Ask, ask_rest, ask_socket, post
from support.upstream import Upstream, says, says_when

CLIENTS = 10
LONGEST_SECONDS = 10.0
"""A wait for the store takes a second; the rest is for a busy machine. Where each turn waited, 20 would take longer."""


@pytest.fixture
async def store(free_port: int) -> AsyncIterator[RedisServer]:
    """A Redis that a test may kill."""
    async with redis_server(free_port) as server:
        yield server


class Load:
    """Clients that ask without pause; what they were answered, and how long the slowest answer took."""

    def __init__(self, address: str) -> None:
        self.answers: Counter[str] = Counter()
        self.slowest = 0.0
        self._tasks = [asyncio.create_task(self._ask(address)) for _ in range(CLIENTS)]

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.wait(self._tasks)

    async def wait_for(self, answer: str, times: int = 50) -> None:
        """Wait until so many more answers of this kind have come."""
        wanted = self.answers[answer] + times
        async with asyncio.timeout(60):
            while self.answers[answer] < wanted:
                await asyncio.sleep(0.01)
                for task in self._tasks:
                    assert not task.done(), task.exception()

    async def _ask(self, address: str) -> None:
        async with connected(address) as client:
            while True:
                began = time.monotonic()
                end = (await client.ask())[-1]
                self.slowest = max(self.slowest, time.monotonic() - began)
                self.answers[end.get("code", "usage")] += 1


async def ready(address: str) -> tuple[int, Any]:
    async with aiohttp.ClientSession() as session, session.get(f"http://{address}/readyz") as response:
        return response.status, await response.json(content_type=None)


async def used(address: str) -> tuple[int, int]:
    """Return the number of turns that were counted with figures, and their tokens."""
    async with aiohttp.ClientSession() as session, session.get(f"http://{address}/usage?days=1") as response:
        [model] = (await response.json())["days"][0]["models"]
        return model["turns"] - model["uncounted_turns"], model["total_tokens"]


def limited(store: RedisServer, **more: Any) -> dict[str, Any]:
    many = 10**6
    return {
        "turns_per_minute": many,
        "turns_at_once": many,
        "tokens_per_day": 10**9,
        "redis_url": store.url,
        "max_frames_per_second": many,
        **more,
    }


async def test_turns_are_refused_while_redis_is_killed_and_go_on_when_it_is_back(
    upstream: Upstream, store: RedisServer, log: Log
) -> None:
    async with serving(upstream, **limited(store)) as address, Load(address) as load:
        await load.wait_for("usage")
        await store.kill()
        await log.line("limits: the store is away")
        await load.wait_for("store_unavailable")
        load.answers.clear()
        await load.wait_for("store_unavailable")
        assert set(load.answers) == {"store_unavailable"}
        status, problem = await ready(address)
        assert (status, problem["code"]) == (503, "store_unavailable")

        await store.start()
        await log.line("limits: the store is back")
        await load.wait_for("usage")
        load.answers.clear()
        await load.wait_for("usage")
        assert set(load.answers) == {"usage"}
        assert await ready(address) == (200, {"status": "ok"})
        async with store.client() as client:
            assert (await client.info("stats"))["total_connections_received"] <= CLIENTS * 4
        assert load.slowest < LONGEST_SECONDS
    events = [line["event"] for line in log.lines if line["event"].startswith("limits: the store")]
    assert events == ["limits: the store is away", "limits: the store is back"]


async def test_turns_go_on_while_redis_is_killed_where_that_is_allowed_and_are_charged_when_it_is_back(
    upstream: Upstream, store: RedisServer, log: Log
) -> None:
    settings = limited(store, limits_when_store_is_away="allow")
    async with serving(upstream, **settings) as address:
        async with Load(address) as load:
            await load.wait_for("usage")
            await store.kill()
            await log.line("limits: the store is away")
            away = load.answers["usage"]
            await load.wait_for("usage")
            assert await ready(address) == (200, {"status": "ok", "limits": "away"})
            away = load.answers["usage"] - away
            await store.start()
            await log.line("limits: the store is back")
            await load.wait_for("usage")
            assert set(load.answers) == {"usage"}
            assert load.slowest < LONGEST_SECONDS
        turns, tokens = await used(address)
        assert turns >= away
        assert tokens == 5 * turns
        assert await ready(address) == (200, {"status": "ok"})
    events = [line["event"] for line in log.lines if line["event"].startswith("limits: the store")]
    assert events == ["limits: the store is away", "limits: the store is back"]


@pytest.mark.parametrize("ask", [ask_socket, ask_rest], ids=["socket", "rest"])
async def test_a_redis_that_hangs_is_waited_for_a_second_and_not_by_each(
    upstream: Upstream, store: RedisServer, log: Log, ask: Ask
) -> None:
    async with serving(upstream, **limited(store)) as address:
        assert (await ask(address))[-1]["type"] == "usage"
        store.stop()
        began = time.monotonic()
        [refused] = await ask(address)
        assert (refused["code"], refused["message"]) == (
            "store_unavailable",
            "The limits cannot be checked at the moment; try again.",
        )
        assert 0.9 < time.monotonic() - began < LONGEST_SECONDS
        began = time.monotonic()
        for _ in range(20):
            assert (await ask(address))[-1]["code"] == "store_unavailable"
        assert time.monotonic() - began < LONGEST_SECONDS
        status, problem, _ = await post(address, "/chat", b'{"message": "hi"}')
        assert (status, problem["retryable"]) == (503, True)
        store.go_on()
        await log.line("limits: the store is back")
        assert (await ask(address))[-1]["type"] == "usage"


async def test_a_turn_that_ends_while_redis_hangs_is_told_its_end_and_charged_once(
    upstream: Upstream, store: RedisServer, log: Log
) -> None:
    released = asyncio.Event()
    upstream.plays(says_when(released), says("Hello"))
    async with serving(upstream, **limited(store)) as address, connected(address) as client:
        await client.chat(id="t1")
        await upstream.wait_for_request()
        store.stop()
        released.set()
        frames = await client.until_end("t1")
        assert (text_of(frames), frames[-1]["type"]) == ("Hello world", "usage")
        store.go_on()
        await log.line("limits: the store is back")
        assert await used(address) == (1, 5)
        assert (await client.ask())[-1]["type"] == "usage"
        assert await used(address) == (2, 10)


async def test_a_server_starts_without_its_store(upstream: Upstream, free_port: int, log: Log) -> None:
    url = f"redis://user:planted-secret-77aa@127.0.0.1:{free_port}/0"
    async with serving(upstream, turns_per_minute=5, redis_url=url) as address:
        assert (await ready(address))[0] == 503
        [refused] = await ask_socket(address)
        assert refused["code"] == "store_unavailable"
    assert (await log.line("limits: the store is away"))["cause"] == "ConnectionError"
    assert "planted-secret" not in str(log.lines)


async def test_where_there_are_no_limits_only_the_figures_need_the_store(
    upstream: Upstream, store: RedisServer, log: Log
) -> None:
    async with serving(upstream, redis_url=store.url) as address:
        assert (await ask_rest(address))[-1]["type"] == "usage"
        await store.kill()
        assert (await ask_rest(address))[-1]["type"] == "usage"
        assert await ready(address) == (200, {"status": "ok", "limits": "away"})
        async with aiohttp.ClientSession() as session, session.get(f"http://{address}/usage") as response:
            assert (response.status, (await response.json(content_type=None))["code"]) == (503, "store_unavailable")
        await store.start()
        await log.line("limits: the store is back")
        assert await used(address) == (1, 5)


async def test_charges_that_can_be_written_nowhere_are_told_at_the_end(
    upstream: Upstream, store: RedisServer, log: Log
) -> None:
    async with serving(upstream, redis_url=store.url) as address:
        await store.kill()
        for _ in range(3):
            assert (await ask_rest(address))[-1]["type"] == "usage"
    await log.line("limits: charges are lost", charges=3)
