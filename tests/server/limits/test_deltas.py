"""A limit costs a delta nothing, call by call."""

import sys
from types import FrameType

import pytest
from support.redis import RedisServer

from deltawire.aio.running_time import RunningTime
from deltawire.chat.attempts import Attempts
from deltawire.chat.clock import TurnClock
from deltawire.chat.deadlines import Deadlines
from deltawire.chat.record import TurnRecord
from deltawire.chat.request import TurnRequest
from deltawire.chat.turn import Turn
from deltawire.gemini.events import Counts, Event, Text
from deltawire.limits.backend import LimitsBackend
from deltawire.limits.in_memory import MemoryLeases, MemoryMeter, MemoryWindows
from deltawire.limits.ledger import Limits
from deltawire.limits.own_prices import read_prices
from deltawire.limits.prices import Prices
from deltawire.limits.redis.backend import redis_backend
from deltawire.limits.rules import Rules, read_counts
from deltawire.protocol.chat_request import ChatRequest
from deltawire.protocol.frames import Delta
from deltawire.telemetry.metrics import Metrics
from deltawire.telemetry.request_context import request_context
from deltawire.telemetry.turn_observer import Telemetry

DELTAS = 20
_MANY = read_counts("1000,m=1000")
ALL = Rules(turns_per_minute=_MANY, turns_at_once=_MANY, tokens_per_day=_MANY, usd_per_day=_MANY)
PRICES = Prices(own=read_prices("m=1/2"))
DEADLINES = Deadlines(first_token=9, token=9, turn=9, retries=0, retry_max_delay=1)


class Talker:
    """An upstream and its stream, which says one piece after the other without a connection."""

    def __init__(self) -> None:
        self.ended = False
        self.counts = Counts(1, 1, 0, 0, 0, 2)
        self.finish_reason = "stop"
        self.parts: bytes | None = None

    loading = None

    async def open(self, *_: object) -> "Talker":
        return self

    async def read(self, _: object = None, /) -> list[Event]:
        return [Text("x")]

    def close(self) -> None:
        self.ended = True


async def calls_of_each_delta(limits: Limits) -> list[int]:
    """Return the number of functions that are called for each delta of a turn."""
    request = TurnRequest(turn="t", caller="c", request=ChatRequest(message="hi"), history=[], models=("m",))
    context = request_context("socket", ())
    observer = Telemetry(Metrics({"m"}), None).observe("t", "c", "m", request.request, context)
    clock = TurnClock(DEADLINES, RunningTime())
    attempts = Attempts(Talker(), clock, observer)
    turn = Turn(request, attempts, TurnRecord("c", limits.open("c"), None), observer, lambda _: None)
    await turn.begin()
    calls = 0

    def count(frame: FrameType, event: str, argument: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    numbers = []
    frames = turn.frames()
    assert isinstance(await anext(frames), Delta)
    sys.setprofile(count)
    try:
        for _ in range(DELTAS):
            before = calls
            await anext(frames)
            numbers.append(calls - before)
    finally:
        sys.setprofile(None)
    await frames.aclose()
    turn.close()
    await limits.background.wait(5)
    await limits.close()
    return numbers


@pytest.mark.parametrize("where", ["memory", "redis"])
async def test_a_delta_makes_the_same_calls_with_all_limits_as_with_none(where: str, redis: RedisServer) -> None:
    in_memory = LimitsBackend(windows=MemoryWindows(), leases=MemoryLeases(), meter=MemoryMeter())
    backend = in_memory if where == "memory" else redis_backend(redis.url)
    limited = await calls_of_each_delta(Limits(ALL, backend, PRICES, "refuse"))
    free = LimitsBackend(windows=None, leases=MemoryLeases(), meter=MemoryMeter())
    assert limited == await calls_of_each_delta(Limits(Rules(), free, PRICES, "refuse"))
    assert min(limited) > 5
