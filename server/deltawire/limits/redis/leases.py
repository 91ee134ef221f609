"""The running turns, counted in the store: each has a lease, which expires unless it is renewed.

So the turns of a server that is killed stop counting when their leases expire.
"""

import asyncio
from contextlib import suppress
from contextvars import Context
from typing import Final

from deltawire.limits.backend import StoreAway
from deltawire.limits.redis.connection import PREFIX, RedisConnection
from deltawire.limits.rules import Allowance, Rule

LEASE_SECONDS: Final = 30.0
_RENEWALS_PER_LEASE: Final = 3
_BATCH: Final = 500
_MAX_LEFT: Final = 10_000

_NOW: Final = """
local time = redis.call('TIME')
local now = time[1] + time[2] / 1e6
"""
_TAKE: Final = f"""{_NOW}
for index, key in ipairs(KEYS) do
  redis.call('ZREMRANGEBYSCORE', key, '-inf', now)
  redis.call('ZREMRANGEBYSCORE', key, '(' .. string.format('%.17g', now + ARGV[2]), '+inf')
  if redis.call('ZCARD', key) >= tonumber(ARGV[index + 2]) then
    return index
  end
end
for _, key in ipairs(KEYS) do
  redis.call('ZADD', key, now + ARGV[2], ARGV[1])
  redis.call('EXPIRE', key, math.ceil(ARGV[2]))
end
return 0
"""
_RENEW: Final = f"""{_NOW}
for index, key in ipairs(KEYS) do
  redis.call('ZADD', key, now + ARGV[1], ARGV[index + 1])
  redis.call('EXPIRE', key, math.ceil(ARGV[1]))
end
"""
_REMOVE: Final = """
for index, key in ipairs(KEYS) do
  redis.call('ZREM', key, ARGV[index])
end
"""
_COUNT: Final = f"""{_NOW}
return redis.call('ZCOUNT', KEYS[1], now, '+inf')
"""


class RedisLeases:
    """The running turns of all processes of one store."""

    def __init__(self, store: RedisConnection, seconds: float = LEASE_SECONDS) -> None:
        """`seconds` is the time after which a lease that is not renewed expires."""
        self._store = store
        self._seconds = seconds
        self._keys: dict[str, list[str]] = {}
        """The keys of each lease."""
        self._to_remove: dict[str, list[str]] = {}
        """Leases to remove when the store answers again: a store that was frozen may write one after its release."""
        self._renewing: asyncio.Task[None] | None = None
        self._take = store.client.register_script(_TAKE)
        self._renew = store.client.register_script(_RENEW)
        self._remove = store.client.register_script(_REMOVE)
        self._count = store.client.register_script(_COUNT)
        store.on_return.append(self._renew_all)

    async def take(self, lease: str, caller: str, rules: Allowance) -> Rule | None:
        """Take a lease for one more turn; return the rule that forbids it, if one does.

        Raise `StoreAway`. A turn that runs all the same has its lease written when the store is back.
        """
        if self._renewing is None:
            self._renewing = asyncio.get_running_loop().create_task(self._keep_renewing(), context=Context())
        keys = [_key(caller, rule) for rule in rules]
        arguments: list[str | float] = [lease, self._seconds, *(rule.amount for rule in rules)]
        try:
            full: int = await self._store.call(self._take, keys, arguments)
        except StoreAway:
            self._keys[lease] = keys
            raise
        if full:
            return rules[full - 1]
        self._keys[lease] = keys
        return None

    async def release(self, lease: str) -> None:
        """Release a turn's lease."""
        keys = self._keys.pop(lease, None)
        if keys is not None:
            try:
                await self._store.call(self._remove, keys, [lease] * len(keys))
            except StoreAway:
                if len(self._to_remove) < _MAX_LEFT:  # else the lease expires
                    self._to_remove[lease] = keys

    async def count(self, caller: str, rule: Rule) -> int:
        """Return the number of running turns."""
        running: int = await self._store.call(self._count, [_key(caller, rule)])
        return running

    async def close(self) -> None:
        """Stop renewing."""
        if self._renewing is not None:
            self._renewing.cancel()
            await asyncio.wait({self._renewing})

    async def _keep_renewing(self) -> None:
        while True:
            await asyncio.sleep(self._seconds / _RENEWALS_PER_LEASE)
            if not self._store.is_away:
                with suppress(StoreAway):
                    await self._store.call(self._renew_all)

    async def _renew_all(self) -> None:
        """Renew every lease that is held, also one that the store has lost or never got."""
        entries = [(lease, key) for lease, keys in self._keys.items() for key in keys]
        for start in range(0, len(entries), _BATCH):
            batch = entries[start : start + _BATCH]
            await self._renew([key for _, key in batch], [self._seconds, *(lease for lease, _ in batch)])
        # Leases that were released while the store did not answer, or during this renewal, which may have written them.
        to_remove = list(self._to_remove)
        released = [(lease, key) for lease in to_remove for key in self._to_remove[lease]]
        released += [(lease, key) for lease, key in entries if lease not in self._keys]
        for start in range(0, len(released), _BATCH):
            batch = released[start : start + _BATCH]
            await self._remove([key for _, key in batch], [lease for lease, _ in batch])
        for lease in to_remove:
            self._to_remove.pop(lease, None)


def _key(caller: str, rule: Rule) -> str:
    return f"{PREFIX}:running:{caller}" if rule.model is None else f"{PREFIX}:running:{caller}:{rule.model}"
