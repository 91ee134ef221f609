"""The time in which the process ran, and deadlines in it."""

import asyncio
import socket
import time

from deltawire.aio.running_time import RunningTime
from deltawire.aio.timeouts import InterruptibleTimeout

BLOCKED_SECONDS = 1.6
TICK_SECONDS = 0.5


async def test_time_in_which_the_loop_was_blocked_does_not_count() -> None:
    async with RunningTime() as running:
        time.sleep(BLOCKED_SECONDS)  # noqa: ASYNC251 - it blocks on purpose
        await asyncio.sleep(2 * TICK_SECONDS)
        assert running.lost >= BLOCKED_SECONDS - TICK_SECONDS
        assert asyncio.get_running_loop().time() - running.now() == running.lost


async def test_a_deadline_that_passed_meanwhile_leaves_time_to_read_what_came() -> None:
    ours, theirs = socket.socketpair()
    reader, writer = await asyncio.open_connection(sock=ours)
    async with RunningTime() as running:
        limit = InterruptibleTimeout(running)
        limit.enter_task()

        def block() -> None:
            theirs.sendall(b"words")
            time.sleep(BLOCKED_SECONDS)

        asyncio.get_running_loop().call_soon(block)
        with limit.until(running.now() + 0.3):
            assert await reader.readexactly(5) == b"words"
        limit.cancel()
    theirs.close()
    writer.close()
    await writer.wait_closed()
