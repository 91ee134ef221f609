"""One caller does the worst, in several ways at once; and one who sends what nobody would.

`make siege` and `make fuzz` are the long forms, with the times that others see. Here only what a busy machine cannot
bend is asserted: what is served, what is held in memory, and CPU time with much room above what is usual.
"""

import asyncio
import gc
import weakref
from pathlib import Path

import pytest
from support.besieged import attacker, besieged, held, quiet, under
from support.fuzzing import GENEROUS, Fuzzer, fuzzed
from support.siege_run import WORST
from support.upstream import Upstream
from support.watched_server import watch

from deltawire.conversations.migrate import migrate

SECONDS = 3.0
ANSWERS = 5
"""The least that the other caller is answered meanwhile."""
THINGS = 75
"""Things that each fuzzer sends."""
MOST_HELD = 0.25
"""Seconds of CPU that one callback may take: a busy machine makes one of 20 ms take several times that."""
MOST_MIB = 150
QUIET_SECONDS = 60.0
"""Seconds until all is back, on a machine that has much else to do."""


@pytest.fixture
async def database(tmp_path: Path) -> str:
    """A database with tables and nothing in them."""
    url = f"sqlite+aiosqlite:///{tmp_path / 'conversations.db'}"
    await migrate(url)
    return url


async def test_one_caller_who_does_the_worst_starves_nobody(upstream: Upstream, database: str) -> None:
    async with besieged(upstream, database) as server:
        alice = await attacker(server.address, database, megabytes=2)
        figures = await under(WORST, alice, server, SECONDS, ANSWERS)
        await quiet(server, QUIET_SECONDS)
        seconds, where = held(server)
        assert seconds <= MOST_HELD, where
        assert figures.most_kib - figures.before_kib <= MOST_MIB * 1024
        assert not [line for line in server.lines if line["event"] == "bug"]


async def test_nothing_that_is_sent_with_a_good_key_is_a_bug_or_holds_the_loop(
    upstream: Upstream, database: str
) -> None:
    async with besieged(upstream, database, **GENEROUS) as server:
        alice = await attacker(server.address, database, megabytes=1)
        before = server.resident_kib()
        fuzzers = [Fuzzer(alice, seed) for seed in range(26, 30)]
        async with asyncio.TaskGroup() as group:
            for fuzzer in fuzzers:
                group.create_task(fuzzer.go(THINGS))
        await quiet(server, QUIET_SECONDS)
        statuses, codes = fuzzed(fuzzers)
        assert {200, 400, 404} <= statuses.keys()
        assert 500 not in statuses
        assert not codes["internal"]
        assert not [line for line in server.lines if line["event"] == "bug"]
        seconds, where = held(server)
        assert seconds <= MOST_HELD, where
        assert server.resident_kib() - before <= MOST_MIB * 1024


def test_the_watched_server_keeps_no_task_that_was_cancelled_before_it_began(monkeypatch: pytest.MonkeyPatch) -> None:
    """Such a task would hold a socket, and the siege would count its memory as the server's."""

    async def cancelled() -> weakref.ref[asyncio.Task[None]]:
        task = asyncio.create_task(asyncio.sleep(0))
        task.cancel()
        await asyncio.wait([task])
        return weakref.ref(task)

    for owner, name in ((asyncio.events.Handle, "_run"), (asyncio.tasks, "Task"), (asyncio, "Task")):
        monkeypatch.setattr(owner, name, getattr(owner, name))  # it is put back at the end
    monkeypatch.setattr(gc, "callbacks", [])
    watch()
    gc.disable()
    try:
        with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
            assert runner.run(cancelled())() is None
    finally:
        gc.enable()
