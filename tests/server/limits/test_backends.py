"""The counters, in memory and in Redis: the meter's days, and the leases of turns."""

import asyncio
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest
from msgspec.structs import asdict
from support.redis import RedisServer

from deltawire.chat.usage import UsageTracker
from deltawire.gemini.events import Counts
from deltawire.limits.backend import DAY_SECONDS, MAX_MODELS, OTHER, Charge, Day, LimitsBackend, key_of
from deltawire.limits.in_memory import MemoryLeases, MemoryMeter
from deltawire.limits.ledger import Limits
from deltawire.limits.own_prices import read_prices
from deltawire.limits.prices import Prices
from deltawire.limits.redis.backend import redis_backend
from deltawire.limits.redis.connection import RedisConnection
from deltawire.limits.redis.leases import RedisLeases
from deltawire.limits.rules import Rule, Rules, read_counts
from deltawire.protocol.errors import Failure
from deltawire.protocol.frames import Usage

NOON = 20_000.5 * DAY_SECONDS
LEASE_SECONDS = 2.0


@pytest.fixture(params=["memory", "redis"])
async def backend(request: pytest.FixtureRequest, redis: RedisServer) -> AsyncIterator[LimitsBackend]:
    if request.param == "memory":
        yield LimitsBackend(windows=None, leases=MemoryLeases(), meter=MemoryMeter())
        return
    shared = redis_backend(redis.url)
    yield shared
    await shared.leases.close()
    assert shared.close is not None
    await shared.close()


class Clock:
    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def ending(total: int, model: str = "m") -> Usage:
    tracker = UsageTracker(model, lambda *_: None, 1_000)
    tracker.counts = Counts(total, 0, 0, 0, 0, total)
    return Usage("t", **asdict(tracker.figures("stop")))


def charge(turn: str, model: str = "m", day: int = 20_000, **used: int) -> Charge:
    return Charge(id=turn, caller="c", day=day, model=model, used=used or {"turns": 1})


async def test_a_budget_is_whole_again_at_midnight_in_utc(backend: LimitsBackend) -> None:
    clock = Clock(NOON)
    limits = Limits(Rules(tokens_per_day=read_counts("10")), backend, Prices(), "refuse", clock)
    ledger = limits.open("alice")
    await ledger.begin("m")
    await ledger.end(ending(10))

    clock.now = NOON + DAY_SECONDS / 2 - 0.5
    with pytest.raises(Failure, match="budget_exhausted") as refused:
        await limits.open("alice").begin("m")
    assert refused.value.retry_after == 0.5
    await limits.open("bob").begin("m")

    clock.now += 0.5
    late = limits.open("alice")
    await late.begin("m")
    report = await limits.report("alice", 2)
    assert [(day.day, len(day.models)) for day in report.days] == [("2024-10-05", 0), ("2024-10-04", 1)]
    assert report.limits[0].left == 10


async def test_a_turn_is_charged_to_the_day_in_which_it_ends(backend: LimitsBackend) -> None:
    clock = Clock(NOON)
    limits = Limits(Rules(), backend, Prices(), "refuse", clock)
    ledger = limits.open("alice")
    await ledger.begin("m")
    clock.now += DAY_SECONDS
    await ledger.end(ending(7))
    today, yesterday = (await limits.report("alice", 2)).days
    assert [model.total_tokens for model in today.models] == [7]
    assert yesterday.models == []


async def test_a_turn_is_charged_once(backend: LimitsBackend) -> None:
    limits = Limits(Rules(), backend, Prices(), "refuse", Clock(NOON))
    ledger = limits.open("alice")
    await ledger.begin("m")
    await ledger.end(ending(7))
    await ledger.end(ending(7))
    ledger.close()
    await limits.background.wait(5)
    [used] = (await limits.report("alice", 1)).days[0].models
    assert (used.turns, used.total_tokens) == (1, 7)


async def test_days_have_no_end_of_models(backend: LimitsBackend) -> None:
    for number in range(MAX_MODELS + 100):
        await backend.meter.charge(charge(str(number), f"m{number}", turns=1, total_tokens=2))
    [used] = await backend.meter.read("c", [20_000])
    assert len(used) < MAX_MODELS * 10
    assert sum(of["total_tokens"] for of in used.values()) == 2 * (MAX_MODELS + 100)


