"""What waits for one reader."""

import asyncio

from deltawire.aio.queue import SlimQueue


async def test_what_came_is_taken_in_its_order() -> None:
    mailbox = SlimQueue[int]()
    assert mailbox.empty()
    for number in range(3):
        mailbox.put_nowait(number)
    assert not mailbox.empty()
    assert [await mailbox.get() for _ in range(3)] == [0, 1, 2]
    assert mailbox.empty()


async def test_a_reader_waits_for_what_comes() -> None:
    mailbox = SlimQueue[str]()
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        reader = group.create_task(mailbox.get())
        await asyncio.sleep(0)
        assert not reader.done()
        mailbox.put_nowait("first")
        mailbox.put_nowait("second")
    assert reader.result() == "first"
    assert await mailbox.get() == "second"


async def test_a_reader_that_is_cancelled_takes_nothing_away() -> None:
    mailbox = SlimQueue[str]()
    reader = asyncio.create_task(mailbox.get())
    await asyncio.sleep(0)
    mailbox.put_nowait("kept")
    reader.cancel()
    await asyncio.wait([reader])
    assert reader.cancelled()
    assert await mailbox.get() == "kept"
