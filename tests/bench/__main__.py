"""`make bench`: what a delta and a socket cost, beside a FastAPI service and beside a bare relay.

Takes about seven minutes; `make bench QUICK=--quick` a rough one. Writes docs/measurements/benchmarks.md and .svg
unless it is the quick form. A missed target is written down; it is no failure.
"""

import argparse
import sys
import time
from contextlib import AsyncExitStack
from itertools import product
from typing import Final

import uvloop
from support.paths import MEASUREMENTS

from bench import measure, plot, proc, report
from bench.figures import Figures, Lane
from bench.measure import KEEPALIVE_SECONDS, Load
from bench.services import DELTAWIRE, FASTAPI, FASTAPI_ON_AIOHTTP, FLOOR, Bench, bench

PACED: Final = (Load(20), Load(100), Load(400))
STEADY: Final = Load(400, chunks=400, interval_ms=25)
BURSTS: Final = 3
UNPACED: Final = Load(400, interval_ms=0, spread=0)
BURST: Final = Load(400, chunks=10, spread=0, connects_first=True)
TURNS: Final = Load(800, chunks=1, interval_ms=0, spread=4.0, connects_first=True)
TOO_MUCH: Final = Load(800, chunks=150)
LANES: Final = (
    Lane(DELTAWIRE, "socket"),
    Lane(DELTAWIRE, "sse"),
    Lane(FASTAPI, "sse"),
    Lane(FLOOR, "socket"),
    Lane(FLOOR, "sse"),
)


async def streams(figures: Figures, bench: Bench, rounds: int) -> None:
    """Measure every service under every load alternately, so that a busy minute hits all alike."""
    async with AsyncExitStack() as stack:
        running = {lane: await stack.enter_async_context(bench.running(lane.service)) for lane in LANES}
        for lane, service in running.items():
            await measure.warm_up(bench, service, lane.transport)
        began, total, own = time.monotonic(), proc.machine_cpu_seconds(), bench.own_cpu_seconds()
        for _, load in product(range(rounds), PACED):
            figures.add_direct(load, await measure.directly(bench, load))
            for lane, service in running.items():
                say(f"{load.streams} streams, {lane}")
                figures.add(lane, load, await measure.under(bench, service, lane.transport, load))
        for _ in range(BURSTS):
            direct = await measure.directly(bench, BURST)
            figures.direct_burst = direct if figures.direct_burst is None else figures.direct_burst + direct
            for lane, service in running.items():
                say(f"{BURST.streams} in the same instant, {lane}")
                came = await measure.under(bench, service, lane.transport, BURST)
                figures.burst[lane] = figures.burst[lane] + came if lane in figures.burst else came
        for lane, service in running.items():
            say(f"turns of one chunk, {lane}")
            figures.turns[lane] = await measure.under(bench, service, lane.transport, TURNS)
        others = proc.machine_cpu_seconds() - total - (bench.own_cpu_seconds() - own)
        figures.strangers = max(others, 0.0) / (time.monotonic() - began)
        for lane, service in running.items():
            say(f"as fast as it goes, {lane}")
            figures.unpaced[lane] = await measure.under(bench, service, lane.transport, UNPACED)
            if lane.service is not FASTAPI:
                say(f"16,000 chunks a second, {lane}")
                figures.steady[lane] = await measure.under(bench, service, lane.transport, STEADY)
    async with bench.running(FASTAPI_ON_AIOHTTP) as service:
        say(f"{PACED[-1].streams} streams, {FASTAPI_ON_AIOHTTP.name}")
        await measure.warm_up(bench, service, "sse")
        figures.on_aiohttp = await measure.under(bench, service, "sse", PACED[-1])


async def run(*, quick: bool) -> Figures:
    """Measure everything."""
    figures = Figures()
    async with bench() as started:
        await streams(figures, started, rounds=1 if quick else 2)
        for service in (DELTAWIRE, FASTAPI, FLOOR):
            say(f"idle sockets and starts, {service.name}")
            watch = 0.0 if quick or service is FLOOR else KEEPALIVE_SECONDS
            steps = (2_000,) if quick else (2_000, 10_000)
            figures.idle[service.name] = await measure.idle(started, service, steps, watch)
            figures.starts[service.name] = await measure.start_seconds(started, service)
        say("two workers")
        figures.workers = await measure.workers(started, TOO_MUCH)
    return figures


def say(what: str) -> None:
    sys.stderr.write(what + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rounds, fewer sockets, nothing written")
    quick = parser.parse_args().quick
    figures = uvloop.run(run(quick=quick))
    page = report.page(figures)
    sys.stdout.write(page)
    if not quick:
        (MEASUREMENTS / "benchmarks.md").write_text(page)
        (MEASUREMENTS / "benchmarks.svg").write_text(plot.svg(figures))


if __name__ == "__main__":
    main()
