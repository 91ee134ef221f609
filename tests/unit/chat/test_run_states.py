"""The states of a run: each phase of its turn, and all that may happen, with a fake clock and a fake upstream."""

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import ref

import msgspec
import pytest
from support.fake_runs import CALLER, GRACE, FakeListener, Scene, settled
from support.fake_turn import has_reached, upstream_in
from support.fake_upstream import FakeStream, FakeUpstream, calls

from deltawire.chat.runs.run import Run
from deltawire.chat.runs.states import Departure, RunState
from deltawire.chat.states import Phase, Reason
from deltawire.gemini.events import Text
from deltawire.identity.caller import Caller
from deltawire.protocol.chat_request import ChatRequest
from deltawire.protocol.errors import Failure
from deltawire.protocol.frames import Started, ToolCall, Usage
from deltawire.protocol.tools import ToolAnswer

PHASES = [phase for phase in Phase if phase is not Phase.ENDED]
BEFORE_THE_END = [phase for phase in PHASES if phase is not Phase.SETTLE]


@asynccontextmanager
async def in_phase(phase: Phase) -> AsyncIterator[tuple[Scene, Run, FakeListener, FakeStream]]:
    """A run whose turn waits in this phase, with one listener."""
    stream = FakeStream()
    upstream = upstream_in(phase, stream)
    scene = Scene(upstream, begins=phase is not Phase.BEGIN, settles=phase is not Phase.SETTLE)
    listener = FakeListener(reads=phase is not Phase.SEND)
    run = scene.ask()
    listener.listens(run)
    if phase in (Phase.STREAMING, Phase.SEND, Phase.SETTLE, Phase.WAITING):
        await stream.reads.wait()
        called = calls() if phase is Phase.WAITING else ()
        stream.says(Text("Hello" if phase is not Phase.SEND else "x" * 300_000), *called)
        if phase in (Phase.SETTLE, Phase.WAITING):
            stream.finishes()
    await has_reached(phase, upstream, stream, begins=scene.begins, sends=listener.reads, settles=scene.settles)
    await settled()
    assert scene.turns[0]._phase is phase
    yield scene, run, listener, stream
    scene.begins.opens.set()
    scene.settles.opens.set()
    await settled()
    for task in scene.runs._tasks:
        task.cancel()


def has_ended(run: Run) -> bool:
    return run.state is RunState.ENDED


def is_closed(stream: FakeStream, phase: Phase) -> bool:
    return stream.is_closed or phase in (Phase.BEGIN, Phase.CONNECT, Phase.BACKOFF)


@pytest.mark.parametrize("phase", BEFORE_THE_END)
async def test_a_listener_that_leaves_on_purpose_ends_the_turn_at_once(phase: Phase) -> None:
    async with in_phase(phase) as (scene, run, listener, stream):
        await listener.leaves(run, Departure.LEFT)
        assert is_closed(stream, phase)
        scene.begins.opens.set()
        await settled()
        assert has_ended(run)
        assert scene.reason == Reason.CLIENT_GONE
        assert scene.clock.now == 0.0


@pytest.mark.parametrize("departure, seconds", [(Departure.AWAY, 10.0), (Departure.LOST, GRACE)])
@pytest.mark.parametrize("phase", BEFORE_THE_END)
async def test_a_lost_listener_is_waited_for_and_then_the_turn_ends(
    phase: Phase, departure: Departure, seconds: float
) -> None:
    async with in_phase(phase) as (scene, run, listener, stream):
        await listener.leaves(run, departure)
        scene.clock.advance(seconds - 0.1)
        await settled()
        assert not has_ended(run)
        assert stream.is_closed is (phase is Phase.WAITING), "while its client thinks nothing is open"
        scene.clock.advance(0.1)
        await settled()
        assert is_closed(stream, phase)
        scene.begins.opens.set()
        await settled()
        assert has_ended(run)
        assert scene.reason == Reason.EXPIRED
        assert scene.events.happenings == ["started", departure.value, "expired"]
        late = FakeListener()
        late.listens(scene.runs.find_here(run.facts.name, CALLER.name))
        await settled()
        assert [type(frame) for frame in late.ends] == [Usage]


@pytest.mark.parametrize("phase", BEFORE_THE_END)
async def test_a_listener_a_tenth_of_a_second_before_the_end_of_the_grace_keeps_the_run(phase: Phase) -> None:
    async with in_phase(phase) as (scene, run, listener, stream):
        await listener.leaves(run, Departure.LOST)
        scene.clock.advance(GRACE - 0.1)
        again = FakeListener()
        again.listens(run, after=len(listener.received))
        scene.clock.advance(10 * GRACE)
        await settled()
        assert not has_ended(run)
        assert stream.is_closed is (phase is Phase.WAITING), "while its client thinks nothing is open"


