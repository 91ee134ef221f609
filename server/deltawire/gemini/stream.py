"""One answer on its way: the body's bytes, read as events, and its end."""

import asyncio

from deltawire.gemini.body import BodyReader
from deltawire.gemini.events import Counts, Event
from deltawire.gemini.wire import ResponseReader
from deltawire.protocol.errors import Failure


class GeminiStream:
    """One response, read by us: see `events.Stream`.

    An answer whose end is proven ends well, whatever becomes of its connection: a reset, a body that is not ended, or
    silence. Heartbeats are silence too.
    """

    def __init__(self, body: BodyReader, end_silence: float) -> None:
        """Take over a body; `end_silence` is how many seconds a proven end is waited for to be the end."""
        self._body = body
        self._reader = ResponseReader()
        self.ended = False
        self._end_silence = end_silence
        self._silence: asyncio.TimerHandle | None = None
        self._is_silent = False
        self._is_closed = False

    @property
    def counts(self) -> Counts:
        """The provider's last figures."""
        return self._reader.counts

    @property
    def finish_reason(self) -> str | None:
        """The model's last word on why it stopped."""
        return self._reader.finish_reason

    async def read(self) -> list[Event]:
        """The next events, perhaps none; raise `Failure` when the connection breaks before the answer is whole."""
        body = self._body
        data = b""
        try:
            while not data and not body.ended and not self._is_silent:
                if not body.has_news:
                    await body.news()
                data = body.take()
        except Failure:
            if self._is_closed or not self._reader.is_proven:
                raise
        if not data:
            return self._end()
        events = self._reader.feed(data)
        if self._reader.may_be_over or self._silence is not None:
            self._wait_for_end(has_news=bool(events))
        return events

    def close(self) -> None:
        """Close the connection now. A read that is waiting raises; a second call does nothing."""
        self._is_closed = True
        self._stop_waiting()
        self._body.close()

    def _end(self) -> list[Event]:
        self.ended = True
        self._stop_waiting()
        return self._reader.end()

    def _wait_for_end(self, *, has_news: bool) -> None:
        """Let silence end a proven answer. What tells nothing new does not put it off."""
        if has_news or not self._reader.is_proven:
            self._stop_waiting()
        if self._silence is None and self._reader.is_proven:
            loop = asyncio.get_running_loop()
            self._silence = loop.call_later(self._end_silence, self._take_silence)

    def _take_silence(self) -> None:
        self._is_silent = True
        self._body.wake()

    def _stop_waiting(self) -> None:
        if self._silence is not None:
            self._silence.cancel()
            self._silence = None
