"""The lanes of owners."""

import asyncio

from deltawire.conversations.lanes import Lanes


async def test_between_two_steps_of_one_owner_others_take_theirs() -> None:
    lanes = Lanes(1)
    steps: list[str] = []

    async def step(owner: str) -> None:
        await lanes.step(owner, 0)
        steps.append(owner)

    await asyncio.gather(step("alice"), step("alice"), step("alice"), step("bob"))
    assert steps == ["alice", "bob", "alice", "alice"]


async def test_an_owner_who_gives_up_waiting_leaves_the_lane_to_the_next() -> None:
    lanes = Lanes(1)
    waiting = asyncio.Event()
    async with lanes.of("alice"):
        given_up = asyncio.ensure_future(lanes.step("alice", 0))
        next_one = asyncio.ensure_future(lanes.step("alice", 0))
        asyncio.get_running_loop().call_soon(waiting.set)
        await waiting.wait()
        given_up.cancel()
    await next_one
    assert given_up.cancelled()
