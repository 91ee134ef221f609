"""The garbage collector: the objects that it looks through, and those that it leaves alone."""

import gc
from collections.abc import Awaitable, Callable, Iterator

import pytest
from support.client import connected
from support.serving import serving
from support.transports import ask_rest, ask_socket, ask_sse, posting
from support.upstream import Upstream, says, says_and_is_silent

from deltawire.chat.session import Session
from deltawire.chat.turn import Turn
from deltawire.process.gc_freezing import GcFreezing
from deltawire.transport.http import HttpProtocol
from deltawire.transport.websocket import WebSocketProtocol


@pytest.fixture(autouse=True)
def left_as_it_was() -> Iterator[None]:
    before = gc.callbacks.copy()
    gc.disable()
    gc.collect()
    yield
    gc.callbacks[:] = before
    gc.freeze()  # again, as tests/conftest.py has
    gc.enable()


def test_what_a_long_collection_found_alive_is_not_looked_through_again() -> None:
    before = gc.get_freeze_count()
    alive = [[] for _ in range(1000)]  # type: ignore[var-annotated]
    gc.callbacks.append(GcFreezing(long_seconds=0))
    gc.collect()
    assert gc.get_freeze_count() >= before + len(alive)


def test_a_short_collection_leaves_everything_to_the_next() -> None:
    before = gc.get_freeze_count()
    gc.callbacks.append(GcFreezing(long_seconds=1000))
    gc.collect()
    assert gc.get_freeze_count() <= before  # what is frozen may still end


def test_circles_among_the_frozen_are_found_in_the_end() -> None:
    gc.callbacks.append(GcFreezing(long_seconds=0))
    circle: list[object] = []
    circle.append(circle)
    gc.collect()
    del circle
    assert [gc.collect() for _ in range(6)] == [0] * 6
    gc.collect()
    assert gc.get_freeze_count() == 0
    assert gc.collect() >= 1


async def says_nothing(address: str) -> None:
    async with connected(address):
        pass


async def is_refused(address: str) -> None:
    async with posting(address, "/nothing"):
        pass


async def cancels(address: str) -> None:
    async with connected(address) as client:
        await client.chat(id="a")
        await client.receive()
        await client.send(type="cancel", id="a")
        assert (await client.receive())["finish_reason"] == "cancelled"


async def leaves(address: str) -> None:
    async with connected(address) as client:
        await client.chat(id="a")
        await client.receive()


ENDS = [ask_socket, ask_sse, ask_rest, says_nothing, is_refused, cancels, leaves]


@pytest.mark.parametrize("visits", ENDS)
async def test_what_has_ended_is_freed_without_the_collector(
    upstream: Upstream, visits: Callable[[str], Awaitable[object]]
) -> None:
    upstream.plays(says_and_is_silent("Hello") if visits in (cancels, leaves) else says("Hello"))
    async with serving(upstream) as address:
        await visits(address)
    gc.set_debug(gc.DEBUG_SAVEALL)
    gc.collect()
    gc.set_debug(0)
    left = {type(thing) for thing in gc.garbage}
    gc.garbage.clear()
    assert left & {WebSocketProtocol, HttpProtocol, Session, Turn} == set()
