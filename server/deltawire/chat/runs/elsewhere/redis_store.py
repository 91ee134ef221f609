"""The store of runs in Redis or Valkey."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Final, ParamSpec, TypeVar, cast

from redis.exceptions import RedisError

from deltawire.aio.background import BackgroundTasks
from deltawire.aio.timeouts import ticking_timeout
from deltawire.chat.runs.elsewhere.store import LEASE_SECONDS, STREAM_SECONDS, StreamLost
from deltawire.limits.backend import StoreAway
from deltawire.limits.redis.connection import CALL_SECONDS, PREFIX, RedisConnection

P = ParamSpec("P")
T = TypeVar("T")

_CLOSE_SECONDS: Final = 1.0
_INBOX_SECONDS: Final = 5
"""The time for which messages wait for a process that does not read them."""
_LIST_SECONDS: Final = 3_600
"""The time for which a caller's list is kept after its last change."""
_RECEIVE_SECONDS: Final = 1
"""The longest time that a read of the inbox waits for a message."""
_SETTLING_SECONDS: Final = 2.0
"""The time in which all processes find a store that is back: the longest wait between two tries, and one that fails."""
_WAIT_MS: Final = 150
"""The longest time that a read waits for an entry."""
_AT_ONCE: Final = 100
"""The most messages or entries that are read at once."""

_PROBE: Final = """
redis.call('SET', KEYS[1], '1', 'PX', 60000)
redis.call('EXISTS', KEYS[1])
redis.call('DEL', KEYS[1])
redis.call('RPUSH', KEYS[2], '1')
redis.call('LPOP', KEYS[2], 1)
redis.call('HSET', KEYS[3], 'probe', 1)
redis.call('HDEL', KEYS[3], 'probe')
redis.call('XADD', KEYS[4], '*', 'f', '1')
redis.call('XLEN', KEYS[4])
redis.call('XTRIM', KEYS[4], 'MAXLEN', 0)
redis.call('PEXPIRE', KEYS[4], 60000)
redis.call('DEL', KEYS[4])
"""
_CLAIM: Final = """
local known = redis.call('GET', KEYS[1])
if known then
  return known
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return ARGV[1]
"""
_RELEASE: Final = """
if redis.call('GET', KEYS[1]) == ARGV[1] then
  redis.call('DEL', KEYS[1])
end
"""


