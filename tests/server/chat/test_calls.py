"""The price of a delta and of a turn, in calls: a busy machine changes times, and no count."""

import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import cache
from types import CodeType, FrameType

import pytest
from bench.instructions import Lockstep
from support.client import connected
from support.serving import sharing
from support.upstream import Upstream

import deltawire

MOST_CALLS_OF_A_DELTA = 37  # 35 were counted, and what the process does beside it falls in by chance
MOST_CALLS_OF_A_TURN = 1_600
"""With its connection, a new one to the upstream, and a single delta. Shares and runs take some 60 of them."""
_DELTAS = 40
_TURNS = 12
_MOST_TURNS = 200
_OURS = str(deltawire.__path__[0])
_THEIRS = ("aiohttp", "google", "litestar", "prometheus_client", "structlog", "uvicorn")
"""Packages that only the server uses here; the test's client and its upstream stand on others."""


class Calls:
    """Counts the calls, of Python and of C, that the server makes in this thread."""

    def __init__(self) -> None:
        self.number = 0

    def __call__(self, frame: FrameType, event: str, _: object) -> None:
        if event in ("call", "c_call") and _is_the_servers(frame.f_code):
            self.number += 1


@cache
def _is_the_servers(code: CodeType) -> bool:
    path = code.co_filename
    return path.startswith(_OURS) or any(f"/site-packages/{name}/" in path for name in _THEIRS)


@contextmanager
def counting() -> Iterator[Calls]:
    calls = Calls()
    sys.setprofile(calls)
    try:
        yield calls
    finally:
        sys.setprofile(None)


async def turn_over_a_socket(lockstep: Lockstep, address: str, deltas: int) -> None:
    async with connected(address) as client:
        await lockstep.turn(client.socket, deltas)


async def least(measure: Callable[[], Awaitable[int]], most: int) -> int:
    """The least of a dozen counts; of more where it is over `most`.

    A busy machine adds calls (timers, chunks that come in two pieces), and takes none away.
    """
    counts: list[int] = []
    while len(counts) < _TURNS or (min(counts) > most and len(counts) < _MOST_TURNS):
        counts.append(await measure())
    return min(counts)


@pytest.mark.parametrize("turn", [turn_over_a_socket, Lockstep.stream])
async def test_a_delta_and_a_turn_make_no_more_calls_than_they_did(
    turn: Callable[[Lockstep, str, int], Awaitable[None]], upstream: Upstream
) -> None:
    lockstep = Lockstep()
    upstream.plays(lockstep)
    async with sharing(upstream) as address:
        with counting() as calls:

            async def calls_of(deltas: int) -> int:
                before = calls.number
                await turn(lockstep, address, deltas)
                return calls.number - before

            of_a_turn = await least(lambda: calls_of(1), MOST_CALLS_OF_A_TURN)
            most = of_a_turn + _DELTAS * MOST_CALLS_OF_A_DELTA
            of_a_delta = (await least(lambda: calls_of(1 + _DELTAS), most) - of_a_turn) / _DELTAS
    assert 10 < of_a_delta <= MOST_CALLS_OF_A_DELTA
    assert 100 < of_a_turn <= MOST_CALLS_OF_A_TURN