@pytest.mark.parametrize("phase", BEFORE_THE_END)
async def test_a_resumed_run_is_stopped_from_anywhere_and_every_listener_hears_one_end(phase: Phase) -> None:
    async with in_phase(phase) as (scene, run, listener, stream):
        await listener.leaves(run, Departure.LOST)
        others = [FakeListener(), FakeListener()]
        for other in others:
            other.listens(run)
        run.stop()
        await settled()
        assert is_closed(stream, phase)
        scene.begins.opens.set()
        await settled()
        assert scene.reason == Reason.USER_CANCEL
        for other in others:
            [end] = other.ends
            assert isinstance(end, Usage)
            assert end.finish_reason == "cancelled"
            assert other.received[-1] is end or other.received[-1] == end
            assert isinstance(other.received[0], Started)
        assert scene.events.happenings == ["started", "lost", "resumed", "resumed", "stopped"]


@pytest.mark.parametrize("phase", BEFORE_THE_END)
async def test_a_drain_ends_a_run_that_nobody_listens_to(phase: Phase) -> None:
    async with in_phase(phase) as (scene, run, listener, stream):
        await listener.leaves(run, Departure.LOST)
        assert scene.turns[0].cancel(Reason.DRAIN, Failure("draining"))
        await settled()
        assert is_closed(stream, phase)
        scene.begins.opens.set()
        await settled()
        assert has_ended(run)
        assert scene.reason == Reason.DRAIN


@pytest.mark.parametrize("departure", list(Departure))
async def test_an_answer_that_is_being_stored_keeps_its_end_whatever_its_listener_does(departure: Departure) -> None:
    async with in_phase(Phase.SETTLE) as (scene, run, listener, _):
        await listener.leaves(run, departure)
        scene.clock.advance(GRACE)
        run.stop()
        scene.settles.opens.set()
        await settled()
        again = FakeListener()
        again.listens(run)
        await settled()
        [end] = again.ends
        assert isinstance(end, Usage)
        assert (end.finish_reason, again.text) == ("stop", "Hello")


@pytest.mark.parametrize("departure", list(Departure))
async def test_a_run_that_ended_is_kept_for_another_grace_and_then_gone(departure: Departure) -> None:
    async with in_phase(Phase.STREAMING) as (scene, run, listener, stream):
        stream.finishes()
        await settled()
        assert has_ended(run)
        await listener.leaves(run, departure)
        scene.clock.advance(GRACE - 0.1)
        again = FakeListener()
        again.listens(scene.runs.find_here(run.facts.name, CALLER.name), after=2)
        await settled()
        assert again.received == listener.received[2:]
        assert again.ends == listener.ends
        scene.clock.advance(0.1)
        with pytest.raises(Failure) as gone:
            scene.runs.find_here(run.facts.name, CALLER.name)
        assert gone.value.code == "gone"
        assert scene.reason is None


async def test_another_callers_run_is_the_same_as_none() -> None:
    async with in_phase(Phase.STREAMING) as (scene, run, _, _):
        for name in (run.facts.name, "x" * 38):
            with pytest.raises(Failure) as refused:
                scene.runs.find_here(name, "key:bob")
            assert refused.value.code == "not_found"
        run.evict()
        with pytest.raises(Failure) as refused:
            scene.runs.find_here(run.facts.name, "key:bob")
        assert refused.value.code == "not_found"


async def test_frames_are_numbered_and_what_is_sent_again_is_joined() -> None:
    stream = FakeStream()
    scene = Scene(FakeUpstream(stream))
    listener = FakeListener()
    run = scene.ask()
    listener.listens(run)
    await settled()
    for piece in ("a", "é", "€", "𝄞"):
        stream.says(Text(piece))
    stream.finishes()
    await settled()
    assert [frame.seq for frame in listener.received] == [1, 2, 3, 4, 5, 6]
    for after in range(7):
        again = FakeListener()
        again.listens(run, after)
        await settled()
        assert again.text == "aé€𝄞"[max(after - 1, 0) :]
        assert [frame.seq for frame in again.received] == [seq for seq in (1, 5, 6) if seq > after]
    with pytest.raises(Failure) as refused:
        run.attach(listener, 7)
    assert (refused.value.code, refused.value.field) == ("invalid_frame", "after")


