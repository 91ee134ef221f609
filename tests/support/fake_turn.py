"""Fakes for all that a turn stands on but its upstream."""

import asyncio
from collections.abc import Callable

from deltawire.chat.request import TurnRequest
from deltawire.chat.states import Phase
from deltawire.protocol.errors import Failure
from deltawire.protocol.frames import ErrorFrame, TurnFrame, Usage
from deltawire.telemetry.turn_end import TurnEnd
from support.fake_upstream import FakeStream, FakeUpstream


class Gate:
    """A place where the turn waits, and says that it does."""

    def __init__(self, *, is_open: bool) -> None:
        self.reached = asyncio.Event()
        self.opens = asyncio.Event()
        if is_open:
            self.opens.set()

    async def passes(self) -> None:
        self.reached.set()
        await self.opens.wait()


class FakeRecord:
    """The record of a turn without a store: it keeps what the turn passes to it."""

    transcript = None
    is_stored = False
    question = None
    may_refuse = True

    def __init__(self, begins: Gate, settles: Gate) -> None:
        self.ledger = self
        self.ends: list[TurnFrame] = []
        self.left: list[TurnFrame] = []
        self.times_closed = 0
        self._begins, self._settles = begins, settles

    def cost(self, *_: object) -> float | None:
        return None

    async def begin(self, request: TurnRequest) -> TurnRequest:
        await self._begins.passes()
        return request

    async def end(self, end: Usage | ErrorFrame, _: str) -> Usage | ErrorFrame:
        self.ends.append(end)
        await self._settles.passes()
        return end

    def with_stored_ids(self, end: Usage | ErrorFrame) -> Usage | ErrorFrame:
        return end

    def leave(self, end: Usage | ErrorFrame, _: str) -> None:
        self.left.append(end)

    def close(self, _: str) -> None:
        self.times_closed += 1

    def when_decided(self, callback: Callable[[bool], None]) -> None:
        callback(True)  # noqa: FBT003 - a callback


class FakeObserver:
    """Keeps how the turn ended."""

    texts: list[str] | None = None

    def __init__(self) -> None:
        self.turn_end: TurnEnd | None = None

    def ended(self, turn_end: TurnEnd, *, was_admitted: bool) -> None:
        assert was_admitted
        assert self.turn_end is None, "a turn ends once"
        self.turn_end = turn_end

    def __getattr__(self, _: str) -> Callable[..., None]:
        return lambda *_: None


def upstream_in(phase: Phase, stream: FakeStream) -> FakeUpstream:
    """An upstream of this stream that lets a turn come as far as this phase."""
    if phase is Phase.CONNECT:
        return FakeUpstream(None)
    if phase is Phase.BACKOFF:
        return FakeUpstream(Failure("upstream_unavailable", retry_after=30.0), stream)
    return FakeUpstream(stream)


async def has_reached(
    phase: Phase, upstream: FakeUpstream, stream: FakeStream, *, begins: Gate, sends: Gate, settles: Gate
) -> None:
    """Wait until a turn waits in this phase."""
    reached = {
        Phase.BEGIN: begins.reached,
        Phase.CONNECT: upstream.requested,
        Phase.FIRST_TOKEN: stream.reads,
        Phase.BACKOFF: upstream.requested,
        Phase.STREAMING: stream.reads,
        Phase.SEND: sends.reached,
        Phase.SETTLE: settles.reached,
        Phase.WAITING: stream.is_read,
    }
    await reached[phase].wait()
