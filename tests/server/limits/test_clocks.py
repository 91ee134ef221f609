"""Time that was ours: a clock that was put right, and a store that was frozen."""

import asyncio
import time
from collections.abc import AsyncIterator
from importlib.util import find_spec, module_from_spec
from typing import Any

import pytest
from support.redis import RedisServer, redis_server

from deltawire.limits.backend import LimitsBackend, key_of
from deltawire.limits.in_memory import MemoryLeases, MemoryMeter, MemoryWindows
from deltawire.limits.ledger import Limits
from deltawire.limits.prices import Prices
from deltawire.limits.redis.backend import redis_backend
from deltawire.limits.rules import Rules, read_counts
from deltawire.protocol.errors import Failure

HOUR = 3_600.0
MINUTE = 60.0
CALLER = "alice"
MINUTELY = "deltawire:begun:" + key_of(CALLER)
RULES = Rules(turns_per_minute=read_counts("2"), turns_at_once=read_counts("2"))


def limits_of(backend: LimitsBackend, rules: Rules = RULES) -> Limits:
    return Limits(rules, backend, Prices(), "refuse")


async def refusal(limits: Limits) -> Failure:
    with pytest.raises(Failure) as refused:
        await limits.open(CALLER).begin("m")
    return refused.value


def own_copy_of(module: str) -> Any:
    """The module, imported once more."""
    spec = find_spec(module)
    assert spec is not None
    assert spec.loader is not None
    copy = module_from_spec(spec)
    spec.loader.exec_module(copy)
    return copy


@pytest.fixture
async def shared(redis: RedisServer) -> AsyncIterator[LimitsBackend]:
    backend = redis_backend(redis.url)
    yield backend
    await backend.leases.close()
    assert backend.close is not None
    await backend.close()


async def test_in_memory_a_clock_that_was_ahead_locks_nobody_out(monkeypatch: pytest.MonkeyPatch) -> None:
    ahead, now = [HOUR], time.time
    monkeypatch.setattr("time.time", lambda: now() + ahead[0])
    windows = own_copy_of("deltawire.limits.in_memory").MemoryWindows()  # one that was imported has taken its clock
    backend = LimitsBackend(windows=windows, leases=MemoryLeases(), meter=MemoryMeter())
    limits = limits_of(backend, Rules(turns_per_minute=read_counts("2")))
    for _ in range(2):
        await limits.open(CALLER).begin("m")
    ahead[0] = 0.0
    refused = await refusal(limits)
    assert refused.code == "rate_limited"
    assert refused.retry_after is not None
    assert 0 < refused.retry_after <= MINUTE


async def test_in_memory_a_turn_of_a_minute_ago_counts_no_more() -> None:
    clock = [0.0]
    windows = MemoryWindows(lambda: clock[0])
    [rule] = rules = read_counts("1")
    assert await windows.enter("a", CALLER, rules) is None
    clock[0] = MINUTE - 0.25
    assert await windows.enter("b", CALLER, rules) is rule
    assert await windows.read(CALLER, rule) == (0, 0.25)
    clock[0] = MINUTE
    assert await windows.enter("c", CALLER, rules) is None


async def test_in_a_store_whose_clock_was_ahead_nobody_is_locked_out(redis: RedisServer, shared: LimitsBackend) -> None:
    async with redis.client() as client:
        await client.zadd(MINUTELY, {"a": time.time() + HOUR, "b": time.time() + 2 * HOUR})
        refused = await refusal(limits_of(shared))
        assert refused.retry_after is not None
        assert 0 < refused.retry_after <= MINUTE
        assert all(begun <= time.time() for _, begun in await client.zrange(MINUTELY, 0, -1, withscores=True))


async def test_a_lease_of_a_store_whose_clock_was_ahead_takes_no_place(
    redis: RedisServer, shared: LimitsBackend
) -> None:
    async with redis.client() as client:
        await client.zadd("deltawire:running:" + key_of(CALLER), {"a": time.time() + HOUR, "b": time.time() + HOUR})
    ledger = limits_of(shared).open(CALLER)
    await ledger.begin("m")


async def test_a_turn_of_a_model_that_is_refused_counts_for_no_rule(shared: LimitsBackend) -> None:
    rules = read_counts("5,m=1")
    assert shared.windows is not None
    assert await shared.windows.enter("a", CALLER, rules) is None
    assert await shared.windows.enter("b", CALLER, rules) is rules[1]
    assert (await shared.windows.read(CALLER, rules[0])).left == 4


async def test_a_store_that_was_frozen_leaves_no_place_taken_once_it_is_back(free_port: int) -> None:
    async with redis_server(free_port) as store:
        backend = redis_backend(store.url)
        limits = limits_of(backend)
        for part in (Rules(turns_at_once=RULES.turns_at_once), Rules(turns_per_minute=RULES.turns_per_minute)):
            first = limits_of(backend, part).open(CALLER)
            await first.begin("m")  # the scripts are there, and a connection
            first.close()
        await limits.background.wait(5)
        async with store.client() as client:
            await client.flushall()
        store.stop()
        refused = [await refusal(limits_of(backend, Rules(turns_at_once=RULES.turns_at_once)))]
        store.go_on()
        await until_back(backend)
        store.stop()
        refused += [await refusal(limits_of(backend, Rules(turns_per_minute=RULES.turns_per_minute)))]
        store.go_on()
        await until_back(backend)
        assert [failure.code for failure in refused] == ["store_unavailable"] * 2
        [per_minute], [at_once] = RULES.turns_per_minute, RULES.turns_at_once
        assert backend.windows is not None
        assert await backend.leases.count(key_of(CALLER), at_once) == 0
        assert (await backend.windows.read(key_of(CALLER), per_minute)).left == per_minute.amount
        await backend.leases.close()
        assert backend.close is not None
        await backend.close()


async def until_back(backend: LimitsBackend) -> None:
    """Wait until the store answers again."""
    assert backend.is_there is not None
    while True:
        try:
            await backend.is_there()
        except Exception:  # noqa: BLE001 - it is away
            await asyncio.sleep(0.05)
        else:
            return
