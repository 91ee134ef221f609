"""The first half of a turn: ask the upstream, with retries and fallbacks, until the first word comes.

Nothing has been sent to the client yet, so a fault may be tried again here and nowhere else.
"""

import asyncio
import random
from math import inf
from typing import Final

from deltawire.aio.timeouts import InterruptibleTimeout
from deltawire.chat.deadlines import Deadlines
from deltawire.chat.request import TurnRequest
from deltawire.gemini.events import UNKNOWN_COUNTS, Counts, Event, LastingFailure, Stream, Text, ThoughtText, Upstream
from deltawire.protocol.errors import Failure
from deltawire.telemetry.turn_observer import TurnObserver

_FIRST_BACKOFF: Final = 0.25
_BACKOFF_JITTER: Final = 0.25
_WORTH_A_FALLBACK: Final = {
    *("upstream_rate_limited", "upstream_unavailable", "upstream_timeout", "upstream_truncated")
}


class Attempts:
    """One question on its way to its first word."""

    def __init__(self, question: TurnRequest, upstream: Upstream, deadlines: Deadlines, watch: TurnObserver) -> None:
        """Prepare; nothing is sent before `first_events`. `watch` is told of every try."""
        self.model = question.models[0]
        """Who is being asked, and in the end who answers."""
        self.counts: Counts = UNKNOWN_COUNTS
        """What the last failed try had counted."""
        self.phase = "connect"
        """What it is at: `connect` until the upstream answers, then `first_token`; `backoff` between two tries."""
        self._question = question
        self._upstream = upstream
        self._deadlines = deadlines
        self._observer = watch
        self._timeout_scope = InterruptibleTimeout()
        self._turn_by = inf

    def interrupt(self) -> None:
        """Give up now: `first_events` closes what is open and raises `Failure`."""
        self._timeout_scope.interrupt()

    async def first_events(self, turn_by: float) -> tuple[Stream, list[Event]]:
        """The stream and what it said first.

        `turn_by` is on the loop's clock. Raise `Failure` when no model answers in time. The stream is
        the caller's to close; when this raises, or is cancelled, none is open.
        """
        self._turn_by = turn_by
        try:
            async with self._timeout_scope.until(turn_by):
                return await self._ask()
        except TimeoutError:
            raise self._deadlines.failure("turn") from None

    async def _ask(self) -> tuple[Stream, list[Event]]:
        *others, last = self._question.models
        for self.model in others:
            try:
                return await self._ask_patiently()
            except Failure as failure:
                if failure.code not in _WORTH_A_FALLBACK:
                    raise
        self.model = last
        return await self._ask_patiently()

    async def _ask_patiently(self) -> tuple[Stream, list[Event]]:
        faults = 0
        while True:
            try:
                return await self._ask_once()
            except Failure as fault:
                self._observer.failed(self.model, fault)
                pause = self._pause_after(fault, faults)
                if pause is None:
                    raise
            faults += 1
            await asyncio.sleep(pause)

    def _pause_after(self, fault: Failure, earlier: int) -> float | None:
        """Seconds to wait before asking again; None when that is not to be."""
        if not fault.kind.retryable or isinstance(fault, LastingFailure) or earlier == self._deadlines.retries:
            return None
        # Those who were refused together must not all come back together.
        jitter = random.uniform(0, _BACKOFF_JITTER)  # noqa: S311 - not a secret
        longest = self._deadlines.retry_max_delay
        delay = fault.retry_after
        if delay is None:
            return min(_FIRST_BACKOFF * 2.0**earlier + jitter, longest)
        in_time = asyncio.get_running_loop().time() + delay < self._turn_by
        return delay + jitter if in_time and delay <= longest else None

    async def _ask_once(self) -> tuple[Stream, list[Event]]:
        stream: Stream | None = None
        if self.phase != "connect":
            self.phase = "connect"
            self._observer.asks_again()
        deadline = "first_token"
        try:
            async with asyncio.timeout(self._deadlines.first_token) as limit:
                stream = await self._upstream.open(self.model, self._question.request, self._question.history)
                self.phase = "first_token"
                while not stream.ended:
                    events = await stream.read()
                    if (first := self._first_shown(events)) is not None:
                        return stream, first
                    if events and self._has_more_time(limit):
                        deadline = "token"
                return stream, []
        except BaseException as error:
            if not isinstance(error, asyncio.CancelledError):
                self.phase = "backoff"
            if stream is not None:
                self.counts = stream.counts
                stream.close()
            if isinstance(error, TimeoutError):
                raise self._deadlines.failure(deadline) from None
            raise

    def _first_shown(self, events: list[Event]) -> list[Event] | None:
        """These events, when one of them goes to the client; raise the `Failure` that comes before any does.

        A thought that nobody asked for is not sent, so a fault after it can still be tried again.
        """
        shown = (Text, ThoughtText) if self._question.request.thinking not in (None, "off") else Text
        for event in events:
            if isinstance(event, Failure):
                raise event
            if isinstance(event, shown):
                return events
        return None

    def _has_more_time(self, limit: asyncio.Timeout) -> bool:
        """Allow a model that gives a sign of life the time between tokens, when that is more than is left."""
        until = asyncio.get_running_loop().time() + self._deadlines.token
        is_later = until > (limit.when() or 0.0)
        if is_later:
            limit.reschedule(until)
        return is_later
