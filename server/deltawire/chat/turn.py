"""One turn: a request in, frames out, exactly one end. The same for every transport.

    accepted -> begin -> attempts (connect, first_token, backoff) -> send <-> streaming -> settle -> ended
                         attempts <------------------- waiting <-------------------+

The code that runs a turn enters it as a context manager, calls `begin`, then iterates `frames`. Leaving the context
closes it. `cancel` ends it with a last frame. `leave` notes that its listener is gone; then its task is cancelled. In
both cases the upstream connection is closed at once, in every phase.
"""

from collections.abc import AsyncGenerator, Callable
from math import inf
from types import TracebackType
from typing import Final, Self

from deltawire.aio.timeouts import InterruptibleTimeout
from deltawire.chat.attempts import Attempts
from deltawire.chat.direct_deltas import DirectDeltas
from deltawire.chat.event_frames import EventFrames, SendNow, file_frame
from deltawire.chat.outcome import TOOL_CALLS, Outcome, counts_are_final, outcome_of, turn_end_of
from deltawire.chat.record import TurnRecord
from deltawire.chat.request import TurnRequest
from deltawire.chat.rounds import Rounds
from deltawire.chat.states import Cancellation, Phase, Reason
from deltawire.chat.usage import UsageTracker
from deltawire.gemini.events import Event, Stream, TakeAtOnce
from deltawire.limits.report import Standing
from deltawire.protocol.errors import Failure
from deltawire.protocol.frames import ErrorFrame, TurnFrame, Usage
from deltawire.telemetry.logs import failure_of
from deltawire.telemetry.turn_observer import TurnObserver

_CUT_SETTLE_SECONDS: Final = 0.25
"""Seconds to wait for the store when a drain ends a turn. Then its last frame is sent; the write goes on by itself."""


class _Cancelled(Exception):
    """Unwinds `frames` to its end after `cancel`."""