async def test_a_model_too_many_is_counted_with_the_others() -> None:
    meter = MemoryMeter()
    for number in range(MAX_MODELS + 5):
        await meter.charge(charge(str(number), f"m{number}"))
    [used] = await meter.read("c", [20_000])
    assert used[OTHER]["turns"] == 5


async def test_memory_forgets_what_is_older_than_a_month() -> None:
    clock = Clock(NOON)
    meter = MemoryMeter(clock)
    for day in (20_000, 20_010):
        clock.now = day * DAY_SECONDS
        await meter.charge(charge(str(day), day=day))
    clock.now = 20_033 * DAY_SECONDS
    await meter.charge(charge("new", day=20_033))
    assert [bool(day) for day in await meter.read("c", [20_000, 20_010, 20_033])] == [False, True, True]


async def test_a_charge_that_is_written_again_counts_once(redis: RedisServer) -> None:
    shared = redis_backend(redis.url)
    for _ in range(3):
        await shared.meter.charge(charge("same", turns=1, total_tokens=5))
    [used] = await shared.meter.read("c", [20_000])
    assert used == {"m": {"turns": 1, "total_tokens": 5}}
    assert shared.close is not None
    await shared.close()


async def test_redis_is_told_no_name_and_forgets_everything_in_time(redis: RedisServer) -> None:
    shared = redis_backend(redis.url)
    limits = Limits(
        Rules(turns_per_minute=read_counts("5,m=5"), turns_at_once=read_counts("5,m=5")), shared, Prices(), "refuse"
    )
    ledger, running = limits.open("jwt:carol"), limits.open("jwt:carol")
    await running.begin("m")
    await ledger.begin("m")
    await ledger.end(ending(5))
    async with redis.client() as client:
        keys = await client.keys("*")
        assert len(keys) == 6
        assert all(key.startswith("deltawire:") for key in keys)
        assert not any("carol" in key for key in keys)
        lives = {key: await client.ttl(key) for key in keys}
    assert all(0 < seconds <= 32 * DAY_SECONDS for seconds in lives.values()), lives
    await running.end(ending(5))
    await limits.close()


async def test_a_lease_that_is_renewed_does_not_run_out(redis: RedisServer) -> None:
    store = RedisConnection(redis.url)
    leases, others = RedisLeases(store, LEASE_SECONDS), RedisLeases(store, LEASE_SECONDS)
    rules = (Rule(None, 1),)
    assert await leases.take("a", "c", rules) is None
    await asyncio.sleep(1.5 * LEASE_SECONDS)  # the time of a lease is what this is about
    assert await others.take("b", "c", rules) == rules[0]
    await leases.release("a")
    assert await others.take("b", "c", rules) is None
    await others.release("b")
    assert await leases.count("c", rules[0]) == 0
    for each in (leases, others, store):
        await each.close()


_HOLDS_A_LEASE = f"""
import asyncio, sys
from deltawire.limits.rules import Rule
from deltawire.limits.redis.leases import RedisLeases
from deltawire.limits.redis.connection import RedisConnection

async def hold():
    leases = RedisLeases(RedisConnection(sys.argv[1]), {LEASE_SECONDS})
    assert await leases.take("a", "c", (Rule(None, 1),)) is None
    print("held", flush=True)
    await asyncio.Event().wait()

asyncio.run(hold())
"""


async def test_a_server_that_is_killed_holds_no_place_for_longer_than_a_lease(redis: RedisServer) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _HOLDS_A_LEASE, redis.url, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"held\n"
    store = RedisConnection(redis.url)
    leases = RedisLeases(store, LEASE_SECONDS)
    rules = (Rule(None, 1),)
    assert await leases.take("b", "c", rules) == rules[0]
    process.kill()
    await process.wait()
    async with asyncio.timeout(10 * LEASE_SECONDS):
        while await leases.take("b", "c", rules) is not None:
            pass
    await leases.close()
    await store.close()


async def test_a_lease_that_redis_has_forgotten_is_written_again(redis: RedisServer) -> None:
    store = RedisConnection(redis.url)
    leases = RedisLeases(store, LEASE_SECONDS)
    rule = Rule(None, 2)
    await leases.take("a", "c", (rule,))
    async with redis.client() as client:
        await client.flushall()
    async with asyncio.timeout(10 * LEASE_SECONDS):
        while await leases.count("c", rule) == 0:
            pass
    await leases.close()
    await store.close()


