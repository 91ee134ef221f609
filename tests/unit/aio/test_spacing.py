"""The spacing of costly work."""

import asyncio

from support.virtual_clock import in_virtual_time

from deltawire.aio.spacing import Spacing


@in_virtual_time
async def test_costly_work_of_one_owner_is_spaced_and_others_do_not_wait() -> None:
    spacing, loop = Spacing(), asyncio.get_running_loop()
    began: list[tuple[str, float]] = []

    async def work(owner: str) -> None:
        await spacing.wait(owner, 2.0)
        began.append((owner, loop.time()))

    await asyncio.gather(*(work(owner) for owner in ("alice", "alice", "alice", "bob", "", "")))
    assert began == [("alice", 0.0), ("bob", 0.0), ("", 0.0), ("", 0.0), ("alice", 2.0), ("alice", 4.0)]


@in_virtual_time
async def test_who_was_quiet_for_long_enough_begins_at_once() -> None:
    spacing, loop = Spacing(), asyncio.get_running_loop()
    await spacing.wait("alice", 2.0)
    await asyncio.sleep(3.0)
    await spacing.wait("alice", 2.0)
    assert loop.time() == 3.0


@in_virtual_time
async def test_of_very_many_owners_only_those_who_wait_are_known() -> None:
    spacing = Spacing()
    for number in range(5_000):
        await spacing.wait(f"owner {number}", 0.001)
        await asyncio.sleep(0.002)
    assert len(spacing._free_at) < 2_000
