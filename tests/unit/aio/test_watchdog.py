"""A deadline that moves."""

import asyncio

from support.virtual_clock import in_virtual_time

from deltawire.aio.watchdog import Watchdog


@in_virtual_time
async def test_it_expires_once_at_its_mark() -> None:
    loop = asyncio.get_running_loop()
    expired: list[float] = []
    deadline = Watchdog(lambda: expired.append(loop.time()))
    mark = loop.time() + 0.05
    deadline.set(mark)
    await asyncio.sleep(0.15)
    assert len(expired) == 1
    assert expired[0] >= mark


@in_virtual_time
async def test_a_mark_that_moves_on_is_waited_for() -> None:
    loop = asyncio.get_running_loop()
    expired: list[float] = []
    deadline = Watchdog(lambda: expired.append(loop.time()))
    began = loop.time()
    for _ in range(5):
        deadline.set(loop.time() + 0.05)
        await asyncio.sleep(0.02)
    await asyncio.sleep(0.1)
    assert len(expired) == 1
    assert expired[0] - began >= 0.12


@in_virtual_time
async def test_a_mark_that_moves_nearer_is_met() -> None:
    loop = asyncio.get_running_loop()
    expired = asyncio.Event()
    deadline = Watchdog(expired.set)
    deadline.set(loop.time() + 60)
    deadline.set(loop.time() + 0.02)
    await asyncio.wait_for(expired.wait(), 0.03)


@in_virtual_time
async def test_a_cleared_or_cancelled_deadline_does_not_expire() -> None:
    loop = asyncio.get_running_loop()
    expired: list[str] = []
    cleared = Watchdog(lambda: expired.append("cleared"))
    cleared.set(loop.time() + 0.02)
    cleared.clear()
    cancelled = Watchdog(lambda: expired.append("cancelled"))
    cancelled.set(loop.time() + 0.02)
    cancelled.cancel()
    await asyncio.sleep(0.06)
    assert expired == []
    cleared.set(loop.time() + 0.01)
    await asyncio.sleep(0.05)
    assert expired == ["cleared"]
