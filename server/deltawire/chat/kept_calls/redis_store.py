"""The store of the model's parts in Redis or Valkey, which replicas share."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any, Final, ParamSpec, TypeVar

from deltawire.aio.background import BackgroundTasks
from deltawire.chat.kept_calls.in_memory import MemorySteps
from deltawire.chat.kept_calls.store import KEPT_SECONDS, MAX_BYTES_PER_CALLER, MAX_STEPS_PER_CALLER
from deltawire.limits.backend import StoreAway, key_of
from deltawire.limits.redis.connection import PREFIX, RedisConnection

P = ParamSpec("P")
T = TypeVar("T")

_CLOSE_SECONDS: Final = 1.0
_PROBE: Final = """
redis.call('SET', KEYS[1], '1', 'EX', 60)
redis.call('INCRBY', KEYS[1], 1)
redis.call('MGET', KEYS[1])
redis.call('RPUSH', KEYS[2], '1')
redis.call('LLEN', KEYS[2])
redis.call('LPOP', KEYS[2])
redis.call('EXPIRE', KEYS[1], 60)
redis.call('DEL', KEYS[1])
"""
_KEEP: Final = """
redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
redis.call('RPUSH', KEYS[2], KEYS[1])
redis.call('RPUSH', KEYS[3], #ARGV[1])
local bytes = redis.call('INCRBY', KEYS[4], #ARGV[1])
while redis.call('LLEN', KEYS[2]) > tonumber(ARGV[3]) or bytes > tonumber(ARGV[4]) do
  redis.call('DEL', redis.call('LPOP', KEYS[2]))
  bytes = redis.call('INCRBY', KEYS[4], -tonumber(redis.call('LPOP', KEYS[3])))
end
for i = 2, 4 do
  redis.call('EXPIRE', KEYS[i], ARGV[2])
end
"""
"""Keep a step and drop the oldest: a list of the keys, one of their sizes, and the sum of these."""


class RedisSteps:
    """The steps of all processes at one URL. Those of this process are in its memory, too."""

    def __init__(self, url: str) -> None:
        """`url` is a URL of redis-py."""
        self._own = MemorySteps()
        self._store = RedisConnection(url, subject="calls", probe=_PROBE)
        self._keep = self._store.client.register_script(_KEEP)
        self._background = BackgroundTasks()

    async def keep(self, caller: str, step: str, parts: bytes) -> None:
        """Keep the parts of a step; while the store is away, only here."""
        await self._own.keep(caller, step, parts)
        if len(parts) > MAX_BYTES_PER_CALLER:
            return
        keys = [_key("step", caller, step), *(_key(kind, caller) for kind in ("steps", "sizes", "bytes"))]
        with suppress(StoreAway):
            await self._call(self._keep, keys, [parts, KEPT_SECONDS, MAX_STEPS_PER_CALLER, MAX_BYTES_PER_CALLER])

    async def find(self, caller: str, steps: Sequence[str]) -> dict[str, bytes]:
        """Return the parts of those of these steps that are known, here or in the store."""
        found = await self._own.find(caller, steps)
        if missing := [step for step in steps if step not in found]:
            with suppress(StoreAway):
                keys = [_key("step", caller, step) for step in missing]
                stored: Any = await self._call(self._store.client.mget, keys)
                found |= {step: parts for step, parts in zip(missing, stored, strict=True) if parts is not None}
        return found

    async def close(self) -> None:
        """Close the connections."""
        await self._background.wait(_CLOSE_SECONDS)
        await self._store.close()

    async def _call(self, work: Callable[P, Awaitable[T]], *arguments: P.args, **options: P.kwargs) -> T:
        """Run a call to its end, even when its caller is cancelled: a cancelled call would lose its connection."""
        return await self._background.do(self._store.call(work, *arguments, **options))


def _key(kind: str, caller: str, step: str = "") -> str:
    return f"{PREFIX}:calls:{kind}:{key_of(caller)}:{step}"
