"""The limits backend in a store that several processes share."""

from limits.aio.storage import RedisStorage

from deltawire.limits.backend import LimitsBackend
from deltawire.limits.redis.connection import PREFIX, RedisConnection
from deltawire.limits.redis.leases import RedisLeases
from deltawire.limits.redis.meter import RedisMeter
from deltawire.limits.windows import MovingWindows


def redis_backend(url: str) -> LimitsBackend:
    """Return the backend that counts in the Redis or Valkey at this URL."""
    store = RedisConnection(url)
    pool: object = store.pool
    storage = RedisStorage("redis://", implementation="redispy", key_prefix=PREFIX, connection_pool=pool)  # type: ignore[arg-type]  # its hint knows plain values only
    return LimitsBackend(
        windows=MovingWindows(storage, store.call),
        leases=RedisLeases(store),
        meter=RedisMeter(store),
        is_there=store.check,
        close=store.close,
    )
