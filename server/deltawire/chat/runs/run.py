"""One run: a turn whose frames are numbered and kept, and which goes on for a while with nobody listening.

    opening -> streaming <-> waiting -> ended

A task of its own reads `Turn.frames()`. The turn does not know of it. The run is the turn's only listener, so a turn
that ends because its grace is over still yields its last frame, and a client that comes later can read it.
"""

import asyncio
import sys
from collections.abc import Callable
from contextlib import aclosing
from typing import Final, Protocol

from deltawire.chat.runs.clock import RunClock, Timer
from deltawire.chat.runs.cursor import Cursor, Listener
from deltawire.chat.runs.facts import RunFacts
from deltawire.chat.runs.listeners import Listeners
from deltawire.chat.runs.log import RunLog
from deltawire.chat.runs.states import Departure, Happening, RunState
from deltawire.chat.states import Reason
from deltawire.chat.turn import Turn
from deltawire.limits.report import Standing
from deltawire.protocol.errors import Failure
from deltawire.protocol.frames import Delta, ErrorFrame, NumberedFrame, Started, Usage
from deltawire.protocol.tools import ToolAnswer
from deltawire.telemetry.logs import failure_of

_RUN_BYTES: Final = 2_048
"""Bytes of memory of a run with an empty log."""
_BYTES_TO_COUNT: Final = 1_024
"""A log grows by this many bytes before they are counted: to count each piece would cost more than to keep it."""
_STREAMING: Final = RunState.STREAMING
"""Looked up once: for each piece, the look-up would cost as much as a call."""


class RunManager(Protocol):
    """The manager of all runs, as one run needs it."""

    clock: RunClock

    def count_bytes(self, run: "Run", size: int) -> None:
        """Count bytes of memory; this may end other runs, or this one."""
        ...

    def note_change(self, run: "Run") -> None:
        """Note that its listeners or its state have changed."""
        ...

    def note(self, run: "Run", happening: Happening) -> None:
        """Count and log an event of the run."""
        ...

    def forget(self, run: "Run") -> None:
        """Forget it."""
        ...


