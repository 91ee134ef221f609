"""A fake behind the narrow port `gemini.events.Upstream`: a test says when it opens, speaks and ends."""

import asyncio
from collections.abc import Awaitable
from typing import Any, Final

from deltawire.gemini.events import UNKNOWN_COUNTS, Counts, Event, Opaque, TakeAtOnce, ToolCall
from deltawire.protocol.errors import Failure

COUNTED: Final = Counts(3, 2, 0, 0, 0, 5)


class FakeStream:
    """A stream that says what was put into it; closing it makes a waiting read raise, as a real one does."""

    def __init__(self) -> None:
        self.ended = False
        self.counts: Counts = UNKNOWN_COUNTS
        self.finish_reason: str | None = None
        self.is_closed = False
        self.reads = asyncio.Event()
        """Set while a read waits."""
        self.is_read = asyncio.Event()
        """Set once its end was read."""
        self._events: asyncio.Queue[list[Event] | None] = asyncio.Queue()
        self._at_once: TakeAtOnce | None = None

    def says(self, *events: Event) -> None:
        at_once = self._at_once if len(events) == 1 and self._events.empty() else None
        if at_once is None or not at_once(events[0]):
            self._events.put_nowait(list(events))

    def finishes(self, reason: str = "stop") -> None:
        self.finish_reason, self.counts = reason, COUNTED
        self.says()

    async def read(self, at_once: TakeAtOnce | None = None, /) -> list[Event]:
        self.reads.set()
        self._at_once = at_once
        events = await self._events.get()
        self._at_once = None
        self.reads.clear()
        if events is None:
            raise Failure("upstream_truncated", cause="closed")
        if not events and self.finish_reason is not None:
            self.ended = True
            self.is_read.set()
        return events

    def close(self) -> None:
        if not self.is_closed:
            self.is_closed = True
            self._at_once = None
            self._events.put_nowait(None)


class FakeUpstream:
    """Opens what it was given, one thing a try: a stream, a failure, or nothing for ever."""

    def __init__(self, *tries: FakeStream | Failure | None) -> None:
        self.tries = list(tries)
        self.requested = asyncio.Event()
        self.requests: list[tuple[Any, ...]] = []
        """Models, requests, histories and exchanges."""

    loading: Awaitable[object] | None = None

    async def open(self, *request: object) -> FakeStream:
        self.requests.append(request)
        self.requested.set()
        next_try = self.tries.pop(0)
        if isinstance(next_try, Failure):
            raise next_try
        if next_try is None:
            await asyncio.Event().wait()
            raise AssertionError("it never opens")
        return next_try


def calls(name: str = "c1") -> tuple[Event, Event]:
    """The events of a call of the function `look`."""
    part = b'{"functionCall":{"id":"%b","name":"look","args":{}},"thoughtSignature":"s"}' % name.encode()
    return ToolCall(name, "look", {}), Opaque(part, 0)