class RedisRunStore:
    """The store of the runs of all processes at one URL."""

    def __init__(self, url: str) -> None:
        """`url` is a URL of redis-py."""
        self._store = RedisConnection(url, subject="runs", probe=_PROBE)
        self._claim = self._store.client.register_script(_CLAIM)
        self._release = self._store.client.register_script(_RELEASE)
        self._background = BackgroundTasks()
        self._last_read: dict[str, str] = {}
        """The id of the last entry that was read of each stream."""

    async def renew(self, process: str) -> bool:
        """Renew the lease of a process; return whether it had one."""
        milliseconds = int(LEASE_SECONDS * 1000)
        return bool(await self._call(self._store.client.set, _key("process", process), 1, px=milliseconds, get=True))

    async def is_alive(self, process: str) -> bool:
        """Return whether a process has a lease.

        After the store was away, processes find it again one after another: a lease that is missing says nothing then.
        """
        is_alive = bool(await self._call(self._store.client.exists, _key("process", process)))
        if not is_alive and self._store.seconds_since_return() < _SETTLING_SECONDS:
            raise StoreAway("a lease may not be renewed yet")
        return is_alive

    async def send(self, process: str, message: bytes) -> None:
        """Send a message to a process."""

        async def write() -> None:
            key = _key("inbox", process)
            async with self._store.client.pipeline(transaction=False) as pipeline:
                pipeline.rpush(key, message)
                pipeline.expire(key, _INBOX_SECONDS)
                await pipeline.execute()

        await self._call(write)

    async def receive(self, process: str) -> list[bytes]:
        """Return the next messages to a process; wait for one, at most a second or so."""
        key = _key("inbox", process)
        first = await self._wait_for(self._store.client.blpop([key], timeout=_RECEIVE_SECONDS), _RECEIVE_SECONDS)
        if not first:
            return []
        rest = await self._call(cast("Any", self._store.client.lpop), key, _AT_ONCE)
        return [first[1], *(rest or ())]

    async def append(self, stream: str, entries: list[bytes], *, is_new: bool = True) -> int:
        """Append to a stream; return the number of entries that were not read.

        Raise `StreamLost` for one that is not there, unless it may be a new one.
        """

        async def write() -> list[Any]:
            key = _key("stream", stream)
            async with self._store.client.pipeline(transaction=False) as pipeline:
                for number, entry in enumerate(entries):
                    pipeline.xadd(key, {"f": entry}, nomkstream=bool(number) or not is_new)
                pipeline.pexpire(key, int(STREAM_SECONDS * 1000))
                pipeline.xlen(key)
                return await pipeline.execute()

        *written, _, unread = await self._call(write)
        if None in written:
            raise StreamLost
        return int(unread)

    async def length(self, stream: str) -> int:
        """Return the number of entries that were not read."""
        return int(await self._call(self._store.client.xlen, _key("stream", stream)))

    async def read(self, stream: str) -> list[bytes]:
        """Take the next entries of a stream; wait for one, at most a part of a lease."""
        key = _key("stream", stream)
        last = self._last_read.get(stream, "0")
        waiting = self._store.client.xread({key: last}, count=_AT_ONCE, block=_WAIT_MS)
        found: Any = await self._wait_for(waiting, _WAIT_MS / 1000)
        if not found:
            return []
        # The client returns a dict of lists of lists for RESP3, and a list of pairs for RESP2.
        [(_, entries)] = found.items() if isinstance(found, dict) else found
        entries = entries[0] if isinstance(found, dict) else entries
        self._last_read[stream] = last = entries[-1][0].decode()
        # The reader is the only one: what it has read is of no use any more.
        await self._call(cast("Any", self._store.client.xtrim), key, minid=_after(last), approximate=False)
        return [fields[b"f"] for _, fields in entries]

    async def remove(self, stream: str) -> None:
        """Remove a stream."""
        self._last_read.pop(stream, None)
        await self._call(self._store.client.delete, _key("stream", stream))

    async def claim(self, chat: str, run: str, seconds: float) -> str:
        """Register the run of a chat for these seconds; return the run that the chat has, this one or another."""
        known: bytes = await self._call(self._claim, [_key("chat", chat)], [run, int(seconds * 1000)])
        return known.decode()

    async def release(self, chat: str, run: str) -> None:
        """Remove the registration of a chat, if it is still this run's."""
        await self._call(self._release, [_key("chat", chat)], [run])

    async def runs_of(self, caller: str) -> dict[str, str]:
        """Return the names of a caller's runs that were listed, each with its conversation, "" for none."""
        listed: Any = await self._call(cast("Any", self._store.client.hgetall), _key("runs", caller))
        return {name.decode(): conversation.decode() for name, conversation in listed.items()}

    async def enlist(self, caller: str, run: str, conversation: str) -> None:
        """List a run among its caller's, with its conversation, "" for none."""

        async def write() -> None:
            key = _key("runs", caller)
            async with self._store.client.pipeline(transaction=False) as pipeline:
                pipeline.hset(key, run, conversation)
                pipeline.expire(key, _LIST_SECONDS)
                await pipeline.execute()

        await self._call(write)

    async def delist(self, caller: str, runs: list[str]) -> None:
        """Remove runs from the list of their caller."""
        await self._call(cast("Any", self._store.client.hdel), _key("runs", caller), *runs)

    async def close(self, process: str | None) -> None:
        """End the lease of a process, if it has one, and close."""
        if process is not None:
            with suppress(StoreAway):  # then the lease expires
                await self._call(self._store.client.delete, _key("process", process), _key("inbox", process))
        await self._background.wait(_CLOSE_SECONDS)
        await self._store.close()

    async def _call(self, work: Callable[P, Awaitable[T]], *arguments: P.args, **options: P.kwargs) -> T:
        """Run a call to its end, even when its caller is cancelled: a cancelled call would lose its connection."""
        return await self._background.do(self._store.call(work, *arguments, **options))

    async def _wait_for(self, call: Any, waits: float) -> Any:
        """Return the result of a call that waits in the store for data, these seconds at most; raise `StoreAway`.

        Without a time-out it would wait for ever on a connection whose other end has vanished.
        """

        async def wait() -> Any:
            try:
                async with ticking_timeout(CALL_SECONDS + waits):
                    return await cast("Awaitable[Any]", call)
            except (RedisError, OSError, EOFError, TimeoutError) as fault:
                raise StoreAway(type(fault).__name__) from None

        return await self._background.do(wait())


def _key(kind: str, name: str) -> str:
    return f"{PREFIX}:run:{kind}:{name}"


def _after(entry: str) -> str:
    """Return the id of the entry after this one."""
    time, _, number = entry.partition("-")
    return f"{time}-{int(number) + 1}"