async def test_a_slow_listener_does_not_hold_up_the_others() -> None:
    stream = FakeStream()
    scene = Scene(FakeUpstream(stream))
    slow, quick = FakeListener(reads=False), FakeListener()
    run = scene.ask()
    slow.listens(run)
    quick.listens(run)
    for _ in range(10):
        stream.says(Text("x" * 100_000))
        await settled()
    stream.finishes()
    await settled()
    assert len(quick.text) == 1_000_000
    assert len(quick.ends) == 1
    assert slow.received == []
    slow.reads.opens.set()
    await settled()
    assert (slow.text, slow.ends) == (quick.text, quick.ends)


@pytest.mark.parametrize("size", [500, 100_000])
async def test_a_listener_that_does_not_read_slows_the_upstream_down_when_it_is_alone(size: int) -> None:
    stream = FakeStream()
    scene = Scene(FakeUpstream(stream))
    slow = FakeListener(reads=False)
    run = scene.ask()
    slow.listens(run)
    await settled()
    for _ in range(1_000_000 // size):
        stream.says(Text("x" * size))
        await settled()
    stream.finishes()
    assert 2**18 < run.log.size < 2**18 + size + 2**12, "it reads 256 KiB ahead"
    slow.reads.opens.set()
    await settled()
    assert (len(slow.text), len(slow.ends)) == (1_000_000, 1)


async def test_the_same_chat_again_finds_its_run_and_another_body_does_not() -> None:
    stream = FakeStream()
    scene = Scene(FakeUpstream(stream, None, None))
    run = scene.ask()
    assert scene.ask(msgspec.structs.replace(scene.request)) is run
    other = scene.ask(ChatRequest(message="ho", id="t", grace=GRACE))
    assert other is not run
    assert scene.ask(ChatRequest(message="hi", grace=GRACE)) is not scene.ask(ChatRequest(message="hi", grace=GRACE))
    await settled()
    for task in scene.runs._tasks:
        task.cancel()


async def test_a_refused_turn_tells_whoever_listens_and_is_forgotten() -> None:
    scene = Scene(FakeUpstream(), begins=False)
    listener = FakeListener()
    run = scene.ask()
    listener.listens(run)
    scene.turns[0].cancel(Reason.DRAIN, Failure("draining"))
    await settled()
    assert listener.refusal is not None
    assert (listener.refusal.code, listener.received) == ("draining", [])
    assert run.is_forgotten
    assert (scene.runs._memory.size, scene.runs._by_name, scene.runs._by_key) == (0, {}, {})


async def test_a_grace_above_the_bound_is_refused_by_name() -> None:
    scene = Scene(FakeUpstream())
    with pytest.raises(Failure) as refused:
        scene.ask(ChatRequest(message="hi", grace=120.5))
    assert (refused.value.code, refused.value.field) == ("invalid_frame", "grace")
    assert "120 seconds" in refused.value.message


async def test_the_exchange_is_remembered_by_the_socket_that_asked_while_it_is_open() -> None:
    stream = FakeStream()
    scene = Scene(FakeUpstream(stream))
    starter, other = FakeListener(), FakeListener()
    run = scene.ask()
    starter.listens(run)
    other.listens(run)
    stream.says(Text("Hello"))
    stream.finishes()
    await settled()
    assert (starter.remembered, other.remembered) == ([("hi", "Hello")], [])


async def test_a_run_keeps_nothing_of_a_socket_that_is_over() -> None:
    scene = Scene(FakeUpstream(FakeStream()))
    run, listener = scene.ask(), FakeListener()
    cursor = run.attach(listener)
    await settled()
    listener.has_history = False
    run.detach(cursor, Departure.LOST)
    alive = ref(listener)
    del listener, cursor
    gc.collect()
    assert alive() is None
    for task in scene.runs._tasks:
        task.cancel()


async def test_the_exchange_is_else_remembered_by_the_one_who_listens_at_its_end() -> None:
    async with in_phase(Phase.STREAMING) as (_, run, starter, stream):
        await starter.leaves(run, Departure.LOST)
        other = FakeListener()
        other.listens(run)
        stream.finishes()
        await settled()
        assert (starter.remembered, other.remembered) == ([], [("hi", "Hello")])


async def test_beyond_the_bound_of_memory_ended_runs_go_first_and_then_the_oldest_that_nobody_listens_to() -> None:
    streams = [FakeStream() for _ in range(4)]
    scene = Scene(FakeUpstream(*streams), memory=105_000)
    runs = []
    for number, stream in enumerate(streams):
        run = scene.ask(ChatRequest(message="hi", id=f"t{number}", grace=GRACE))
        run.wait(GRACE)
        runs.append(run)
        await settled()
        stream.says(Text("x" * 20_000))
        await settled()
    streams[2].finishes()
    await settled()
    assert [run.is_forgotten for run in runs] == [False, False, False, False]
    streams[3].says(Text("x" * 30_000))
    await settled()
    assert [run.is_forgotten for run in runs] == [False, False, True, False]
    streams[3].says(Text("x" * 20_000))
    await settled()
    assert [run.is_forgotten for run in runs] == [True, False, True, False]
    assert streams[0].is_closed
    assert not streams[1].is_closed
    assert scene.runs._memory.size == sum(run.size for run in runs if not run.is_forgotten)
    for task in scene.runs._tasks:
        task.cancel()


@pytest.mark.parametrize("listens", [False, True])
async def test_a_caller_who_fills_the_memory_loses_own_runs_and_no_other(*, listens: bool) -> None:
    """`listens` is True where the many runs have a listener; the other caller's run is the oldest of all."""
    streams = [FakeStream() for _ in range(4)]
    scene = Scene(FakeUpstream(*streams), memory=150_000)
    other = scene.ask(ChatRequest(message="hi", id="other", grace=GRACE), Caller(name="key:bob"))
    other.wait(GRACE)
    await settled()
    streams[0].says(Text("x" * 10_000))
    await settled()
    mine = []
    for number in range(3):
        run = scene.ask(ChatRequest(message="hi", id=f"t{number}", grace=GRACE))
        if listens:
            FakeListener().listens(run)
        else:
            run.wait(GRACE)
        mine.append(run)
        await settled()
    for _ in range(10):
        for stream in streams[1:]:
            stream.says(Text("x" * 10_000))
        await settled()
    assert not other.is_forgotten
    assert [run.is_forgotten for run in mine] == ([False] * 3 if listens else [True, True, False])
    assert scene.runs._memory.size <= 150_000 + 3 * 20_000 * listens
    for task in scene.runs._tasks:
        task.cancel()


async def test_a_run_that_is_ended_for_its_own_frame_gives_its_memory_back_once() -> None:
    streams = [FakeStream(), FakeStream()]
    scene = Scene(FakeUpstream(*streams), memory=50_000)
    listened = scene.ask()
    FakeListener().listens(listened)
    await settled()
    streams[0].says(Text("x" * 100_000))
    await settled()
    alone, listener = scene.ask(ChatRequest(message="hi", id="alone", grace=GRACE)), FakeListener()
    listener.listens(alone)
    await settled()
    streams[1].says(Text("x" * 20_000))
    await settled()
    await listener.leaves(alone, Departure.LOST)
    streams[1].says(Text("y" * 1_024))
    await settled()
    assert alone.is_forgotten
    assert scene.runs._memory.size == listened.size
    for task in scene.runs._tasks:
        task.cancel()


async def test_a_run_with_a_listener_is_not_ended_for_memory_but_its_beginning_is_dropped() -> None:
    stream = FakeStream()
    scene = Scene(FakeUpstream(stream), memory=100_000)
    listener = FakeListener()
    run = scene.ask()
    listener.listens(run)
    for _ in range(50):
        stream.says(Text("x" * 10_000))
    await settled()
    assert run.size <= 120_000
    with pytest.raises(Failure) as gone:
        run.attach(FakeListener(), 0)
    assert (gone.value.code, gone.value.field) == ("gone", "after")
    again = FakeListener()
    again.listens(run, run.log.first)
    stream.finishes()
    await settled()
    assert len(listener.text) == 500_000
    assert (len(listener.ends), len(again.ends)) == (1, 1)
    assert listener.remembered == [], "a part of an answer is not remembered as the answer"


async def test_a_run_says_that_it_waits_and_takes_a_result_from_whoever_listens() -> None:
    async with in_phase(Phase.WAITING) as (scene, run, listener, _):
        assert run.state is RunState.WAITING
        await listener.leaves(run, Departure.LOST)
        again = FakeListener()
        again.listens(run)
        await settled()
        assert [type(frame) for frame in again.received[-1:]] == [ToolCall], "it is told of the calls again"
        later = FakeStream()
        scene.upstream.tries = [later]
        later.finishes()
        run.give_result(ToolAnswer(call="c1", result=1))
        await settled()
        assert isinstance(again.received[-1], Usage)
        with pytest.raises(Failure) as failed:
            run.give_result(ToolAnswer(call="c1", result=1))
        assert failed.value.code == "unknown_turn"
