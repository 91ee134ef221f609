"""The metrics of the process and of its connections to the database."""

import asyncio
import time
from pathlib import Path

from support.process import running_over
from support.scrape import Scrape, scrape
from support.serving import serving
from support.upstream import Upstream

from deltawire.conversations.database import Database
from deltawire.conversations.migrate import prepare
from deltawire.telemetry.metrics import Metrics
from deltawire.telemetry.process_metrics import ProcessMetrics

DAY = 86_400.0


def of(metrics: Scrape, name: str) -> float:
    return metrics.samples[f"process_{name}", frozenset()]


async def test_it_tells_of_the_process(upstream: Upstream) -> None:
    async with serving(upstream) as address:
        metrics = await scrape(address)
    assert 10**7 < of(metrics, "resident_memory_bytes") < of(metrics, "virtual_memory_bytes")
    assert 0 < of(metrics, "open_fds") < of(metrics, "max_fds")
    assert of(metrics, "cpu_seconds_total") > 0
    assert 0 < time.time() - of(metrics, "start_time_seconds") < DAY


async def test_it_tells_of_all_workers_together(upstream: Upstream) -> None:
    async with running_over(upstream, workers="2") as server:
        metrics = await scrape(server.address)
    [limit] = [family.samples[0].value for family in ProcessMetrics().collect() if family.name == "process_max_fds"]
    assert of(metrics, "max_fds") == 2 * limit


async def test_it_tells_of_connections_to_the_database_and_of_waits(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/c.db"
    await prepare(url)
    database = Database(url)
    metrics = Metrics([])
    database.on_wait = metrics.database_waits.inc
    database.counted = metrics.database_connections.track_inprogress
    release = asyncio.Event()

    async def write(until: asyncio.Event | None) -> None:
        async with database.writing():
            if until is not None:
                await until.wait()

    def values() -> list[float | None]:
        names = ("deltawire_database_connections_in_use", "deltawire_database_waits_total")
        return [metrics._registry.get_sample_value(name) for name in names]

    async def becomes(*wanted: float) -> None:
        async with asyncio.timeout(10):
            while values() != list(wanted):  # noqa: ASYNC110 - a metric has no event
                await asyncio.sleep(0.001)

    first = asyncio.create_task(write(release))
    await becomes(1.0, 0.0)
    second = asyncio.create_task(write(None))
    await becomes(1.0, 1.0)
    release.set()
    await asyncio.gather(first, second)
    assert values() == [0.0, 1.0]
    await database.close()
