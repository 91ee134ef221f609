"""What is counted in a store that several processes share."""

from limits.aio.storage import RedisStorage

from deltawire.limits.counting import Counting
from deltawire.limits.shared_leases import SharedLeases
from deltawire.limits.shared_meter import SharedMeter
from deltawire.limits.store import PREFIX, Store
from deltawire.limits.windows import MovingWindows


def counting_in_store(url: str) -> Counting:
    """Whoever counts in the Redis or Valkey at this URL."""
    store = Store(url)
    pool: object = store.pool
    storage = RedisStorage("redis://", implementation="redispy", key_prefix=PREFIX, connection_pool=pool)  # type: ignore[arg-type]  # its hint knows plain values only
    return Counting(
        windows=MovingWindows(storage, store.call),
        leases=SharedLeases(store),
        meter=SharedMeter(store),
        is_there=store.check,
        close=store.close,
    )
