"""One caller does the worst, in every way at once; and one who sends what nobody would.

`make siege` is the long form: each way by itself, for 20 s, with the times that others see. Here only what a busy
machine cannot bend is asserted: the CPU time of single callbacks, memory, and what is served and refused.
"""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from support.besieged import attacker, besieged, held, quiet, under
from support.fuzzing import Fuzzer
from support.postgres import fresh_database
from support.siege import WAYS
from support.upstream import Upstream

from deltawire.config.settings import Settings
from deltawire.conversations.migrate import migrate

pytestmark = pytest.mark.alone

SECONDS = 6.0
MOST_HELD = 0.05
"""Seconds of CPU that one callback may take, without the collector's: its pauses have tests of their own."""
MOST_MIB = 250
"""All ways at once; `make siege` holds each way by itself to 150."""
QUIET_SECONDS = 60.0
"""A siege leaves the machine itself with much to do."""


@pytest.fixture(params=["sqlite", "postgresql"])
async def database(request: pytest.FixtureRequest, postgresql: str, tmp_path: Path) -> AsyncIterator[str]:
    """A database of each kind, with tables and nothing in them."""
    if request.param == "sqlite":
        url = f"sqlite+aiosqlite:///{tmp_path / 'conversations.db'}"
        await migrate(url)
        yield url
    else:
        async with fresh_database(postgresql) as given:
            url = Settings(database_url=given).database
            await migrate(url)
            yield url


async def test_one_caller_who_does_the_worst_in_every_way_starves_nobody(upstream: Upstream, database: str) -> None:
    async with besieged(upstream, database) as server:
        alice = await attacker(server.address, database, megabytes=2)
        figures = await under(WAYS, alice, server, SECONDS, answers=3)
        await quiet(server, QUIET_SECONDS)
        seconds, where = held(server)
        assert seconds <= MOST_HELD, where
        assert figures.most_kib - figures.before_kib <= MOST_MIB * 1024
        assert server.resident_kib() - figures.before_kib <= MOST_MIB * 1024
        assert not [line for line in server.lines if line["event"] == "bug"]


@pytest.mark.parametrize("seed", [26])
async def test_nothing_that_is_sent_with_a_good_key_is_a_bug_or_holds_the_loop(
    upstream: Upstream, tmp_path: Path, seed: int
) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'conversations.db'}"
    await migrate(url)
    async with besieged(upstream, url, max_frames_per_second="1000", max_handshakes_per_minute="100000") as server:
        alice = await attacker(server.address, url, megabytes=1)
        before = server.resident_kib()
        fuzzers = [Fuzzer(alice, seed + number) for number in range(4)]
        tasks = [asyncio.create_task(fuzzer.go()) for fuzzer in fuzzers]
        done, _ = await asyncio.wait(tasks, timeout=SECONDS, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        for task in done:
            task.result()
        await quiet(server, QUIET_SECONDS)
        statuses = sum((fuzzer.statuses for fuzzer in fuzzers), start=fuzzers[0].statuses.__class__())
        assert {200, 400, 404} <= statuses.keys()
        assert 500 not in statuses
        assert not any(fuzzer.codes["internal"] for fuzzer in fuzzers)
        assert not [line for line in server.lines if line["event"] == "bug"]
        seconds, where = held(server)
        assert seconds <= MOST_HELD, where
        assert server.resident_kib() - before <= MOST_MIB * 1024
