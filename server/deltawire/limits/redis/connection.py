"""The connection to Redis or Valkey, and what happens while there is none to be had.

The first call that fails makes the store be away; until one task finds it again nobody else waits for it, or asks.
"""

import asyncio
import re
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


_PROBE: Final = """
redis.call('TIME')
redis.call('SET', KEYS[1], '1', 'NX', 'EX', 60)
redis.call('ZADD', KEYS[2], 1, 'probe')
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', 0)
redis.call('ZCARD', KEYS[2])
redis.call('ZCOUNT', KEYS[2], 0, '+inf')
redis.call('ZREM', KEYS[2], 'probe')
redis.call('HINCRBY', KEYS[3], 'probe', 1)
redis.call('HLEN', KEYS[3])
redis.call('HEXISTS', KEYS[3], 'probe')
redis.call('LPUSH', KEYS[4], '1')
redis.call('LINDEX', KEYS[4], 0)
redis.call('LTRIM', KEYS[4], 0, 0)
redis.call('EXPIRE', KEYS[3], 60)
redis.call('EXPIRE', KEYS[4], 60)
"""
"""Every command that a script of ours, or of the `limits` library, calls."""
_PROBE_KEYS: Final = tuple(f"{PREFIX}:probe:{kind}" for kind in ("string", "zset", "hash", "list"))
_forbidden = re.compile(r"run the '([\w|]+)' command")
"""The command that a Redis names when it forbids one to us."""

# Whatever comes while it is looked for: a search that ended would leave it away for ever.
_patiently = stamina.AsyncRetryingCaller(
    timeout=None, attempts=None, wait_initial=0.05, wait_max=0.5, wait_jitter=0.1
).on(Exception)


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
        self._probe = self.client.register_script(_PROBE)

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
        except (RedisError, OSError, EOFError, TimeoutError) as fault:
            raise StoreAway(_cause_of(fault)) from None

    async def _write(self) -> None:
        """Do all that a turn may need: a store that only reads, or forbids a command, is of no use."""
        async with self.client.pipeline(transaction=False) as pipeline:
            await self._probe(_PROBE_KEYS, client=pipeline)
            pipeline.hgetall(_PROBE_KEYS[2])
            await pipeline.execute()


def _cause_of(fault: Exception) -> str:
    """The name of a fault, and the command that was forbidden; what else the store said may hold a name or a key."""
    command = _forbidden.search(str(fault))
    return f"{type(fault).__name__}: may not run {command[1]}" if command else type(fault).__name__


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
