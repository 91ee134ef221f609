"""The queue of owners who begin much at once."""

import asyncio
from functools import partial

from support.virtual_clock import in_virtual_time

from deltawire.aio.fair_queue import FairQueue


async def _begins(queue: FairQueue, owner: str, begun: list[str]) -> None:
    await queue.wait(owner)
    begun.append(owner)


@in_virtual_time
async def test_a_little_work_begins_at_once() -> None:
    queue = FairQueue()
    assert [queue.may_begin("alice"), queue.may_begin("bob"), queue.may_begin("alice")] == [True] * 3


@in_virtual_time
async def test_an_owner_who_begins_much_waits_behind_the_first_work_of_others() -> None:
    queue, begun = FairQueue(), list[str]()
    await asyncio.gather(*(_begins(queue, owner, begun) for owner in ["alice"] * 20 + ["bob"]))
    assert begun[:3] == ["alice", "alice", "bob"]
    assert begun.count("alice") == 20


@in_virtual_time
async def test_one_piece_of_what_waits_begins_in_a_step_of_the_loop_and_owners_take_turns() -> None:
    queue, begun, steps = FairQueue(), list[str](), list[int]()
    for owner in ["alice"] * 3 + ["bob"] * 2:
        queue.add(owner, partial(begun.append, owner))
    while len(begun) < 5:
        await asyncio.sleep(0)
        steps.append(len(begun))
    assert max(after - before for before, after in zip([0, *steps], steps, strict=False)) == 1
    assert begun == ["alice", "bob", "alice", "bob", "alice"]


@in_virtual_time
async def test_who_gives_up_waiting_holds_up_nobody() -> None:
    queue, begun = FairQueue(), list[str]()
    tasks = [asyncio.ensure_future(_begins(queue, "alice", begun)) for _ in range(6)]
    await asyncio.sleep(0)
    tasks[3].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert begun == ["alice"] * 5


@in_virtual_time
async def test_work_that_fails_leaves_the_queue_going() -> None:
    queue, begun = FairQueue(), list[str]()
    asyncio.get_running_loop().set_exception_handler(lambda *_: None)
    queue.add("alice", lambda: 1 / 0)
    await asyncio.gather(*(_begins(queue, "alice", begun) for _ in range(3)))
    assert begun == ["alice"] * 3
