"""Runs over a fake upstream, with a fake clock, and listeners that may stop reading."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any, cast

from deltawire.aio.running_time import RunningTime
from deltawire.chat.attempts import Attempts
from deltawire.chat.clock import TurnClock
from deltawire.chat.deadlines import Deadlines
from deltawire.chat.request import TurnRequest
from deltawire.chat.runs.elsewhere.remote import AnyCursor
from deltawire.chat.runs.elsewhere.store import RunStore
from deltawire.chat.runs.registry import AnyRun, RunBounds, Runs
from deltawire.chat.runs.run import Run
from deltawire.chat.runs.states import Departure
from deltawire.chat.turn import Turn
from deltawire.identity.caller import Caller
from deltawire.protocol.chat_request import ChatRequest
from deltawire.protocol.errors import Failure
from deltawire.protocol.frames import Delta, ErrorFrame, NumberedFrame, Usage
from deltawire.protocol.tools import FunctionTool
from support.fake_turn import FakeObserver, FakeRecord, Gate
from support.fake_upstream import FakeUpstream

GRACE = 60.0
CALLER = Caller(name="key:ada")


class FakeTimer:
    def __init__(self, when: float, call: Callable[[], object]) -> None:
        self.when, self.call, self.is_cancelled = when, call, False

    def cancel(self) -> None:
        self.is_cancelled = True


class FakeClock:
    """A clock that moves when a test says so."""

    def __init__(self) -> None:
        self.now = 0.0
        self.timers: list[FakeTimer] = []

    def time(self) -> float:
        return self.now

    def call_at(self, when: float, call: Callable[[], object]) -> FakeTimer:
        timer = FakeTimer(when, call)
        self.timers.append(timer)
        return timer

    def advance(self, seconds: float) -> None:
        self.now += seconds
        due = [timer for timer in self.timers if timer.when <= self.now]
        self.timers = [timer for timer in self.timers if timer.when > self.now]
        for timer in due:
            if not timer.is_cancelled:
                timer.call()


class FakeListener:
    """One who listens to a run, and may stop reading."""

    def __init__(self, *, reads: bool = True) -> None:
        self.reads = Gate(is_open=reads)
        self.has_history = True
        self.received: list[NumberedFrame] = []
        self.remembered: list[tuple[str, str]] = []
        self.refusal: Failure | None = None

    def push(self, frame: NumberedFrame) -> bool:
        if self.reads.opens.is_set():
            self.received.append(frame)
        return self.reads.opens.is_set()

    def remember(self, question: str, _files: object, answer: str, _exchange: object) -> None:
        self.remembered.append((question, answer))

    def listens(self, run: AnyRun, after: int = 0) -> AnyCursor:
        self.cursor: AnyCursor = run.attach(self, after)
        self.task = asyncio.create_task(self._listen())
        return self.cursor

    async def leaves(self, run: AnyRun, departure: Departure) -> None:
        self.has_history = False
        run.detach(cast("Any", self.cursor), departure)
        self.task.cancel()
        with suppress(asyncio.CancelledError):
            await self.task

    @property
    def text(self) -> str:
        return "".join(frame.text for frame in self.received if isinstance(frame, Delta))

    @property
    def ends(self) -> list[NumberedFrame]:
        return [frame for frame in self.received if isinstance(frame, Usage | ErrorFrame)]

    async def _listen(self) -> None:
        try:
            while frames := await self.cursor.next():
                for frame in frames:
                    await self.reads.passes()
                    self.received.append(frame)
        except Failure as failure:
            self.refusal = failure


class FakeRunObserver:
    """Keeps what happens to the runs."""

    def __init__(self) -> None:
        self.happenings: list[str] = []

    def note(self, _: str, happening: str) -> None:
        self.happenings.append(happening)


class Scene:
    """Runs whose turns stand on a fake upstream."""

    def __init__(
        self,
        upstream: FakeUpstream,
        *,
        begins: bool = True,
        settles: bool = True,
        grace: float = GRACE,
        memory: int = 2**26,  # estimated: nine tenths of the bound
        store: RunStore | None = None,
    ) -> None:
        self.upstream = upstream
        self.begins, self.settles = Gate(is_open=begins), Gate(is_open=settles)
        self.clock, self.events = FakeClock(), FakeRunObserver()
        self.turns: list[Turn] = []
        self.records: list[FakeRecord] = []
        self.observers: list[FakeObserver] = []
        self.runs = Runs(
            cast("Any", self),
            RunBounds(grace=120.0, bytes=round(memory / 0.9)),
            cast("Any", self.events),
            cast("Any", self.clock),
            store,
        )
        self.request = ChatRequest(message="hi", id="t", grace=grace, tools=[FunctionTool(name="look")])

    def accept(self, request: ChatRequest, *_: object) -> Turn:
        """Stand for the registry of turns."""
        deadlines = Deadlines(first_token=60, token=60, turn=60, retries=1, retry_max_delay=60)
        observer, record = FakeObserver(), FakeRecord(self.begins, self.settles)
        self.observers.append(observer)
        self.records.append(record)
        turn_request = TurnRequest(
            turn=request.id or "t", caller="", request=request, history=[], models=("m",), waits_for_results=True
        )
        clock = TurnClock(deadlines, RunningTime())
        attempts = Attempts(cast("Any", self.upstream), clock, cast("Any", observer))
        turn = Turn(turn_request, attempts, cast("Any", record), cast("Any", observer), lambda _: None)
        self.turns.append(turn)
        return turn

    def ask(self, request: ChatRequest | None = None, caller: Caller = CALLER) -> Run:
        return self.runs.start_here(request or self.request, [], caller, cast("Any", None))

    @property
    def reason(self) -> str | None:
        end = self.observers[0].turn_end
        assert end is not None, "the turn is over"
        return end.reason


async def settled() -> None:
    """Let every task do what it can do now."""
    for _ in range(20):
        await asyncio.sleep(0)