class Turn:
    """One turn of one client. Make it in the event loop that runs it; its clock starts then."""

    __slots__ = (
        "_attempts", "_cancellation", "_observer", "_on_close", "_outcome", "_phase",
        "_request", "_scope", "_stream", "record", "rounds", "usage",
    )  # fmt: skip

    def __init__(
        self,
        request: TurnRequest,
        attempts: Attempts,
        record: TurnRecord,
        observer: TurnObserver,
        on_close: Callable[["Turn"], None],
    ) -> None:
        """Prepare; nothing is asked before `frames` is iterated. `on_close` is called once."""
        self._request = request
        self._attempts = attempts
        self.record = record
        self._observer = observer
        self._on_close: Callable[[Turn], None] | None = on_close
        self.usage = UsageTracker(request.models[0], record.ledger.cost, request.max_answer_chars)
        self._scope = InterruptibleTimeout(attempts.clock.running)
        self.rounds = Rounds(request)
        self._phase = Phase.BEGIN
        self._stream: Stream | None = None
        self._cancellation: Cancellation | None = None
        self._outcome: Outcome | None = None

    async def __aenter__(self) -> Self:
        """Return the turn."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the turn."""
        self.close()

    @property
    def id(self) -> str:
        """The id of the turn in its frames."""
        return self._request.turn

    @property
    def is_finished(self) -> bool:
        """True once all frames were sent, and the turn ended by itself or was cancelled by its listener."""
        is_wished = self._cancellation is None or self._cancellation.reason is Reason.USER_CANCEL
        return self._phase is Phase.ENDED and is_wished

    @property
    def has_asked(self) -> bool:
        """True once the upstream was asked: from then on the turn may cost something."""
        return self._phase is not Phase.BEGIN

    async def standings(self) -> list[Standing]:
        """Return what is left of its caller's limits; an empty list when that is not known now."""
        return await self.record.ledger.standings()

    def cancel(self, reason: Reason, failure: Failure | None = None) -> bool:
        """End the turn. `frames` then yields its last frame: an `error` if there is a failure, else a `usage`.

        Return False when it has come to another end before; the frame of that end may still have to be sent.
        """
        if self._outcome is not None:
            if reason is Reason.DRAIN:
                self._scope.until(self._attempts.clock.now() + _CUT_SETTLE_SECONDS)
            return False
        self._note(reason, failure)
        self._scope.interrupt()
        if self._stream is not None:
            self._stream.close()
        return True

    def leave(self, reason: Reason) -> None:
        """Note that its listener is gone, and why. Its caller then closes it, or cancels the task that runs it."""
        self._note(reason, None)

    def close(self) -> None:
        """Release the turn, whether it was begun or not; a second call does nothing."""
        if self._on_close is not None:
            self.record.close(self.usage.model)
            self._on_close(self)
            self._on_close = None
            self._scope.cancel()
            has_answered = self._stream is not None
            end = turn_end_of(self._outcome, self._cancellation, self.usage, has_answered=has_answered)
            ended = self._observer.ended  # the ledger may keep the function for a while: it must not hold the turn
            self.record.ledger.when_decided(lambda was_admitted: ended(end, was_admitted=was_admitted))

    async def begin(self) -> None:
        """Check the limits, store the question and read its conversation's context; raise `Failure` for a refusal."""
        try:
            self._raise_if_cancelled()  # `cancel` may have come before there was a block to interrupt
            self._scope.enter_task()
            with self._scope.until(self._attempts.clock.turn_by):
                self._request = await self.record.begin(self._request)
            self.usage.model = self._request.models[0]
        except (TimeoutError, _Cancelled):
            if self._cancellation is None:
                self._refuse(self._attempts.clock.failure("turn"))
            elif self._cancellation.failure is not None:  # else `frames` yields the `usage` of a cancelled turn
                self._refuse(Failure(self._cancellation.failure.code))
        except Failure as failure:
            self._outcome = self._outcome_of(failure)
            raise

    async def frames(self, send_now: SendNow | None = None) -> AsyncGenerator[TurnFrame, None]:
        """Yield the frames of a turn that has begun; the last one, and only that, is a `Usage` or an `ErrorFrame`.

        Deltas that `send_now` sends are not yielded; it is offered those that come alone (`DirectDeltas`).
        """
        clock, request = self._attempts.clock, self._request
        texts = self.rounds.begin(request, self._observer.texts)
        made = EventFrames(request, self.usage, self.rounds, self._observer, self.record.transcript, texts)
        frame_of = made.frame
        at_once = None if send_now is None else DirectDeltas(send_now, made, self._scope, clock).take
        self._scope.enter_task()
        try:
            events: list[Event] | None = await self._first_events()
            while events is not None:
                for event in events:
                    if self._cancellation is not None:  # `_raise_if_cancelled` would be a call for each event
                        raise _Cancelled
                    frame = frame_of(event) or await file_frame(event, request, self.record, self._scope, clock.turn_by)
                    if frame is not None:
                        yield frame
                        made.delivered(frame)
                events = await self._next_events(at_once)
                if events is None and self.rounds.names:
                    events = await self._next_round()
            self._outcome = self._outcome_of(None)
        except _Cancelled:
            self._outcome = self._outcome_of(self._cancellation)
        except Exception as error:  # noqa: BLE001 - a bug in one turn must not end the others
            self._outcome = self._outcome_of(failure_of(error, turn=self.id))
            error.__traceback__ = None  # break a reference cycle: it holds frames, one of which holds the error
        finally:
            self._release()
        yield await self._settle()
        self._enter(Phase.ENDED)

    def _enter(self, phase: Phase) -> None:
        self._phase = phase

    def _note(self, reason: Reason, failure: Failure | None) -> None:
        if self._cancellation is None:
            self._cancellation = Cancellation(reason, self._phase, failure)

    def _refuse(self, failure: Failure) -> None:
        self._outcome = self._outcome_of(failure)
        raise failure

    def _raise_if_cancelled(self) -> None:
        if self._cancellation is not None:
            raise _Cancelled

    async def _first_events(self) -> list[Event]:
        self._raise_if_cancelled()
        request, attempts = self._request, self._attempts
        if not self.rounds.done:
            self._observer.model_asked(request.models[0], request.request, request.history)
        try:
            with self._scope.until(self._attempts.clock.turn_by):
                self._stream, events = await attempts.first_events(request, self._enter)
        except TimeoutError:
            self._raise_if_cancelled()
            raise self._attempts.clock.failure("turn") from None
        finally:
            self.usage.model = attempts.model
            self.usage.counts = attempts.counts
        self._enter(Phase.SEND)
        self._observer.first_token()
        return events

    async def _next_round(self) -> list[Event] | None:
        """Return the first events of the model, asked with the results of its calls; None where it ends in them."""
        rounds, stream = self.rounds, self._stream
        if stream is None or not rounds.end_round():
            return None
        stream.close()
        self._enter(Phase.WAITING)
        try:
            await rounds.wait_for_results(self._scope, self._attempts.clock)
        except TimeoutError:
            self._raise_if_cancelled()
            raise self._attempts.clock.failure("tool") from None
        self._observer.next_round()
        self.usage.next_round(stream.counts)
        self._stream = None
        self._request = rounds.ask_again(self.usage.model)
        return await self._first_events()

    async def _next_events(self, at_once: TakeAtOnce | None) -> list[Event] | None:
        """Return the next events of the upstream; None when the answer is over.

        The time-out between tokens runs only here, not while the frames of the last events are sent.
        """
        if self._cancellation is not None:  # as in `frames`
            raise _Cancelled
        stream = self._stream
        if stream is None or stream.ended:
            return None
        clock = self._attempts.clock
        deadline = clock.next_token_by()
        events: list[Event] = []
        self._phase = Phase.STREAMING
        try:
            with self._scope.until(deadline):
                while not events and not stream.ended:
                    events = await stream.read(at_once)
        except (TimeoutError, Failure) as error:
            self._raise_if_cancelled()  # after `cancel`, which closed the stream and so made it fail
            if isinstance(error, Failure):
                raise
            raise clock.failure("turn" if deadline >= clock.turn_by else "token") from None
        self._phase = Phase.SEND
        return events

    def _release(self) -> None:
        """Close the upstream. When the listener has left, record the turn without waiting."""
        if not self.rounds.is_plain:
            self.rounds.close(self.record.transcript)
        if self._stream is not None:
            self._stream.close()
        if self._outcome is None:
            self._note(Reason.CLIENT_GONE, None)
            self._outcome = self._outcome_of(self._cancellation)
            self.record.leave(self._outcome.frame, self.usage.model)

    async def _settle(self) -> Usage | ErrorFrame:
        """Store and charge the turn; return its last frame."""
        self._enter(Phase.SETTLE)
        outcome = self._outcome
        if outcome is None:
            raise AssertionError("a turn settles after its outcome is known")
        is_cut = self._cancellation is not None and self._cancellation.reason is Reason.DRAIN
        try:
            with self._scope.until(self._attempts.clock.now() + _CUT_SETTLE_SECONDS if is_cut else inf):
                frame = await self.record.end(outcome.frame, self.usage.model)
        except Exception as error:  # noqa: BLE001 - a bug here must not end the other turns, either
            if not isinstance(error, TimeoutError):
                outcome = self._outcome_of(failure_of(error, turn=self.id))
            elif not is_cut:
                outcome = self._outcome_of(Failure("store_unavailable"))
            frame = self.record.with_stored_ids(outcome.frame)
        self._outcome = Outcome(frame, outcome.cause)
        return frame

    def _outcome_of(self, stop: Failure | Cancellation | None) -> Outcome:
        stream, finish_reason = self._stream, None
        if stream is not None:
            self.usage.counts = stream.counts
            finish_reason = TOOL_CALLS if stop is None and self.rounds.names else stream.finish_reason
        self.usage.reported = counts_are_final(stop, has_ended=stream is not None and stream.ended)
        state = None if self.rounds.is_plain else self.rounds.state(self.usage.model)
        is_stored = self.record.is_stored
        return outcome_of(self.id, stop, finish_reason, self.usage.figures(), is_stored=is_stored, state=state)
