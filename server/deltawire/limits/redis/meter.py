"""The use of every caller, in the store: one hash for each caller's day, which expires after a month."""

from collections import Counter, deque
from itertools import islice
from typing import Any, Final

import structlog
from redis.asyncio import Redis

from deltawire.limits.backend import DAY_SECONDS, DAYS_KEPT, MAX_MODELS, OTHER, Charge, Day, StoreAway
from deltawire.limits.redis.connection import PREFIX, RedisConnection

log = structlog.get_logger(__name__)

_MAX_UNWRITTEN: Final = 10_000
_BATCH: Final = 200
_MARK_SECONDS: Final = 3_600
"""Seconds for which a charge that is written again is recognised, and not counted twice."""
_KINDS: Final = 11
"""The most fields of one model."""

_CHARGE: Final = f"""
if not redis.call('SET', KEYS[2], '1', 'NX', 'EX', {_MARK_SECONDS}) then
  return 0
end
local model = ARGV[1]
if redis.call('HLEN', KEYS[1]) >= {MAX_MODELS * _KINDS} and redis.call('HEXISTS', KEYS[1], model .. ':turns') == 0 then
  model = '{OTHER}'
end
for at = 2, #ARGV, 2 do
  redis.call('HINCRBY', KEYS[1], model .. ':' .. ARGV[at], ARGV[at + 1])
end
redis.call('EXPIRE', KEYS[1], {DAYS_KEPT * DAY_SECONDS})
return 1
"""


class RedisMeter:
    """The use of every caller, by the turns of all processes of one store."""

    def __init__(self, store: RedisConnection) -> None:
        """Count in this store."""
        self._store = store
        self._script = store.client.register_script(_CHARGE)
        self._unwritten: deque[Charge] = deque()
        self._lost = 0
        store.on_return.append(self._catch_up)

    async def charge(self, charge: Charge) -> None:
        """Add the use of a turn; when the store is away, as soon as it is back."""
        try:
            await self._store.call(self._write, charge)
        except StoreAway:
            self._unwritten.append(charge)
            if len(self._unwritten) > _MAX_UNWRITTEN:
                self._unwritten.popleft()
                self._lost += 1

    async def read(self, caller: str, days: list[int]) -> list[Day]:
        """Return the use of these days."""
        if len(days) == 1:  # the check of each turn reads one day
            return [_day(await self._store.call(self._store.client.hgetall, _key(caller, days[0])))]  # type: ignore[arg-type]  # its hint leaves open whether it waits
        async with self._store.client.pipeline(transaction=False) as pipeline:
            for day in days:
                pipeline.hgetall(_key(caller, day))
            return [_day(fields) for fields in await self._store.call(pipeline.execute)]

    async def close(self) -> None:
        """Write the charges that wait, if the store answers."""
        try:
            await self._store.call(self._catch_up)
        except StoreAway:
            self._lost += len(self._unwritten)
        self._tell_lost()

    async def _catch_up(self) -> None:
        """Write the charges that wait now, and no later ones: those may come faster than they are written."""
        for _ in range(0, len(self._unwritten), _BATCH):
            batch = list(islice(self._unwritten, _BATCH))
            async with self._store.client.pipeline(transaction=False) as pipeline:  # the context returns its connection
                for charge in batch:
                    await self._write(charge, pipeline)
                await pipeline.execute()
            for charge in batch:
                if self._unwritten and self._unwritten[0] is charge:
                    self._unwritten.popleft()
        self._tell_lost()

    def _tell_lost(self) -> None:
        if self._lost:
            log.warning("limits: charges are lost", charges=self._lost)
            self._lost = 0

    async def _write(self, charge: Charge, client: Redis | None = None) -> None:
        fields: list[Any] = [part for pair in charge.used.items() for part in pair]
        keys = [_key(charge.caller, charge.day), f"{PREFIX}:charged:{charge.id}"]
        await self._script(keys, [charge.model, *fields], client)


def _key(caller: str, day: int) -> str:
    return f"{PREFIX}:used:{caller}:{day}"


def _day(fields: dict[bytes, bytes]) -> Day:
    used: Day = {}
    for field, count in fields.items():
        model, _, kind = field.decode().rpartition(":")
        used.setdefault(model, Counter())[kind] = int(count)
    return used
