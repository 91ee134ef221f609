"""The stream of one answer: its body, read as events, and its end."""

from deltawire.aio.running_time import RunningTime
from deltawire.aio.watchdog import Watchdog
from deltawire.gemini.body import BodyReader
from deltawire.gemini.events import Counts, Event
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

    @property
    def counts(self) -> Counts:
        """The provider's latest token counts."""
        return self._reader.counts

    @property
    def finish_reason(self) -> str | None:
        """The model's latest finish reason."""
        return self._reader.finish_reason

    async def read(self) -> list[Event]:
        """Return the next events, if any; raise `Failure` when the connection breaks before the answer is whole."""
        body = self._body
        data = b""
        try:
            while not data and not body.ended and (not self._is_silent or body.has_news):
                if not body.has_news:
                    await body.news()
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
        self._stop_waiting()
        self._body.close()

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
