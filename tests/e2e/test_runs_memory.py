"""The memory of very many turns with grace that nobody listens to: what it is, not what the server estimates."""

import asyncio
import sys
from collections.abc import Iterator

import aiohttp
import pytest
from support.process import ServerProcess, running
from support.scrape import scrape
from support.upstream import Upstream, says

MIB = 2**20
BOUND = 64 * MIB
"""The default of MAX_DETACHED_BYTES."""
AT_ONCE = 30
FIRST = 300
"""Turns after which a server has what it needs for any number of them."""


async def asks(server: ServerProcess, upstream: Upstream, numbers: Iterator[int]) -> None:
    """Ask for runs over one connection, and leave each at once."""
    async with aiohttp.ClientSession(f"http://{server.address}") as http:
        for number in numbers:
            question = {"message": f"hi {number}", "grace": 600}
            async with http.post("/chat", json=question, headers={"Prefer": "respond-async"}) as response:
                assert response.status == 202, await response.text()
            upstream.exchanges.clear()


async def _start_runs(server: ServerProcess, upstream: Upstream, runs: int) -> None:
    numbers = iter(range(runs))
    await asyncio.gather(*(asks(server, upstream, numbers) for _ in range(AT_ONCE)))
    while (await scrape(server.address)).value("turns_running"):  # noqa: ASYNC110 - it is another process
        await asyncio.sleep(0.1)


@pytest.mark.nightly
@pytest.mark.parametrize("runs, chars", [(10_000, 7_000), (10_000, 100), (2_000, 40_000)])
async def test_detached_runs_stay_within_their_bound_and_a_tenth(upstream: Upstream, runs: int, chars: int) -> None:
    upstream.plays(says(*["word " * 20] * (chars // 100)))
    settings = {"GEMINI_API_KEY": "none", "GOOGLE_GEMINI_BASE_URL": upstream.url, "DELTAWIRE_MAX_GRACE": "600"}
    async with running(sys.executable, "-m", "deltawire", **settings) as server:
        await server.ready()
        await _start_runs(server, upstream, FIRST)
        before = server.resident_kib() * 1024 - min(FIRST * chars, BOUND)
        await _start_runs(server, upstream, runs)
        grown = server.resident_kib() * 1024 - before
        dropped = (await scrape(server.address)).value("runs_total", happening="evicted")
    assert grown <= 1.1 * BOUND, f"{grown / MIB:.1f} MiB"
    assert bool(dropped) is (runs * chars > BOUND)