async def test_a_loop_that_is_late_does_not_take_the_store_for_away(redis: RedisServer) -> None:
    store = RedisConnection(redis.url)
    await store.check()
    check = asyncio.create_task(store.check())
    await asyncio.sleep(0)
    time.sleep(1.5)  # noqa: ASYNC251 - that is what is tested
    await check
    assert not store.is_away
    await store.close()


def test_a_name_that_is_no_text_has_a_key_too() -> None:
    names: list[Any] = ["", "key:alice", "jwt:alice", "jwt:\ud800"]
    assert len({key_of(name) for name in names}) == len(names)


class SlowMeter(MemoryMeter):
    """A meter whose answer arrives when it is released: what it says may then be old."""

    def __init__(self) -> None:
        super().__init__()
        self.reads = 0
        self.released = asyncio.Event()

    async def read(self, caller: str, days: list[int]) -> list[Day]:
        self.reads += 1
        found = [{model: Counter(used) for model, used in day.items()} for day in await super().read(caller, days)]
        if self.reads > 1:
            await self.released.wait()
        return found


async def test_a_turn_that_waits_for_its_budget_does_not_run_beyond_the_one_that_used_it_up() -> None:
    meter = SlowMeter()
    backend = LimitsBackend(windows=None, leases=MemoryLeases(), meter=meter)
    rules = Rules(tokens_per_day=read_counts("10"), turns_at_once=read_counts("1"))
    limits = Limits(rules, backend, Prices(), "refuse")
    first, second = limits.open("alice"), limits.open("alice")
    await first.begin("m")
    waiting = asyncio.create_task(second.begin("m"))
    await asyncio.sleep(0)
    await first.end(ending(10))
    meter.released.set()
    with pytest.raises(Failure, match=r"rate_limited|budget_exhausted"):
        await waiting


async def test_a_turn_that_was_admitted_is_charged_whatever_becomes_of_it(backend: LimitsBackend) -> None:
    limits = Limits(Rules(tokens_per_day=read_counts("10")), backend, Prices(), "refuse")
    admitted: list[bool] = []
    left = limits.open("alice")
    beginning = asyncio.create_task(left.begin("m"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    beginning.cancel()  # its listener leaves while the limits are checked
    with pytest.raises(asyncio.CancelledError):
        await beginning
    left.close()
    left.when_decided(admitted.append)
    never_begun = limits.open("alice")
    never_begun.close()
    never_begun.when_decided(admitted.append)
    await limits.background.wait(5)
    await asyncio.sleep(0)
    [day] = (await limits.report("alice", 1)).days
    assert [(used.model, used.turns, used.uncounted_turns) for used in day.models] == [("m", 1, 1)]
    assert sorted(admitted) == [False, True]


@pytest.mark.parametrize("models, refused", [(["priced"], None), (["free"], "free"), (["priced", "free"], "free")])
async def test_a_turn_whose_dollars_nobody_can_count_is_refused_by_the_models_name(
    models: list[str], refused: str | None
) -> None:
    backend = LimitsBackend(windows=None, leases=MemoryLeases(), meter=MemoryMeter())
    prices = Prices(own=read_prices("priced=1/2"))
    prices.load_now()
    limits = Limits(Rules(usd_per_day=read_counts("10")), backend, prices, "refuse")
    if refused is None:
        await limits.open("alice").begin(*models)
    else:
        with pytest.raises(Failure, match="unknown_model") as failure:
            await limits.open("alice").begin(*models)
        assert refused in failure.value.message
        assert failure.value.field == "model"
    await Limits(limits.rules, backend, prices, "refuse", when_unpriced="allow").open("alice").begin(*models)


async def test_while_the_price_list_cannot_be_read_dollars_refuse_a_turn_for_now() -> None:
    backend = LimitsBackend(windows=None, leases=MemoryLeases(), meter=MemoryMeter())
    limits = Limits(Rules(usd_per_day=read_counts("m=10")), backend, Prices(), "refuse")
    with pytest.raises(Failure, match="store_unavailable"):
        await limits.open("alice").begin("m")
    await limits.open("alice").begin("another")
