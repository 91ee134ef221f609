"""The store of runs in memory, for several processes that are all this one."""

import asyncio
from collections import defaultdict

from deltawire.chat.runs.elsewhere.store import LEASE_SECONDS, StreamLost


class MemoryRunStore:
    """The store that processes share."""

    def __init__(self) -> None:
        self._leases: dict[str, float] = {}
        self._inboxes: dict[str, list[bytes]] = defaultdict(list)
        self.streams: dict[str, list[bytes]] = defaultdict(list)
        self.chats: dict[str, str] = {}
        self.lists: dict[str, dict[str, str]] = defaultdict(dict)
        self._news = asyncio.Condition()

    async def renew(self, process: str) -> bool:
        had_lease = await self.is_alive(process)
        self._leases[process] = asyncio.get_running_loop().time() + LEASE_SECONDS
        return had_lease

    async def is_alive(self, process: str) -> bool:
        return self._leases.get(process, 0.0) > asyncio.get_running_loop().time()

    async def send(self, process: str, message: bytes) -> None:
        self._inboxes[process].append(message)
        await self._notify()

    async def receive(self, process: str) -> list[bytes]:
        return await self._next(self._inboxes, process)

    async def append(self, stream: str, entries: list[bytes], *, is_new: bool = True) -> int:
        if stream not in self.streams and not is_new:
            raise StreamLost
        self.streams[stream] += entries
        await self._notify()
        return len(self.streams[stream])

    async def length(self, stream: str) -> int:
        return len(self.streams.get(stream, ()))

    async def read(self, stream: str) -> list[bytes]:
        return await self._next(self.streams, stream)

    async def remove(self, stream: str) -> None:
        self.streams.pop(stream, None)

    async def claim(self, chat: str, run: str, _: float) -> str:
        return self.chats.setdefault(chat, run)

    async def release(self, chat: str, run: str) -> None:
        if self.chats.get(chat) == run:
            del self.chats[chat]

    async def runs_of(self, caller: str) -> dict[str, str]:
        return dict(self.lists[caller])

    async def enlist(self, caller: str, run: str, conversation: str) -> None:
        self.lists[caller][run] = conversation

    async def delist(self, caller: str, runs: list[str]) -> None:
        for run in runs:
            self.lists[caller].pop(run, None)

    async def close(self, process: str | None) -> None:
        if process is not None:
            self._leases.pop(process, None)
            self._inboxes.pop(process, None)

    def left(self) -> list[str]:
        """The keys that are still there."""
        lists = [caller for caller, runs in self.lists.items() if runs]
        return [*(name for name, entries in self.streams.items() if entries), *self.chats, *lists]

    async def _notify(self) -> None:
        async with self._news:
            self._news.notify_all()

    async def _next(self, lists: dict[str, list[bytes]], name: str) -> list[bytes]:
        try:
            async with asyncio.timeout(0.15), self._news:
                await self._news.wait_for(lambda: lists.get(name))
        except TimeoutError:
            return []
        entries, lists[name] = lists[name], []
        return entries
