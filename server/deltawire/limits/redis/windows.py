"""Turns per minute, counted in the store and by its clock.

A turn is a member of a sorted set, with the time of its beginning. When the store's clock was ahead and is put right,
turns lie in its future: they count as begun now, so nobody waits longer than the window for them.
"""

from typing import Final

from deltawire.limits.backend import WINDOW_SECONDS, WindowState
from deltawire.limits.redis.connection import PREFIX, RedisConnection
from deltawire.limits.rules import Allowance, Rule

_MAX_LEFT: Final = 10_000
_BATCH: Final = 500

_FORGET_OLD: Final = f"""
local time = redis.call('TIME')
local now = time[1] + time[2] / 1e6
local function forget_old(key)
  redis.call('ZREMRANGEBYSCORE', key, '-inf', now - {WINDOW_SECONDS:g})
  for _ = 1, redis.call('ZCOUNT', key, '(' .. string.format('%.17g', now), '+inf') do
    redis.call('ZADD', key, now, redis.call('ZRANGE', key, -1, -1)[1])
  end
end
"""
_ENTER: Final = f"""{_FORGET_OLD}
for index, key in ipairs(KEYS) do
  forget_old(key)
  if redis.call('ZCARD', key) >= tonumber(ARGV[index + 1]) then
    return index
  end
end
for _, key in ipairs(KEYS) do
  redis.call('ZADD', key, now, ARGV[1])
  redis.call('EXPIRE', key, {WINDOW_SECONDS:g})
end
return 0
"""
_READ: Final = f"""{_FORGET_OLD}
forget_old(KEYS[1])
local count = redis.call('ZCARD', KEYS[1])
local at = math.max(count - ARGV[1], 0)
local oldest = redis.call('ZRANGE', KEYS[1], at, at, 'WITHSCORES')[2] or now
return {{count, tostring(oldest + {WINDOW_SECONDS:g} - now)}}
"""
_LEAVE: Final = """
for index, key in ipairs(KEYS) do
  redis.call('ZREM', key, ARGV[index])
end
"""


class RedisWindows:
    """The turns of every caller's last minute, in all processes of one store."""

    def __init__(self, store: RedisConnection) -> None:
        """Count in this store."""
        self._store = store
        self._enter = store.client.register_script(_ENTER)
        self._read = store.client.register_script(_READ)
        self._leave = store.client.register_script(_LEAVE)
        self._to_remove: dict[str, list[str]] = {}
        """Turns to undo when the store answers again, with their keys."""
        store.on_return.append(self._undo)

    async def enter(self, turn: str, caller: str, rules: Allowance) -> Rule | None:
        """Count one more turn, in all rules or in none; return the rule that forbids it. Raise `StoreAway`."""
        keys = [_key(caller, rule) for rule in rules]
        full: int = await self._store.call(self._enter, keys, [turn, *(rule.amount for rule in rules)])
        return rules[full - 1] if full else None

    async def leave(self, turn: str, caller: str, rules: Allowance) -> None:
        """Undo the count of a turn. A store that was frozen may count it after its caller was refused."""
        if len(self._to_remove) < _MAX_LEFT:
            self._to_remove[turn] = [_key(caller, rule) for rule in rules]

    async def read(self, caller: str, rule: Rule) -> WindowState:
        """Return the turns that are left of this rule. Raise `StoreAway`."""
        count, seconds = await self._store.call(self._read, [_key(caller, rule)], [rule.amount])
        resets_in = min(max(float(seconds), 0.0), WINDOW_SECONDS)
        return WindowState(max(0, int(rule.amount) - int(count)), resets_in)

    async def _undo(self) -> None:
        entries = [(turn, key) for turn, keys in self._to_remove.items() for key in keys]
        for start in range(0, len(entries), _BATCH):
            batch = entries[start : start + _BATCH]
            await self._leave([key for _, key in batch], [turn for turn, _ in batch])
        for turn in {turn for turn, _ in entries}:
            del self._to_remove[turn]


def _key(caller: str, rule: Rule) -> str:
    return f"{PREFIX}:begun:{caller}" if rule.model is None else f"{PREFIX}:begun:{caller}:{rule.model}"
