"""One turn: a question in, frames out, exactly one end. The same for every transport.

Whoever iterates `frames` cuts the turn short by closing the iterator or by cancelling the task that
runs it; `stop` ends it with a `usage` instead. In every case, and in every phase, the upstream
connection is closed at once.
"""

import asyncio
from collections.abc import AsyncGenerator

import structlog

from server.errors import Failure
from server.frames import Delta, ErrorFrame, FrameDown, Thought, Usage, error_frame
from server.gemini.events import Event, Stream, Text, Upstream
from server.logs import where
from server.opening import Deadlines, Opening, Question
from server.tally import Tally
from server.watchdog import Watchdog

log = structlog.get_logger(__name__)


class Turn:
    """One turn of one client. Make it in the event loop that runs it; its clock starts then."""

    def __init__(self, question: Question, upstream: Upstream, deadlines: Deadlines) -> None:
        """Prepare; nothing is asked before `frames` is iterated."""
        self.id = question.turn
        self._loop = asyncio.get_running_loop()
        self._shows_thoughts = question.request.thinking not in (None, "off")
        self._deadlines = deadlines
        self._turn_by = self._loop.time() + deadlines.turn
        self._token_by = self._turn_by
        self._tally = Tally(question.models[0])
        self._opening = Opening(question, upstream, deadlines)
        self._silence = Watchdog(self._fell_silent)
        self._stream: Stream | None = None
        self._stopped = False
        self._door = "client_gone"
        self._missed: str | None = None
        self._end: Usage | ErrorFrame | None = None
        self._cause: str | None = None

    def stop(self) -> None:
        """End the turn as its reader wishes: `frames` ends in a `usage` that says `cancelled`."""
        self._door = "user_cancel"
        self._stopped = True
        self._opening.stop()
        if self._stream is not None:
            self._stream.close()

    def leave_by(self, door: str) -> None:
        """Note, for the log, which door its listener takes; the turn must be cut short after this."""
        if not self._stopped:
            self._door = door

    async def frames(self) -> AsyncGenerator[FrameDown, None]:
        """The frames of the turn; the last one, and only that, is a `Usage` or an `ErrorFrame`."""
        try:
            events = await self._first_words()
            while events is not None:
                for event in events:
                    if self._stopped:
                        break
                    frame = self._frame(event)
                    if frame is not None:
                        yield frame
                events = await self._next_words()
            self._end = self._finished()
        except Failure as failure:
            self._end = self._failed(failure)
        except Exception as bug:  # noqa: BLE001 - a turn never raises into its siblings
            log.error("bug", turn=self.id, error=type(bug).__name__, where=where(bug))  # noqa: TRY400 - no stack traces
            self._end = self._failed(Failure("internal"))
        finally:
            self._silence.cancel()
            if self._stream is not None:
                self._stream.close()
            self._log_end()
        yield self._end

    async def _first_words(self) -> list[Event] | None:
        try:
            opened = await self._opening.first_words(self._turn_by)
        finally:
            self._tally.model = self._opening.model
            self._tally.counts = self._opening.counts
        if opened is None:
            return None
        self._stream, events = opened
        return events

    async def _next_words(self) -> list[Event] | None:
        """What the upstream says next; None when the answer is over or nobody wants the rest.

        The clocks run only in here, not while the frames of the last words are being sent.
        """
        stream = self._stream
        if stream is None or stream.ended or self._stopped:
            return None
        now = self._loop.time()
        if now >= self._turn_by:
            raise self._deadlines.failure("turn")
        self._token_by = min(now + self._deadlines.token, self._turn_by)
        events: list[Event] = []
        while not events and not stream.ended:
            self._silence.set(self._token_by)
            try:
                events = await stream.read()
            except Failure:
                if self._stopped:
                    return None
                if self._missed is not None:
                    raise self._deadlines.failure(self._missed) from None
                raise
            finally:
                self._silence.clear()
        return events

    def _fell_silent(self) -> None:
        self._missed = "turn" if self._token_by >= self._turn_by else "token"
        if self._stream is not None:
            self._stream.close()

    def _frame(self, event: Event) -> FrameDown | None:
        if type(event) is Text:
            if self._tally.first_delta_ms is None:
                self._tally.first_delta_ms = self._tally.duration_ms
            return Delta(self.id, event.text)
        if isinstance(event, Failure):
            raise event
        return Thought(self.id, event.text) if self._shows_thoughts else None

    def _finished(self) -> Usage:
        reason = None
        self._take_counts()
        if self._stream is not None:
            self._tally.reported = self._stream.ended
            reason = self._stream.finish_reason
        return self._tally.usage(self.id, "cancelled" if self._stopped or reason is None else reason)

    def _failed(self, failure: Failure) -> ErrorFrame:
        self._cause = failure.cause
        self._take_counts()
        self._tally.reported = failure.code == "blocked"
        return error_frame(failure, turn=self.id, usage=self._tally.spent())

    def _take_counts(self) -> None:
        if self._stream is not None:
            self._tally.counts = self._stream.counts

    def _log_end(self) -> None:
        """One line a turn: what it did and cost, never what was said in it."""
        end = self._end
        self._take_counts()
        ended = end.code if isinstance(end, ErrorFrame) else end.finish_reason if end is not None else "cancelled"
        counts = self._tally.counts
        log.info(
            "turn_ended",
            turn=self.id,
            model=self._tally.model,
            end=ended,
            door=self._door if ended == "cancelled" else None,
            cause=self._cause,
            input_tokens=counts.input,
            output_tokens=counts.output,
            thought_tokens=counts.thought,
            first_delta_ms=self._tally.first_delta_ms,
            duration_ms=self._tally.duration_ms,
        )
