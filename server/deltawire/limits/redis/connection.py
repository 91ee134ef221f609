"""The connection to Redis or Valkey, and its state while the store does not answer.

The first call that fails marks the store as away. Then one task tries to reach it, and until that succeeds all other
calls fail at once.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from contextvars import Context
from math import inf
from typing import Final, ParamSpec, TypeVar

import stamina
import structlog
from redis.asyncio import ConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from deltawire.aio.timeouts import ticking_timeout
from deltawire.limits.backend import StoreAway

log = structlog.get_logger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

PREFIX: Final = "deltawire"
"""The prefix of every key."""
CALL_SECONDS: Final = 1.0
"""The longest time that a call takes; then the store counts as away."""
_CALLS: Final = 64
"""Calls at once, each on a connection of its own."""


_PROBE: Final = """
redis.call('TIME')
redis.call('SET', KEYS[1], '1', 'NX', 'EX', 60)
redis.call('ZADD', KEYS[2], 1, 'probe')
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', 0)
redis.call('ZCARD', KEYS[2])
redis.call('ZCOUNT', KEYS[2], 0, '+inf')
redis.call('ZRANGE', KEYS[2], 0, 0)
redis.call('ZREM', KEYS[2], 'probe')
redis.call('HINCRBY', KEYS[3], 'probe', 1)
redis.call('HLEN', KEYS[3])
redis.call('HEXISTS', KEYS[3], 'probe')
redis.call('EXPIRE', KEYS[3], 60)
"""
"""Every command that our scripts call."""
_PROBE_KEYS: Final = tuple(f"{PREFIX}:probe:{kind}" for kind in ("string", "zset", "hash", "stream"))
"""The keys of each probe; a probe may use fewer."""
_forbidden = re.compile(r"run the '([\w|]+)' command")
"""The part of Redis's error that names the command that the user may not run."""

# Retry after any exception: if the search ended, the store would stay marked as away for ever.
_until_success = stamina.AsyncRetryingCaller(
    timeout=None, attempts=None, wait_initial=0.05, wait_max=0.5, wait_jitter=0.1
).on(Exception)


class RedisConnection:
    """The connections of one process, each opened when it is first needed."""

    def __init__(self, url: str, subject: str = "limits", probe: str = _PROBE) -> None:
        """`url` is a URL of redis-py: `redis://`, `rediss://` or `unix://`.

        `subject` begins the log lines. `probe` is a script with every command that is needed.
        """
        self._away, self._back = f"{subject}: the store is away", f"{subject}: the store is back"
        self.pool = ConnectionPool.from_url(url, retry=Retry(NoBackoff(), 0))
        self.client = Redis(connection_pool=self.pool)
        self.on_return: list[Callable[[], Awaitable[None]]] = []
        """Functions to call when the store answers again, before any other call."""
        self.is_away = False
        self._slots = asyncio.Semaphore(_CALLS)
        self._returns = 0
        self._returned_at = -inf
        self._search: asyncio.Task[None] | None = None
        self._probe = self.client.register_script(probe)

    async def call(self, work: Callable[P, Awaitable[T]], *arguments: P.args, **keywords: P.kwargs) -> T:
        """Return what `work` returns; raise `StoreAway` within a second, and at once while the store is away."""
        async with self._slots:
            if self.is_away:
                raise StoreAway
            returns = self._returns
            try:
                return await self._ask(work, *arguments, **keywords)
            except StoreAway as away:
                if not self.is_away and returns == self._returns:  # else the call met an earlier outage
                    self._lose(str(away))
                raise

    async def check(self) -> None:
        """Raise `StoreAway` when the store does not answer, or forbids a command that turns need."""
        await self.call(self._write)

    def seconds_since_return(self) -> float:
        """Return the seconds since the store answered again; infinity where it was never away."""
        return asyncio.get_running_loop().time() - self._returned_at

    async def close(self) -> None:
        """Close every connection."""
        if self._search is not None:
            self._search.cancel()
            await asyncio.wait({self._search})
        await self.client.aclose()
        await self.pool.disconnect()

    def _lose(self, cause: str) -> None:
        self.is_away = True
        log.warning(self._away, cause=cause)
        self._search = asyncio.get_running_loop().create_task(self._find(), context=Context())

    async def _find(self) -> None:
        await _until_success(self._return)
        self._returns += 1
        self._returned_at = asyncio.get_running_loop().time()
        self.is_away = False
        log.info(self._back)
        with suppress(StoreAway):  # it went away again
            for act in self.on_return:  # for what was added during `_return`
                await self.call(act)

    async def _return(self) -> None:
        # After a failover the host name leads to another server, while the old one still takes what comes over the
        # connections that there are.
        await self._ask(self.pool.disconnect, inuse_connections=False)
        await self._ask(self._write)
        for act in self.on_return:
            await self._ask(act)

    async def _ask(self, work: Callable[P, Awaitable[T]], *arguments: P.args, **keywords: P.kwargs) -> T:
        try:
            async with ticking_timeout(CALL_SECONDS):
                return await work(*arguments, **keywords)
        except (RedisError, OSError, EOFError, TimeoutError) as fault:
            raise StoreAway(_cause_of(fault)) from None

    async def _write(self) -> None:
        """Run every command that a turn may need: a read-only store, or one that forbids a command, counts as away."""
        async with self.client.pipeline(transaction=False) as pipeline:
            await self._probe(_PROBE_KEYS, client=pipeline)
            pipeline.hgetall(_PROBE_KEYS[2])
            await pipeline.execute()


def _cause_of(fault: Exception) -> str:
    """Return the name of a fault, and the command that was forbidden.

    The rest of the store's message is left out, because it may hold a name or a key.
    """
    command = _forbidden.search(str(fault))
    return f"{type(fault).__name__}: may not run {command[1]}" if command else type(fault).__name__
