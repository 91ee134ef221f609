"""One turn: a question in, frames out, exactly one end. The same for every transport.

Whoever iterates `frames` cuts the turn short by closing the iterator or by cancelling the task that
runs it; `stop` and `cut` end it with a last frame instead. In every case, and in every phase, the
upstream connection is closed at once.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable

import structlog

from deltawire.aio.timeouts import InterruptibleTimeout
from deltawire.aio.watchdog import Watchdog
from deltawire.chat.attempts import Attempts
from deltawire.chat.deadlines import Deadlines
from deltawire.chat.record import TurnRecord
from deltawire.chat.request import TurnRequest
from deltawire.chat.usage import UsageTracker
from deltawire.gemini.events import Event, Stream, Text, ThoughtText, Upstream
from deltawire.limits.report import Standing
from deltawire.protocol.errors import Failure
from deltawire.protocol.frames import Delta, ErrorFrame, Thought, TurnFrame, Usage, error_frame
from deltawire.telemetry.logs import where
from deltawire.telemetry.turn_end import TurnEnd
from deltawire.telemetry.turn_observer import TurnObserver

log = structlog.get_logger(__name__)


class _Cancelled(Exception):
    """The reader has had enough."""


class Turn:
    """One turn of one client. Make it in the event loop that runs it; its clock starts then."""

    def __init__(
        self,
        question: TurnRequest,
        upstream: Upstream,
        deadlines: Deadlines,
        on_close: Callable[["Turn"], None],
        record: TurnRecord,
        watch: TurnObserver,
    ) -> None:
        """Prepare; nothing is asked before `frames` is iterated. `on_close` is called once, by `close`.

        `record` are what is kept of the turn; `watch` is told what becomes of it.
        """
        self.id = question.turn
        self.is_finished = False
        """Whether it came to an end of its own, and all of it was sent."""
        self.refusal: str | None = None
        """The code with which it could not begin."""
        self._loop = asyncio.get_running_loop()
        self._deadlines = deadlines
        self._on_close: Callable[[Turn], None] | None = on_close
        self._turn_by = self._loop.time() + deadlines.turn
        self._token_by = self._turn_by
        self._usage = UsageTracker(question.models[0], record.ledger.cost)
        self._question = question
        self._upstream = upstream
        self._record = record
        self._has_begun = False
        self._observer = watch
        self._timeout_scope = InterruptibleTimeout()
        self._attempts: Attempts | None = None
        self._silence = Watchdog(self._fell_silent)
        self._stream: Stream | None = None
        self._interruption: Failure | _Cancelled | None = None
        self._door: str | None = None
        self._phase_left: str | None = None
        self._end: Usage | ErrorFrame | None = None
        self._cause: str | None = None

    def stop(self) -> None:
        """End the turn as its reader wishes: `frames` ends in a `usage` that says `cancelled`."""
        self.leave_by("user_cancel")
        self._interrupt(_Cancelled())

    def cut(self) -> bool:
        """End the turn because the server stops: `frames` ends in an `error` that says `draining`.

        False when it has come to another end before, which its listener may still have to hear.
        """
        if self._end is None:
            self.leave_by("drain")
            self._interrupt(Failure("draining"))
        return self._end is None

    def leave_by(self, door: str) -> None:
        """Note, for the log, which door its listener takes; the turn must be cut short after this."""
        if self._door is None:
            self._door = door
            self._phase_left = self._phase

    def close(self) -> None:
        """Let go of the turn: whoever accepted it calls this when `frames` is done, or was never begun."""
        if self._on_close is not None:
            self._record.close()
            self._on_close(self)
            self._on_close = None
            self._tell_end()

    async def begin(self) -> None:
        """Enter the turn in the record, and learn a conversation's context; raise `Failure` when that cannot be.

        `frames` does it for whoever did not.
        """
        if self._has_begun:
            return
        self._raise_interruption()
        self._has_begun = True
        try:
            await self._enter()
        except Failure as failure:
            self.refusal = failure.code
            self._end = self._failed(failure)
            raise

    async def _enter(self) -> None:
        try:
            async with self._timeout_scope.until(self._turn_by):
                self._question = await self._record.begin(self._question)
        except TimeoutError:
            self._raise_interruption()
            raise self._deadlines.failure("turn") from None

    @property
    def may_be_refused(self) -> bool:
        """Whether `begin` has something to decide."""
        return self._record.may_refuse

    async def standings(self) -> list[Standing]:
        """What is left of its caller's limits; nothing when that cannot be said now."""
        return await self._record.ledger.standings()

    async def frames(self) -> AsyncGenerator[TurnFrame, None]:
        """The frames of the turn; the last one, and only that, is a `Usage` or an `ErrorFrame`."""
        transcript = self._record.transcript
        said = self._observer.said
        try:
            await self.begin()
            events: list[Event] | None = await self._first_events()
            while events is not None:
                for event in events:
                    if self._interruption is not None:
                        raise self._interruption
                    frame = self._frame(event)
                    if frame is not None:
                        yield frame
                        if transcript is not None:
                            transcript.keep(frame)
                        if said is not None and type(frame) is Delta:
                            said.append(frame.text)
                events = await self._next_events()
            self._end = self._finished()
        except Exception as error:  # noqa: BLE001 - a turn never raises into its siblings
            self._end = self._ended_by(error)
        finally:
            self._release()
        self._end = await self._entered(self._end)
        yield self._end
        self.is_finished = self._door != "drain"

    async def _entered(self, end: Usage | ErrorFrame) -> Usage | ErrorFrame:
        """The end as it is told, once it is in the record."""
        try:
            return await self._record.end(end)
        except Exception as error:  # noqa: BLE001 - likewise
            return self._record.named(self._ended_by(error))

    def _release(self) -> None:
        """Close the upstream; what a listener who has left was told is entered without waiting."""
        self._silence.cancel()
        if self._stream is not None:
            self._stream.close()
        self._take_counts()
        self._interruption = None  # it knows where it was raised, which is here: a circle
        if self._end is None:
            self._record.leave(self._cancelled())

    def _interrupt(self, reason: "Failure | _Cancelled") -> None:
        """Make `frames` go on to its end, wherever it waits. The first reason is the one that is told."""
        if self._interruption is None:
            self._interruption = reason
            self._timeout_scope.interrupt()
            if self._attempts is not None:
                self._attempts.interrupt()
            if self._stream is not None:
                self._stream.close()

    def _raise_interruption(self) -> None:
        if self._interruption is not None:
            raise self._interruption

    async def _first_events(self) -> list[Event]:
        self._raise_interruption()
        question = self._question
        self._observer.asks(question.models[0], question.request, question.history)
        self._attempts = opening = Attempts(question, self._upstream, self._deadlines, self._observer)
        try:
            self._stream, events = await opening.first_events(self._turn_by)
        except Failure:
            self._raise_interruption()
            raise
        finally:
            self._usage.model = opening.model
            self._usage.counts = opening.counts
        self._observer.answers()
        return events

    async def _next_events(self) -> list[Event] | None:
        """What the upstream says next; None when the answer is over.

        The clocks run only in here, not while the frames of the last words are being sent.
        """
        self._raise_interruption()
        stream = self._stream
        if stream is None or stream.ended:
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
                self._raise_interruption()  # then it is our own close that the stream complains of
                raise
            finally:
                self._silence.clear()
        return events

    def _fell_silent(self) -> None:
        self._interrupt(self._deadlines.failure("turn" if self._token_by >= self._turn_by else "token"))

    def _frame(self, event: Event) -> Delta | Thought | None:
        if type(event) is Text:
            if self._usage.delta():
                self._observer.first_delta(self._usage.duration_ms)
            return Delta(self.id, event.text)
        if isinstance(event, Failure):
            raise event
        if not isinstance(event, ThoughtText) or self._question.request.thinking in (None, "off"):
            return None
        return Thought(self.id, event.text)

    def _ended_by(self, error: Exception) -> Usage | ErrorFrame:
        if isinstance(error, _Cancelled):
            return self._cancelled()
        if isinstance(error, Failure):
            return self._failed(error)
        log.error("bug", turn=self.id, error=type(error).__name__, where=where(error))
        return self._failed(Failure("internal"))

    def _finished(self) -> Usage:
        self._take_counts()
        if self._stream is None or self._stream.finish_reason is None:
            raise AssertionError("a stream that ends without a finish reason is a failure")
        self._usage.reported = True
        return self._usage.usage(self.id, self._stream.finish_reason)

    def _cancelled(self) -> Usage:
        self._take_counts()
        self._usage.reported = self._stream is not None and self._stream.ended
        return self._usage.usage(self.id, "cancelled")

    def _failed(self, failure: Failure) -> ErrorFrame:
        self._cause = failure.cause
        self._take_counts()
        self._usage.reported = failure.code == "blocked"
        usage = self._usage.figures() if self._record.is_kept else self._usage.spent()
        return error_frame(failure, turn=self.id, usage=usage)

    def _take_counts(self) -> None:
        if self._stream is not None:
            self._usage.counts = self._stream.counts

    @property
    def _phase(self) -> str:
        """What it is at: nothing yet, asking (see `Attempts.phase`), `streaming`, or waiting to `send`."""
        if self._attempts is None:
            return "begin"
        if self._stream is None:
            return self._attempts.phase
        return "streaming" if self._silence.is_set else "send"

    def _tell_end(self) -> None:
        end = self._end
        told = end.usage if isinstance(end, ErrorFrame) else end
        ended = end.code if isinstance(end, ErrorFrame) else (end and end.finish_reason) or "cancelled"
        was_left = ended in ("cancelled", "draining")
        self._observer.ended(
            TurnEnd(
                end=ended,
                spent=told or self._usage.figures(),
                gaps=self._usage.gaps,
                streamed=self._usage.streamed,
                cause=self._cause,
                door=(self._door or "client_gone") if was_left else None,
                phase=(self._phase_left or "send") if was_left else None,
                broke_off=self._stream is not None and ended.startswith("upstream_"),
            )
        )
