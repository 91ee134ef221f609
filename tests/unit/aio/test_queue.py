"""A queue for one reader."""

import asyncio

from deltawire.aio.queue import SlimQueue


async def test_what_came_is_taken_in_its_order() -> None:
    queue = SlimQueue[int]()
    assert queue.empty()
    for number in range(3):
        queue.put_nowait(number)
    assert not queue.empty()
    assert [await queue.get() for _ in range(3)] == [0, 1, 2]
    assert queue.empty()


async def test_a_reader_waits_for_what_comes() -> None:
    queue = SlimQueue[str]()
    async with asyncio.TaskGroup() as group:
        reader = group.create_task(queue.get())
        await asyncio.sleep(0)
        assert not reader.done()
        queue.put_nowait("first")
        queue.put_nowait("second")
    assert reader.result() == "first"
    assert await queue.get() == "second"


async def test_a_reader_that_is_cancelled_takes_nothing_away() -> None:
    queue = SlimQueue[str]()
    reader = asyncio.create_task(queue.get())
    await asyncio.sleep(0)
    queue.put_nowait("kept")
    reader.cancel()
    await asyncio.wait([reader])
    assert reader.cancelled()
    assert await queue.get() == "kept"
