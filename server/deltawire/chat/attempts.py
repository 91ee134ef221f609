"""The attempts of a turn to get its first events, with retries and fallbacks.

Until the first events nothing has been sent to the client. So a fault may be retried here, and nowhere else.
"""

import asyncio
import random
from collections.abc import Callable
from typing import Final

from deltawire.aio.timeouts import RunningTimeout
from deltawire.chat.clock import TurnClock
from deltawire.chat.request import TurnRequest
from deltawire.chat.states import Phase
from deltawire.gemini.events import (
    UNKNOWN_COUNTS,
    Counts,
    Event,
    LastingFailure,
    Opaque,
    Progress,
    Stream,
    Text,
    ThoughtText,
    ToolCall,
    Upstream,
)
from deltawire.protocol.errors import Failure
from deltawire.telemetry.turn_observer import TurnObserver

_FIRST_BACKOFF_SECONDS: Final = 0.25
_BACKOFF_JITTER_SECONDS: Final = 0.25
_WORTH_A_FALLBACK: Final = {
    *("upstream_rate_limited", "upstream_unavailable", "upstream_timeout", "upstream_truncated")
}

EnterPhase = Callable[[Phase], None]
"""Called with each phase that the attempts enter."""


class Attempts:
    """The attempts of one turn."""

    __slots__ = ("_deadlines", "_has_asked", "_observer", "_upstream", "clock", "counts", "model")

    def __init__(self, upstream: Upstream, clock: TurnClock, observer: TurnObserver) -> None:
        """Prepare; nothing is sent before `first_events`. `observer` observes every attempt."""
        self.model = ""
        """The model that is being asked, and in the end the one that answers."""
        self.counts: Counts = UNKNOWN_COUNTS
        """The counts of the last failed attempt."""
        self._upstream = upstream
        self.clock = clock
        self._deadlines = clock.deadlines
        self._observer = observer
        self._has_asked = False

    async def first_events(self, request: TurnRequest, enter: EnterPhase) -> tuple[Stream, list[Event]]:
        """Return the stream and its first events; raise `Failure` when no model answers.

        The stream is the caller's to close; when this raises, or is cancelled, none is open.
        """
        self._has_asked, self.counts = False, UNKNOWN_COUNTS
        if (loading := self._upstream.loading) is not None:
            await loading
        *others, last = request.models
        for self.model in others:
            try:
                return await self._ask_repeatedly(request, enter)
            except Failure as failure:
                if failure.code not in _WORTH_A_FALLBACK:
                    raise
        self.model = last
        return await self._ask_repeatedly(request, enter)

    async def _ask_repeatedly(self, request: TurnRequest, enter: EnterPhase) -> tuple[Stream, list[Event]]:
        faults = 0
        while True:
            try:
                return await self._ask_once(request, enter)
            except Failure as fault:
                enter(Phase.BACKOFF)
                self._observer.attempt_failed(self.model, fault)
                pause = self._pause_after(fault, faults)
                if pause is None:
                    raise
            faults += 1
            await asyncio.sleep(pause)

    def _pause_after(self, fault: Failure, earlier: int) -> float | None:
        """Return the seconds to wait before the next attempt; None when there is to be none."""
        if not fault.retryable or isinstance(fault, LastingFailure) or earlier == self._deadlines.retries:
            return None
        # Turns that were refused together must not all retry together.
        jitter = random.uniform(0, _BACKOFF_JITTER_SECONDS)  # noqa: S311 - not a secret
        longest = self._deadlines.retry_max_delay
        delay = fault.retry_after
        if delay is None:
            return min(_FIRST_BACKOFF_SECONDS * 2.0**earlier + jitter, longest)
        in_time = self.clock.now() + delay < self.clock.turn_by
        return delay + jitter if in_time and delay <= longest else None

    async def _ask_once(self, request: TurnRequest, enter: EnterPhase) -> tuple[Stream, list[Event]]:
        if self._has_asked:
            self._observer.model_asked_again()
        self._has_asked = True
        enter(Phase.CONNECT)
        stream: Stream | None = None
        deadline = "first_token"
        until = self.clock.now() + self._deadlines.first_token
        try:
            with (limit := RunningTimeout(self.clock.running, until)):
                stream = await self._upstream.open(self.model, request.request, request.history, request.exchange)
                enter(Phase.FIRST_TOKEN)
                quiet: list[Event] = []
                while not stream.ended:
                    events = await stream.read()
                    if _is_shown(events, request):
                        return stream, [*quiet, *events] if quiet else events
                    quiet += events
                    if events and (later := self.clock.now() + self._deadlines.token) > until:
                        until, deadline = later, "token"
                        limit.until(later)
                return stream, quiet
        except BaseException as error:
            if stream is not None:
                self.counts = stream.counts
                stream.close()
            if isinstance(error, TimeoutError):
                raise self._deadlines.failure(deadline) from None
            raise


def _is_shown(events: list[Event], request: TurnRequest) -> bool:
    """Return whether one of these events is sent to the client; raise a `Failure` that comes before that one.

    A thought that the request did not ask for is not sent, nor is a call of a function that it did not name. So a fault
    after it can still be tried again.
    """
    for event in events:
        if type(event) is Text:
            return True
        if isinstance(event, Failure):
            raise event
        if not isinstance(event, Progress | Opaque):
            is_hidden = (isinstance(event, ThoughtText) and request.request.thinking in (None, "off")) or (
                isinstance(event, ToolCall) and not request.has_functions
            )
            if not is_hidden:
                return True
    return False
