"""The model's parts of steps with calls in Redis: shared, bounded, and no reason for a turn to fail."""

from contextlib import aclosing
from unittest.mock import AsyncMock

import pytest
from support.redis import RedisServer

from deltawire.chat.kept_calls import redis_store
from deltawire.chat.kept_calls.redis_store import RedisSteps
from deltawire.limits.backend import StoreAway
from deltawire.limits.redis.connection import RedisConnection


@pytest.mark.parametrize("bound, value", [("MAX_STEPS_PER_CALLER", 2), ("MAX_BYTES_PER_CALLER", 6)])
async def test_processes_share_the_newest_steps_of_a_caller(
    redis: RedisServer, monkeypatch: pytest.MonkeyPatch, bound: str, value: int
) -> None:
    monkeypatch.setattr(redis_store, bound, value)
    async with aclosing(_Closing(RedisSteps(redis.url))) as one, aclosing(_Closing(RedisSteps(redis.url))) as other:
        for number in range(4):
            await one.store.keep("ann", f"t{number}", b"[%d]" % number)
        await one.store.keep("bob", "t0", b"[9]")
        assert await other.store.find("ann", [f"t{number}" for number in range(4)]) == {"t2": b"[2]", "t3": b"[3]"}
        assert await other.store.find("bob", ["t0", "t1"]) == {"t0": b"[9]"}


async def test_a_store_that_is_away_leaves_the_steps_of_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RedisConnection, "call", AsyncMock(side_effect=StoreAway))
    async with aclosing(_Closing(RedisSteps("redis://127.0.0.1:1/0"))) as one:
        await one.store.keep("ann", "t0", b"[]")
        assert await one.store.find("ann", ["t0", "t1"]) == {"t0": b"[]"}


class _Closing:
    """A store for `aclosing`."""

    def __init__(self, store: RedisSteps) -> None:
        self.store = store

    async def aclose(self) -> None:
        await self.store.close()
