"""The connection to Redis or Valkey, and what happens while there is none to be had.

The first call that fails makes the store be away; until one task finds it again nobody else waits for it, or asks.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final, ParamSpec, TypeVar

import stamina
import structlog
from redis.asyncio import ConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from deltawire.limits.backend import StoreAway

log = structlog.get_logger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

PREFIX: Final = "deltawire"
"""What every key begins with."""
_TICKS: Final = 10
_TICK_SECONDS: Final = 0.1
"""So a call gets a second."""
_CALLS: Final = 64
"""At once, each on a connection of its own."""


_patiently = stamina.AsyncRetryingCaller(
    timeout=None, attempts=None, wait_initial=0.05, wait_max=0.5, wait_jitter=0.1
).on(StoreAway)


class RedisConnection:
    """One process's connections; they are made when they are needed."""

    def __init__(self, url: str) -> None:
        """`url` is redis-py's: `redis://`, `rediss://` or `unix://`."""
        self.pool = ConnectionPool.from_url(url, retry=Retry(NoBackoff(), 0))
        self.client = Redis(connection_pool=self.pool)
        self.on_return: list[Callable[[], Awaitable[None]]] = []
        """What is done when it is found again, before anybody else may ask."""
        self.is_away = False
        self._slots = asyncio.Semaphore(_CALLS)
        self._returns = 0
        self._search: asyncio.Task[None] | None = None

    async def call(self, work: Callable[P, Awaitable[T]], *arguments: P.args, **named: P.kwargs) -> T:
        """What `work` returns; raise `StoreAway` within a second, and at once while it is known to be away."""
        async with self._slots:
            if self.is_away:
                raise StoreAway
            returns = self._returns
            try:
                return await self._ask(work, *arguments, **named)
            except StoreAway as away:
                if not self.is_away and returns == self._returns:  # else it is the last absence that this call met
                    self._lose(str(away))
                raise

    async def check(self) -> None:
        """Raise `StoreAway` when it is."""
        await self.call(self._write)

    async def close(self) -> None:
        """Close every connection."""
        if self._search is not None:
            self._search.cancel()
            await asyncio.wait({self._search})
        await self.client.aclose()
        await self.pool.disconnect()

    def _lose(self, cause: str) -> None:
        self.is_away = True
        log.warning("limits: the store is away", cause=cause)
        self._search = asyncio.get_running_loop().create_task(self._find())

    async def _find(self) -> None:
        await self.pool.disconnect(inuse_connections=False)
        await _patiently(self._return)
        self._returns += 1
        self.is_away = False
        log.info("limits: the store is back")
        with suppress(StoreAway):  # again
            for act in self.on_return:  # for what came in the meantime
                await self.call(act)

    async def _return(self) -> None:
        await self._ask(self._write)
        for act in self.on_return:
            await self._ask(act)

    async def _ask(self, work: Callable[P, Awaitable[T]], *arguments: P.args, **named: P.kwargs) -> T:
        try:
            async with _within_a_second():
                return await work(*arguments, **named)
        except (RedisError, OSError, TimeoutError) as fault:
            raise StoreAway(type(fault).__name__) from None

    async def _write(self) -> None:
        """A store that can be read but not written is of no use."""
        await self.client.set(f"{PREFIX}:probe", "1", ex=60)


@asynccontextmanager
async def _within_a_second() -> AsyncIterator[None]:
    """Raise TimeoutError after a second in which the loop turned: when it is late itself, answers lie there unread."""
    loop = asyncio.get_running_loop()
    timer: asyncio.TimerHandle

    def tick(left: int) -> None:
        nonlocal timer
        if left:
            timer = loop.call_later(_TICK_SECONDS, tick, left - 1)
        else:
            limit.reschedule(loop.time())

    async with asyncio.timeout(None) as limit:
        timer = loop.call_later(_TICK_SECONDS, tick, _TICKS - 1)
        try:
            yield
        finally:
            timer.cancel()
