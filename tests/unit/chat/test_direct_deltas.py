"""The short way of a delta: from the upstream to the client without a step of the turn's task."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any, cast

import pytest
from support.fake_runs import settled
from support.fake_turn import FakeObserver, FakeRecord, Gate
from support.fake_upstream import FakeStream, FakeUpstream

from deltawire.aio.running_time import RunningTime
from deltawire.aio.timeouts import InterruptibleTimeout
from deltawire.chat.attempts import Attempts
from deltawire.chat.clock import TurnClock
from deltawire.chat.deadlines import Deadlines
from deltawire.chat.direct_deltas import DirectDeltas
from deltawire.chat.event_frames import EventFrames
from deltawire.chat.record import TurnRecord
from deltawire.chat.request import TurnRequest
from deltawire.chat.rounds import Rounds
from deltawire.chat.states import Reason
from deltawire.chat.turn import Turn
from deltawire.chat.usage import UsageTracker
from deltawire.conversations.transcript import Transcript
from deltawire.gemini.events import PROGRESS, Event, Text, ThoughtText
from deltawire.protocol.chat_request import ChatRequest
from deltawire.protocol.errors import Failure
from deltawire.protocol.frames import Delta, ErrorFrame, Thought, TurnFrame, Usage
from deltawire.telemetry.turn_observer import TurnObserver

MAX_CHARS = 20
CHAT = ChatRequest(message="hi", thinking="low")
REQUEST = TurnRequest(turn="t", caller="", request=CHAT, history=[], models=("m",), max_answer_chars=MAX_CHARS)


class Client:
    """The client of a turn: it keeps what is sent at once apart from what the turn's task sends."""

    def __init__(self) -> None:
        self.frames: list[TurnFrame] = []
        self.at_once: list[str] = []
        self.has_room = True

    def send_now(self, delta: Delta) -> bool:
        if self.has_room:
            self.frames.append(delta)
            self.at_once.append(delta.text)
        return self.has_room

    @property
    def text(self) -> str:
        return "".join(frame.text for frame in self.frames if isinstance(frame, Delta))


class FakeClock(TurnClock):
    """A clock whose next deadline is one second later each time."""

    is_over = False
    deadline = 0.0

    def next_token_by(self) -> float:
        if self.is_over:
            raise self.failure("turn")
        self.deadline += 1.0
        return self.deadline


class FakeScope:
    """Keeps the deadlines that it is given."""

    def __init__(self) -> None:
        self.deadlines: list[float] = []

    def until(self, deadline: float) -> None:
        self.deadlines.append(deadline)


class FakeTranscript:
    """Keeps what was delivered."""

    def __init__(self) -> None:
        self.kept: list[TurnFrame] = []

    def keep(self, frame: TurnFrame) -> None:
        self.kept.append(frame)


@asynccontextmanager
async def streaming() -> AsyncIterator[tuple[Turn, FakeStream, Client]]:
    """A turn that has sent its first delta and waits for the next event; it is over at the end of the block."""
    stream, client = FakeStream(), Client()
    clock = TurnClock(Deadlines(first_token=60, token=60, turn=60, retries=0, retry_max_delay=60), RunningTime())
    observer = cast("TurnObserver", FakeObserver())
    record = cast("TurnRecord", FakeRecord(Gate(is_open=True), Gate(is_open=True)))
    turn = Turn(REQUEST, Attempts(cast("Any", FakeUpstream(stream)), clock, observer), record, observer, lambda _: None)

    async def run() -> None:
        async with turn:
            await turn.begin()
            async with aclosing(turn.frames(client.send_now)) as frames:
                async for frame in frames:
                    client.frames.append(frame)

    task = asyncio.create_task(run())
    stream.says(Text("Hello"))
    await settled()
    assert client.frames == [Delta("t", "Hello")]
    yield turn, stream, client
    await task


async def test_a_text_that_comes_alone_is_sent_in_the_step_that_brings_it() -> None:
    async with streaming() as (_, stream, client):
        stream.says(Text(" you"))
        stream.says(Text(" all"))
        assert client.at_once == [" you", " all"]
        stream.finishes()
    assert client.text == "Hello you all"
    assert isinstance(client.frames[-1], Usage)


async def test_each_text_that_is_sent_moves_the_deadline_of_the_next_and_is_kept() -> None:
    deadlines, client = Deadlines(first_token=60, token=60, turn=60, retries=0, retry_max_delay=60), Client()
    transcript, observer = FakeTranscript(), FakeObserver()
    observer.texts = []
    clock, scope = FakeClock(deadlines, RunningTime()), FakeScope()
    usage = UsageTracker("m", lambda *_: None, MAX_CHARS)
    observed, kept = cast("TurnObserver", observer), cast("Transcript", transcript)
    made = EventFrames(REQUEST, usage, Rounds(REQUEST), observed, kept, observer.texts)
    direct = DirectDeltas(client.send_now, made, cast("InterruptibleTimeout", scope), clock)
    assert direct.take(Text("one"))
    client.has_room = False
    assert not direct.take(Text("two"))
    client.has_room, clock.is_over = True, True
    assert not direct.take(Text("two"))
    assert (client.at_once, scope.deadlines) == (["one"], [1.0])
    assert (observer.texts, transcript.kept) == (["one"], [Delta("t", "one")])


async def test_what_a_slow_client_has_no_room_for_is_sent_once_by_the_task_and_in_its_order() -> None:
    async with streaming() as (_, stream, client):
        client.has_room = False
        stream.says(Text(" you"))
        assert client.text == "Hello"
        stream.says(Text(" all"))
        await settled()
        assert client.text == "Hello you all"
        client.has_room = True
        stream.says(Text("."))
        assert client.at_once == ["."]
        stream.finishes()
    assert client.text == "Hello you all."


@pytest.mark.parametrize(
    "events, frames",
    [
        ((ThoughtText("Hm"),), [Thought("t", "Hm")]),
        ((Text(" a"), ThoughtText("Hm")), [Delta("t", " a"), Thought("t", "Hm")]),
        ((PROGRESS,), []),
        ((), []),
    ],
)
async def test_all_else_is_left_to_the_task(events: tuple[Event, ...], frames: list[TurnFrame]) -> None:
    async with streaming() as (_, stream, client):
        stream.says(*events)
        assert client.at_once == []
        await settled()
        assert client.frames[1:] == frames
        stream.finishes()
    assert isinstance(client.frames[-1], Usage)


async def test_an_answer_may_have_its_most_characters_and_not_one_more() -> None:
    async with streaming() as (_, stream, client):
        stream.says(Text("." * (MAX_CHARS - len("Hello"))))
        assert len(client.text) == MAX_CHARS
        stream.says(Text("!"))
    assert len(client.text) == MAX_CHARS
    assert isinstance(last := client.frames[-1], ErrorFrame)
    assert last.code == "message_too_large"


async def test_after_a_cancel_nothing_more_is_sent_but_the_end() -> None:
    async with streaming() as (turn, stream, client):
        turn.cancel(Reason.USER_CANCEL)
        stream.says(Text(" you"))
    assert client.text == "Hello"
    assert isinstance(client.frames[-1], Usage)


async def test_a_failure_ends_the_turn() -> None:
    async with streaming() as (_, stream, client):
        stream.says(Failure("upstream_unavailable"))
    assert isinstance(last := client.frames[-1], ErrorFrame)
    assert last.code == "upstream_unavailable"
