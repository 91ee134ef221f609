"""A timer whose deadline moves."""

import asyncio

from support.virtual_clock import in_virtual_time

from deltawire.aio.watchdog import Watchdog


@in_virtual_time
async def test_it_expires_once_at_its_deadline() -> None:
    loop = asyncio.get_running_loop()
    expired: list[float] = []
    watchdog = Watchdog(lambda: expired.append(loop.time()))
    deadline = loop.time() + 0.05
    watchdog.set(deadline)
    await asyncio.sleep(0.15)
    assert len(expired) == 1
    assert expired[0] >= deadline


@in_virtual_time
async def test_a_deadline_that_moves_on_is_waited_for() -> None:
    loop = asyncio.get_running_loop()
    expired: list[float] = []
    watchdog = Watchdog(lambda: expired.append(loop.time()))
    began = loop.time()
    for _ in range(5):
        watchdog.set(loop.time() + 0.05)
        await asyncio.sleep(0.02)
    await asyncio.sleep(0.1)
    assert len(expired) == 1
    assert expired[0] - began >= 0.12


@in_virtual_time
async def test_a_deadline_that_moves_nearer_is_met() -> None:
    loop = asyncio.get_running_loop()
    expired = asyncio.Event()
    watchdog = Watchdog(expired.set)
    watchdog.set(loop.time() + 60)
    watchdog.set(loop.time() + 0.02)
    await asyncio.wait_for(expired.wait(), 0.03)


@in_virtual_time
async def test_a_cancelled_watchdog_does_not_expire() -> None:
    loop = asyncio.get_running_loop()
    expired: list[str] = []
    cancelled = Watchdog(lambda: expired.append("cancelled"))
    cancelled.set(loop.time() + 0.02)
    cancelled.cancel()
    await asyncio.sleep(0.06)
    assert expired == []
