"""The state machine of a turn: each phase, and each way to leave it, against a fake upstream."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager, suppress
from typing import Any, cast

import pytest
from support.fake_turn import FakeObserver, FakeRecord, Gate, has_reached, upstream_in
from support.fake_upstream import FakeStream, FakeUpstream, calls
from support.upstream import AT_ONCE

from deltawire.aio.running_time import RunningTime
from deltawire.chat.attempts import Attempts
from deltawire.chat.clock import TurnClock
from deltawire.chat.deadlines import Deadlines
from deltawire.chat.record import TurnRecord
from deltawire.chat.request import TurnRequest
from deltawire.chat.states import Phase, Reason
from deltawire.chat.turn import Turn
from deltawire.gemini.events import Text
from deltawire.protocol.chat_request import ChatRequest
from deltawire.protocol.errors import Failure
from deltawire.protocol.frames import Delta, ErrorFrame, ToolCall, TurnFrame, Usage
from deltawire.protocol.tools import FunctionTool, ToolAnswer
from deltawire.telemetry.turn_observer import TurnObserver

ASKS = ChatRequest(message="hi", tools=[FunctionTool(name="look")])
LISTENED = [Reason.USER_CANCEL, Reason.DRAIN]
"""The listener is there, and hears the end."""
UNLISTENED = [reason for reason in Reason if reason not in LISTENED]
"""Nobody listens any more."""


class Scene:
    """A turn, all that it stands on, and a listener that may stop reading."""

    def __init__(
        self, upstream: FakeUpstream, *, begins: bool = True, settles: bool = True, reads: bool = True
    ) -> None:
        self.upstream = upstream
        self.begins, self.settles, self.reads = Gate(is_open=begins), Gate(is_open=settles), Gate(is_open=reads)
        self.record, self.observer = FakeRecord(self.begins, self.settles), FakeObserver()
        self.received: list[TurnFrame] = []
        self.refusal: Failure | None = None
        deadlines = Deadlines(first_token=60, token=60, turn=60, retries=1, retry_max_delay=60)
        request = TurnRequest(turn="t", caller="", request=ASKS, history=[], models=("m", "n"), waits_for_results=True)
        clock = TurnClock(deadlines, RunningTime())
        attempts = Attempts(cast("Any", upstream), clock, cast("TurnObserver", self.observer))
        self.closed: list[Turn] = []
        self.turn = Turn(
            request,
            attempts,
            cast("TurnRecord", self.record),
            cast("TurnObserver", self.observer),
            self.closed.append,
        )

    async def run(self) -> None:
        """Run a turn, as a route does."""
        async with self.turn:
            try:
                await self.turn.begin()
            except Failure as failure:
                self.refusal = failure
                return
            async with aclosing(self.turn.frames()) as frames:
                async for frame in frames:
                    await self.reads.passes()
                    self.received.append(frame)


@asynccontextmanager
async def in_phase(phase: Phase) -> AsyncIterator[tuple[Scene, "asyncio.Task[None]", FakeStream]]:
    """A turn that runs and waits in this phase."""
    stream = FakeStream()
    upstream = upstream_in(phase, stream)
    scene = Scene(
        upstream, begins=phase is not Phase.BEGIN, settles=phase is not Phase.SETTLE, reads=phase is not Phase.SEND
    )
    task = asyncio.create_task(scene.run())
    if phase in (Phase.STREAMING, Phase.SEND, Phase.SETTLE, Phase.WAITING):
        await stream.reads.wait()
        stream.says(Text("Hello"), *(calls() if phase is Phase.WAITING else ()))
        if phase in (Phase.SETTLE, Phase.WAITING):
            stream.finishes()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    await has_reached(phase, upstream, stream, begins=scene.begins, sends=scene.reads, settles=scene.settles)
    await asyncio.sleep(0)
    assert scene.turn._phase is phase
    yield scene, task, stream
    assert task.done()


def is_closed(stream: FakeStream, phase: Phase) -> bool:
    """Return True if the upstream is closed, or was never there."""
    return stream.is_closed or phase in (Phase.BEGIN, Phase.CONNECT, Phase.BACKOFF)


BEFORE_THE_END = [phase for phase in Phase if phase not in (Phase.SETTLE, Phase.ENDED)]


@pytest.mark.parametrize("reason", LISTENED)
@pytest.mark.parametrize("phase", BEFORE_THE_END)
async def test_a_cancelled_turn_closes_its_upstream_at_once_and_tells_one_end(phase: Phase, reason: Reason) -> None:
    async with in_phase(phase) as (scene, task, stream):
        failure = Failure("draining") if reason is Reason.DRAIN else None
        assert scene.turn.cancel(reason, failure)
        if phase is Phase.SEND:
            assert stream.is_closed, "it is closed while its listener does not read"
            scene.reads.opens.set()
        scene.begins.opens.set()
        await asyncio.wait_for(task, AT_ONCE)
    assert is_closed(stream, phase)
    assert len(scene.upstream.requests) == (0 if phase is Phase.BEGIN else 1)
    end = scene.observer.turn_end
    assert end is not None
    assert (end.reason, end.phase) == (reason, phase)
    assert end.end == ("draining" if failure else "cancelled")
    if failure is not None and phase is Phase.BEGIN:
        assert scene.refusal is not None
        assert (scene.refusal.code, scene.received) == ("draining", [])
    else:
        *deltas, last = scene.received
        assert all(isinstance(frame, Delta | ToolCall) for frame in deltas)
        assert isinstance(last, ErrorFrame if failure else Usage)
        assert scene.record.ends == [last]
    assert (len(scene.closed), scene.record.times_closed, scene.record.left) == (1, 1, [])


@pytest.mark.parametrize("phase", BEFORE_THE_END)
async def test_a_turn_may_cost_something_from_the_first_question_to_the_provider_on(phase: Phase) -> None:
    async with in_phase(phase) as (scene, task, _):
        assert scene.turn.has_asked is (phase is not Phase.BEGIN)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@pytest.mark.parametrize("reason", UNLISTENED)
@pytest.mark.parametrize("phase", BEFORE_THE_END)
async def test_a_turn_that_was_left_closes_its_upstream_and_is_recorded_once(phase: Phase, reason: Reason) -> None:
    async with in_phase(phase) as (scene, task, stream):
        scene.turn.leave(reason)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    assert is_closed(stream, phase)
    end = scene.observer.turn_end
    assert end is not None
    assert (end.end, end.reason, end.phase) == ("cancelled", reason, phase)
    assert [frame for frame in scene.received if not isinstance(frame, Delta | ToolCall)] == []
    assert (len(scene.record.left), scene.record.ends) == (0 if phase is Phase.BEGIN else 1, [])
    assert (len(scene.closed), scene.record.times_closed) == (1, 1)


@pytest.mark.parametrize("reason", list(Reason))
async def test_an_answer_that_is_being_stored_keeps_its_end(reason: Reason) -> None:
    async with in_phase(Phase.SETTLE) as (scene, task, stream):
        if reason in LISTENED:
            assert not scene.turn.cancel(reason, Failure("draining") if reason is Reason.DRAIN else None)
            scene.settles.opens.set()
            await asyncio.wait_for(task, AT_ONCE)
            assert isinstance(scene.received[-1], Usage)
        else:
            scene.turn.leave(reason)
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
    assert stream.is_closed
    end = scene.observer.turn_end
    assert end is not None
    assert (end.end, end.reason, end.phase) == ("stop", None, None)
    assert len(scene.record.ends) == 1


async def test_a_store_that_hangs_while_the_server_stops_does_not_keep_the_end_from_its_listener() -> None:
    async with in_phase(Phase.SETTLE) as (scene, task, _):
        assert not scene.turn.cancel(Reason.DRAIN, Failure("draining"))
        await asyncio.wait_for(task, AT_ONCE)
    [last] = [frame for frame in scene.received if not isinstance(frame, Delta)]
    assert isinstance(last, ErrorFrame)
    assert last.code == "store_unavailable"


@pytest.mark.parametrize("reason", LISTENED)
async def test_a_turn_that_is_cancelled_before_its_first_step_neither_begins_nor_asks(reason: Reason) -> None:
    scene = Scene(FakeUpstream(), begins=False)
    assert scene.turn.cancel(reason, Failure("draining") if reason is Reason.DRAIN else None)
    await scene.run()
    assert (scene.begins.reached.is_set(), len(scene.upstream.requests)) == (False, 0)
    assert scene.observer.turn_end is not None
    assert (scene.observer.turn_end.reason, scene.observer.turn_end.phase) == (reason, Phase.BEGIN)
    if reason is Reason.DRAIN:
        assert scene.refusal is not None
        assert (scene.refusal.code, scene.received) == ("draining", [])
    else:
        assert [type(frame) for frame in scene.received] == [Usage]


async def test_the_first_reason_counts() -> None:
    async with in_phase(Phase.STREAMING) as (scene, task, _):
        scene.turn.cancel(Reason.USER_CANCEL)
        scene.turn.cancel(Reason.DRAIN, Failure("draining"))
        scene.turn.leave(Reason.IDLE)
        await asyncio.wait_for(task, AT_ONCE)
    assert isinstance(scene.received[-1], Usage)
    assert scene.observer.turn_end is not None
    assert scene.observer.turn_end.reason == Reason.USER_CANCEL


async def test_a_turn_that_ended_is_not_cancelled_any_more() -> None:
    stream = FakeStream()
    scene = Scene(FakeUpstream(stream))
    stream.says(Text("Hello"))
    stream.finishes()
    await scene.run()
    assert not scene.turn.cancel(Reason.USER_CANCEL)
    assert scene.turn.is_finished
    assert [type(frame) for frame in scene.received] == [Delta, Usage]
    assert scene.observer.turn_end is not None
    assert (scene.observer.turn_end.end, scene.observer.turn_end.reason) == ("stop", None)


async def test_a_turn_that_was_never_begun_is_closed_and_recorded() -> None:
    scene = Scene(FakeUpstream())
    async with scene.turn:
        scene.turn.leave(Reason.CLIENT_GONE)
    assert scene.observer.turn_end is not None
    assert (scene.observer.turn_end.end, scene.observer.turn_end.phase) == ("cancelled", Phase.BEGIN)
    assert len(scene.upstream.requests) == 0


async def test_a_turn_goes_on_with_the_results_of_its_calls_and_ends_once() -> None:
    async with in_phase(Phase.WAITING) as (scene, task, stream):
        assert stream.is_closed, "nothing is open while the client thinks"
        later = FakeStream()
        scene.upstream.tries = [later]
        later.says(Text(" world"))
        later.finishes()
        scene.turn.rounds.give_result(ToolAnswer(call="c1", result=1))
        await asyncio.wait_for(task, AT_ONCE)
    hello, call, world, end = scene.received
    assert (hello, world) == (Delta("t", "Hello"), Delta("t", " world"))
    assert call == ToolCall("t", call="c1", name="look", arguments={})
    assert isinstance(end, Usage)
    assert (end.finish_reason, end.total_tokens, end.measured) == ("stop", 10, "reported")
    model, _, _, exchange = scene.upstream.requests[1]
    assert model == "m", "a fallback would not take the signatures of another model"
    assert exchange == (
        (
            "model",
            b'[{"text":"Hello"},{"functionCall":{"id":"c1","name":"look","args":{}},"thoughtSignature":"s"}]',
        ),
        ("user", b'[{"functionResponse":{"id":"c1","name":"look","response":{"result":1}}}]'),
    )


async def test_a_later_round_is_tried_again_on_its_own_model_only() -> None:
    async with in_phase(Phase.WAITING) as (scene, task, _):
        fault = Failure("upstream_unavailable", retry_after=0.0)
        scene.upstream.tries = [fault, fault]
        scene.turn.rounds.give_result(ToolAnswer(call="c1", result=1))
        await asyncio.wait_for(task, AT_ONCE)
    assert [model for model, *_ in scene.upstream.requests] == ["m", "m", "m"]
    end = scene.received[-1]
    assert isinstance(end, ErrorFrame)
    assert end.code == "upstream_unavailable"
    assert end.usage is not None
    assert (end.usage.total_tokens, end.usage.measured) == (5, "partial")


async def test_results_that_are_there_before_the_round_is_over_are_not_waited_for() -> None:
    stream, later = FakeStream(), FakeStream()
    scene = Scene(FakeUpstream(stream, later))
    stream.says(*calls())
    task = asyncio.create_task(scene.run())
    while not scene.received:  # noqa: ASYNC110 - a few steps of the loop
        await asyncio.sleep(0)
    scene.turn.rounds.give_result(ToolAnswer(call="c1", error="no"))
    stream.finishes()
    later.finishes()
    await asyncio.wait_for(task, AT_ONCE)
    assert isinstance(scene.received[-1], Usage)


async def test_a_result_after_the_end_is_refused_as_too_late() -> None:
    async with in_phase(Phase.WAITING) as (scene, task, _):
        scene.turn.cancel(Reason.USER_CANCEL)
        await asyncio.wait_for(task, AT_ONCE)
    with pytest.raises(Failure) as failed:
        scene.turn.rounds.give_result(ToolAnswer(call="c1", result=1))
    assert (failed.value.code, failed.value.field) == ("unknown_turn", "id")
