"""The lanes of owners."""

import asyncio

from deltawire.conversations.lanes import Lanes


async def _step(lanes: Lanes, owner: str, steps: list[str]) -> None:
    async with lanes.of(owner):
        await asyncio.sleep(0)
    steps.append(owner)


async def test_between_two_steps_of_one_owner_others_take_theirs() -> None:
    lanes, steps = Lanes(1), list[str]()
    await asyncio.gather(*(_step(lanes, owner, steps) for owner in ("alice", "alice", "alice", "bob")))
    assert steps == ["alice", "bob", "alice", "alice"]


async def test_an_owner_who_gives_up_waiting_leaves_the_lane_to_the_next() -> None:
    lanes, steps = Lanes(1), list[str]()
    waiting = asyncio.Event()
    async with lanes.of("alice"):
        given_up = asyncio.ensure_future(_step(lanes, "alice", steps))
        next_one = asyncio.ensure_future(_step(lanes, "alice", steps))
        asyncio.get_running_loop().call_soon(waiting.set)
        await waiting.wait()
        given_up.cancel()
    await next_one
    assert given_up.cancelled()
