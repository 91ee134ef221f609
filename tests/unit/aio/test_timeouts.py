"""A time-out that counts only time in which the loop ran."""

import asyncio
import gc
import weakref

import pytest

from deltawire.aio.timeouts import ticking_timeout


class Piece:
    """Something large that a task returns."""


async def test_it_passes_when_its_seconds_have_run() -> None:
    with pytest.raises(TimeoutError):
        async with ticking_timeout(0.01):
            await asyncio.Event().wait()


async def test_it_keeps_nothing_of_its_task_when_that_is_over() -> None:
    async def read() -> Piece:
        async with ticking_timeout(60):
            await asyncio.sleep(0)
            return Piece()

    gc.disable()
    try:
        piece = weakref.ref(await asyncio.create_task(read()))
        await asyncio.sleep(0)
        assert piece() is None, "only the garbage collector would free it"
    finally:
        gc.enable()
