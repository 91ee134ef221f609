"""`make bench-limits`: what the limits cost a turn and a delta, in memory and in a store. Takes about two minutes.

The same loads with and without limits, alternately: many short answers show what a turn costs, long ones what is left
for a delta. Prints the table of docs/measurements/limits.md.
"""

import sys
from contextlib import AsyncExitStack
from typing import Final

import msgspec
import uvloop
from support.ports import free_port
from support.redis import redis_server

from bench import measure
from bench.measure import Load
from bench.services import DELTAWIRE, Running, Service, bench

ROUNDS: Final = 3
TURNS: Final = Load(500, chunks=2, interval_ms=0, spread=5.0)
DELTAS: Final = Load(100, chunks=200)
_LIMITS: Final = {
    f"DELTAWIRE_{name}": str(10**9) for name in ("TURNS_PER_MINUTE", "TURNS_AT_ONCE", "TOKENS_PER_DAY", "USD_PER_DAY")
}


class Costs:
    """Microseconds of CPU, one of each round."""

    def __init__(self) -> None:
        self.turns: list[float] = []
        self.deltas: list[float] = []
        self.first_ms: list[float] = []


def _service(name: str, **more: str) -> Service:
    return msgspec.structs.replace(DELTAWIRE, name=name, environment=DELTAWIRE.environment | more)


async def run() -> dict[str, Costs]:
    """Measure every service under both loads alternately, so that a busy minute hits all alike."""
    costs: dict[str, Costs] = {}
    async with AsyncExitStack() as stack:
        redis = await stack.enter_async_context(redis_server(free_port()))
        started = await stack.enter_async_context(bench())
        services = (
            _service("no limits"),
            _service("all limits, in memory", **_LIMITS),
            _service("all limits, in a store", DELTAWIRE_REDIS_URL=redis.url, **_LIMITS),
        )
        running: dict[str, Running] = {}
        for service in services:
            running[service.name] = await stack.enter_async_context(started.running(service))
            await measure.warm_up(started, running[service.name], "socket")
            costs[service.name] = Costs()
        for number in range(ROUNDS):
            for name, server in running.items():
                sys.stderr.write(f"round {number + 1}, {name}\n")
                short = await measure.under(started, server, "socket", TURNS)
                costs[name].turns.append(short.cpu_seconds / TURNS.streams * 1e6)
                costs[name].first_ms.append(short.first(0.5))
                long = await measure.under(started, server, "socket", DELTAS)
                costs[name].deltas.append(long.cpu_us)
    return costs


def table(costs: dict[str, Costs]) -> str:
    """The least of all rounds, since whatever else the machine does can only add to it."""
    rows = ["| | CPU a turn of two deltas, µs | CPU a delta, µs | first text p50, ms |", "| --- | --- | --- | --- |"]
    for name, cost in costs.items():
        delta = (min(cost.deltas) * DELTAS.chunks - min(cost.turns)) / (DELTAS.chunks - TURNS.chunks)
        rows.append(f"| {name} | {min(cost.turns):,.0f} | {delta:.1f} | {min(cost.first_ms):.1f} |")
    return "\n".join(rows)


if __name__ == "__main__":
    sys.stdout.write(table(uvloop.run(run())) + "\n")
