"""The limits backend in a store that several processes share."""

from deltawire.limits.backend import LimitsBackend
from deltawire.limits.redis.connection import RedisConnection
from deltawire.limits.redis.leases import RedisLeases
from deltawire.limits.redis.meter import RedisMeter
from deltawire.limits.redis.windows import RedisWindows


def redis_backend(url: str) -> LimitsBackend:
    """Return the backend that counts in the Redis or Valkey at this URL."""
    store = RedisConnection(url)
    return LimitsBackend(
        windows=RedisWindows(store),
        leases=RedisLeases(store),
        meter=RedisMeter(store),
        is_there=store.check,
        close=store.close,
    )
