"""The stream of one answer: its body, read as events, and its end."""

from deltawire.aio.running_time import RunningTime
from deltawire.aio.watchdog import Watchdog
from deltawire.gemini.body import BodyReader
from deltawire.gemini.events import Counts, Event, TakeAtOnce
from deltawire.gemini.reading.wire import ResponseReader
from deltawire.protocol.errors import Failure


class GeminiStream:
    """The stream of one response; see `events.Stream`.

    An answer whose end is proven ends normally even when its connection is reset, its body is cut, or nothing more
    comes. Heartbeats count as nothing.
    """

    def __init__(self, body: BodyReader, end_silence: float, running: RunningTime, *, has_tools: bool = False) -> None:
        """Take over a body; `end_silence` seconds of `running` without news end an answer whose end is proven.

        `has_tools` is True when the model was given tools.
        """
        self._body = body
        self._reader = ResponseReader(has_tools=has_tools)
        self.ended = False
        self._end_silence = end_silence
        self._running = running
        self._silence: Watchdog | None = None
        self._is_silent = False
        self._is_closed = False
        self._at_once: TakeAtOnce | None = None
        self._left: list[Event] = []
        """Events that were offered to `at_once`, and that it left to the read."""
        self._bug: Exception | None = None
        """The error of `at_once`."""

    @property
    def counts(self) -> Counts:
        """The provider's latest token counts."""
        return self._reader.counts

    @property
    def finish_reason(self) -> str | None:
        """The model's latest finish reason."""
        return self._reader.finish_reason

    async def read(self, at_once: TakeAtOnce | None = None, /) -> list[Event]:
        """Return the next events, if any; raise `Failure` when the connection breaks before the answer is whole.

        `at_once` is offered what comes while this waits, as `events.Stream` says.
        """
        body = self._body
        data = b""
        try:
            while not data and not body.ended and (not self._is_silent or body.has_news):
                if not body.has_news:
                    self._at_once = at_once
                    await body.news(None if at_once is None else self._offer)
                    if self._left or self._bug is not None:
                        return self._take_left()
                data = body.take()
        except Failure:
            if self._is_closed:
                raise
            is_proven = self._reader.is_proven
            if events := self._reader.take_unended():
                body.wake()  # the next read meets the same failure
                return events
            if not is_proven:
                raise
        if not data:
            return self._end()
        events = self._reader.feed(data)
        if self._reader.may_be_over or self._silence is not None:
            self._wait_for_end(has_news=bool(events))
        return events

    def close(self) -> None:
        """Close the connection now. A pending read raises; a second call does nothing."""
        self._is_closed = True
        self._at_once = None  # break a reference cycle: it refers to the turn, and so to this stream
        self._stop_waiting()
        self._body.close()

    def _offer(self, data: bytes) -> bool:
        """Give the event in these bytes to `at_once`; return False when the read has to take what came."""
        try:
            events = self._reader.feed(data)
            if self._reader.may_be_over or self._silence is not None:  # as in `read`: this saves a call for each delta
                self._wait_for_end(has_news=bool(events))
            if not events or (len(events) == 1 and self._at_once is not None and self._at_once(events[0])):
                return True
            self._left = events
        except Exception as bug:  # noqa: BLE001 - the event loop, whose callback this is, would name no turn
            self._bug = bug
        return False

    def _take_left(self) -> list[Event]:
        """Return what `at_once` left; raise its error."""
        bug, self._bug = self._bug, None
        if bug is not None:
            raise bug
        events, self._left = self._left, []
        return events

    def _end(self) -> list[Event]:
        self.ended = True
        self._stop_waiting()
        return self._reader.end()

    def _wait_for_end(self, *, has_news: bool) -> None:
        """Start the timer that ends a proven answer. Data without news does not restart it.

        What comes after it has run out was sent before: it lay unread while a slow client was sent to.
        """
        if has_news or not self._reader.is_proven:
            self._stop_waiting()
            self._is_silent = False
        if self._silence is None and self._reader.is_proven:
            self._silence = Watchdog(self._take_silence, self._running)
            self._silence.set(self._running.now() + self._end_silence)

    def _take_silence(self) -> None:
        self._is_silent = True
        self._body.wake()

    def _stop_waiting(self) -> None:
        if self._silence is not None:
            self._silence.cancel()
            self._silence = None