class Run:
    """One turn with grace. Make it in the event loop that runs it."""

    def __init__(self, facts: RunFacts, turn: Turn, manager: RunManager) -> None:
        """Prepare; nothing runs before `start`."""
        self.facts = facts
        self.log = RunLog(turn.id)
        self.listeners = Listeners(self.log)
        self._state = RunState.OPENING
        self.question: str | None = None
        """The id of its stored question."""
        self.is_forgotten = False
        self._turn: Turn | None = turn
        self._manager = manager
        self._first: Listener | None = None
        """The first listener, which belongs to the socket that asked."""
        self._had_listener = False
        self._uncounted = 0
        """Bytes of the log that the manager does not count yet."""
        self._timer: Timer | None = None

    @property
    def name(self) -> str:
        """The name of the run."""
        return self.facts.name

    @property
    def state(self) -> RunState:
        """The state, as clients read it."""
        is_waiting = self._turn is not None and self._turn.rounds.is_waiting
        return RunState.WAITING if is_waiting else self._state

    @property
    def conversation(self) -> str | None:
        """The id of its conversation."""
        return self.facts.conversation

    @property
    def seq(self) -> int:
        """The number of its newest frame."""
        return self.log.last

    @property
    def turn(self) -> str:
        """The id of its turn."""
        return self.log.turn

    @property
    def size(self) -> int:
        """The memory that is counted for it, in bytes, estimated."""
        return _RUN_BYTES + sys.getsizeof(self.facts.message) + self.log.size - self._uncounted

    async def standings(self) -> list[Standing]:
        """Return what is left of its caller's limits; an empty list when it has ended."""
        return [] if self._turn is None else await self._turn.standings()

    def start(self) -> "asyncio.Task[None]":
        """Run the turn in a task."""
        turn = self._turn
        if turn is None:
            raise AssertionError("a run starts once")
        self._manager.note(self, Happening.STARTED)
        task = asyncio.get_running_loop().create_task(self._run(turn))
        # A task that is cancelled before its first step never enters the turn's context.
        task.add_done_callback(lambda _: turn.close())
        return task

    def attach(self, listener: Listener, after: int = 0) -> Cursor:
        """Return the cursor of a new listener. Raise `Failure` when those frames are not there."""
        if after > self.log.last:
            raise Failure("invalid_frame", f"after may be at most {self.log.last} here.", field="after")
        if not self.log.holds(after):
            raise Failure("gone", "The beginning of this run is no longer kept.", field="after")
        if self._had_listener:
            self._manager.note(self, Happening.RESUMED)
        else:
            self._first, self._had_listener = listener, True
        cursor = self.listeners.add(listener, after)
        if self._state is RunState.ENDED:
            cursor.end(None)
        else:
            self._clear_timer()
        self._manager.note_change(self)
        return cursor

    def detach(self, cursor: Cursor, departure: Departure) -> None:
        """Remove a listener; when it was the last one, the grace begins, or the turn ends."""
        if not self.listeners.remove(cursor):
            return
        if cursor.listener is self._first and not cursor.listener.has_history:
            self._first = None  # its socket has closed, and would stay in memory as long as the run
        self._manager.note_change(self)
        if self._state is RunState.ENDED:
            return
        self._manager.note(self, Happening(departure))
        if self.listeners:
            return
        self.wait(departure.seconds(self.facts.grace))

    def wait(self, seconds: float) -> None:
        """Go on for these seconds with nobody listening; end the turn at once for 0."""
        if seconds > 0:
            self._set_timer(seconds, self._expire)
        else:
            self._end(Reason.CLIENT_GONE)

    def give_result(self, tool_result: ToolAnswer) -> None:
        """Give the turn the result of a call. Raise `Failure`, with its field."""
        if self._turn is None:
            raise Failure("unknown_turn", "This turn is over: the result came too late.", field="id")
        self._turn.rounds.give_result(tool_result)

    def stop(self) -> None:
        """End the turn because its caller asks for it; this does nothing to one that has ended."""
        if self._state is not RunState.ENDED:
            self._manager.note(self, Happening.STOPPED)
            self._end(Reason.USER_CANCEL)

    def evict(self) -> None:
        """End the turn and forget the run, to make room."""
        self._manager.note(self, Happening.EVICTED)
        self._manager.forget(self)
        if self._state is not RunState.ENDED:
            self._end(Reason.EXPIRED)

    def forget(self) -> None:
        """Stop its timer, and count its memory no more; its present listeners get the rest of its frames."""
        self.is_forgotten = True
        self._clear_timer()

    def trim(self) -> None:
        """Drop the frames that all listeners have."""
        before = self.log.size
        self.log.drop(self.listeners.slowest(self.log.last))
        self._manager.count_bytes(self, self.log.size - before)

    async def _run(self, turn: Turn) -> None:
        refusal: Failure | None = None
        try:
            async with turn:
                await turn.begin()
                self.question = turn.record.question
                facts = self.facts
                self._add(Started(turn.id, facts.name, facts.conversation, self.question, 0))
                await self._read(turn)
        except Failure as failure:
            refusal = failure
        except Exception as bug:  # noqa: BLE001 - a bug in one run must not end the others
            refusal = failure_of(bug, turn=self.turn)
        finally:
            self._finish(refusal)

    async def _read(self, turn: Turn) -> None:
        async with aclosing(turn.frames(self._add_now)) as frames:
            async for frame in frames:
                kind = type(frame)
                if kind is not Usage and kind is not ErrorFrame:
                    self._state = _STREAMING
                elif self.facts.is_remembered:
                    self._remember(turn)
                self._add(frame)
                if self.listeners.is_ahead:
                    await self.listeners.room()

    def _add_now(self, delta: Delta) -> bool:
        """Add a delta; do nothing and return False where memory is to be counted: that may end runs.

        The run's task does this, and then waits for listeners that are far behind.
        """
        if self._uncounted + len(delta.text) >= _BYTES_TO_COUNT:
            return False
        self._state = _STREAMING
        self._append(delta)
        return True

    def _add(self, frame: NumberedFrame) -> None:
        self._append(frame)
        if self._uncounted >= _BYTES_TO_COUNT:
            self._count()

    def _append(self, frame: NumberedFrame) -> None:
        log = self.log
        before = log.size
        numbered = log.add(frame)
        size = log.size - before
        self.listeners.offer(numbered, log.last, size)
        self._uncounted += size

    def _count(self) -> None:
        """Have the manager count the bytes that are not counted yet."""
        if not self.is_forgotten:
            size, self._uncounted = self._uncounted, 0
            self._manager.count_bytes(self, size)

    def _remember(self, turn: Turn) -> None:
        """Add the turn to the history of the socket that asked; when that has closed, to the newest listener's."""
        first = self._first
        recipient = first if first is not None and first.has_history else self.listeners.newest()
        if recipient is not None and self.log.holds(0):
            facts = self.facts
            recipient.remember(facts.message, facts.files, self.log.text(), turn.rounds.exchange)

    def _finish(self, refusal: Failure | None) -> None:
        self._state = RunState.ENDED
        self._turn = self._first = None
        self._count()
        self.listeners.end(refusal)
        if self.is_forgotten:
            return
        self._manager.note_change(self)
        if refusal is not None:
            self._manager.forget(self)
        else:
            self._set_timer(self.facts.grace, lambda: self._manager.forget(self))

    def _expire(self) -> None:
        self._manager.note(self, Happening.EXPIRED)
        self._end(Reason.EXPIRED)

    def _end(self, reason: Reason) -> None:
        self._clear_timer()
        if self._turn is not None:
            self._turn.cancel(reason)
        self.listeners.release()

    def _set_timer(self, seconds: float, call: Callable[[], object]) -> None:
        self._clear_timer()
        self._timer = self._manager.clock.call_at(self._manager.clock.time() + seconds, call)

    def _clear_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
