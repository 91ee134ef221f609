"""`make bench-sockets`: does it matter to those who talk how many others only listen?

One process of the server, first with the streaming sockets alone, then with the idle ones beside them. Takes about
five minutes and writes its section of docs/measurements/scaling.md; `make bench-sockets QUICK=--quick` takes less than
one and writes nothing.
"""

import argparse
import asyncio
import os
import re
import sys
import time
from contextlib import AsyncExitStack
from typing import Final

import msgspec
import uvloop
from support.paths import MEASUREMENTS

from bench import measure, proc
from bench.load import Held, Outcome, Sockets
from bench.measure import Load
from bench.services import DELTAWIRE, Bench, Running, bench

PAGE: Final = MEASUREMENTS / "scaling.md"
SECTION: Final = re.compile(r"(?<=<!-- make bench-sockets -->\n).*?(?=<!-- to here -->)", re.DOTALL)
_CHUNKS: Final = 100
_INTERVAL_MS: Final = 100
_ANSWER_SECONDS: Final = _CHUNKS * _INTERVAL_MS / 1000
_WAVE_SECONDS: Final = _ANSWER_SECONDS / 2
"""Each wave starts half of the streams, evenly: so many talk at any time, and somebody always begins."""
_PROMISE_MS: Final = 100


class Plan(msgspec.Struct, frozen=True):
    """The numbers of idle sockets and of streams, and the seconds."""

    idle: int
    streams: int
    seconds: int


FULL: Final = Plan(idle=10_000, streams=500, seconds=120)
QUICK: Final = Plan(idle=1_000, streams=50, seconds=15)


class Talk(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of the clients that talked."""

    outcomes: list[Outcome]
    cpu_cores: float
    """The server's, on average."""
    strangers: float
    """Cores that were busy with anything but this bench."""
    resident_mib: float
    held: Held | None = None
    """The state of the idle sockets at the end."""

    def first_ms(self, share: float) -> float:
        """The milliseconds within which this share of the turns had their first text."""
        times = sorted((outcome.first - outcome.began) * 1000 for outcome in self.outcomes)
        return times[min(int(len(times) * share), len(times) - 1)]


async def talk(bench: Bench, running: Running, plan: Plan) -> Talk:
    """Keep so many streams going; raise AssertionError unless each is whole."""
    wave = Load(plan.streams // 2, _CHUNKS, _INTERVAL_MS, spread=_WAVE_SECONDS).plan(running.address, "socket")

    async def later(number: int) -> list[Outcome]:
        await asyncio.sleep(number * _WAVE_SECONDS)
        return await bench.streams(wave)

    began, used = time.monotonic(), proc.cpu_seconds(running.pid)
    total, own = proc.machine_cpu_seconds(), bench.own_cpu_seconds()
    waves = await asyncio.gather(*(later(number) for number in range(int(plan.seconds / _WAVE_SECONDS))))
    seconds = time.monotonic() - began
    return Talk(
        outcomes=[outcome for outcomes in waves for outcome in outcomes],
        cpu_cores=(proc.cpu_seconds(running.pid) - used) / seconds,
        strangers=max(proc.machine_cpu_seconds() - total - (bench.own_cpu_seconds() - own), 0.0) / seconds,
        resident_mib=proc.resident_kib(running.pid) / 1024,
    )


async def run(plan: Plan) -> list[Talk]:
    """Those who talk alone, and then among the idle."""
    async with AsyncExitStack() as stack:
        started = await stack.enter_async_context(bench())
        running = await stack.enter_async_context(started.running(DELTAWIRE))
        await measure.warm_up(started, running, "socket")
        alone = await talk(started, running, plan)
        sockets = await stack.enter_async_context(started.sockets(Sockets(address=running.address, sockets=plan.idle)))
        among = await talk(started, running, plan)
        return [alone, msgspec.structs.replace(among, held=await sockets.held())]


def page(plan: Plan, talks: list[Talk]) -> str:
    """The section of docs/measurements/scaling.md."""
    alone, among = talks
    assert among.held is not None
    later = among.first_ms(0.99) - alone.first_ms(0.99)
    dropped = plan.idle - among.held.sockets
    return TEXT.format(
        streams=plan.streams,
        rate=1000 // _INTERVAL_MS,
        seconds=plan.seconds,
        load=os.getloadavg()[0],
        rows="\n".join(_row(idle, talk) for idle, talk in zip((0, plan.idle), talks, strict=True)),
        sockets=plan.idle + plan.streams,
        dropped=dropped,
        pings=among.held.pings,
        all_held=_met(dropped == 0),
        later=later,
        promise=_PROMISE_MS,
        kept=_met(later <= _PROMISE_MS),
    )


def _row(idle: int, talk: Talk) -> str:
    firsts = " | ".join(f"{talk.first_ms(share):.1f}" for share in (0.5, 0.99, 1))
    return (
        f"| {idle:,} | {len(talk.outcomes):,} | {firsts} | {talk.cpu_cores:.2f} | {talk.resident_mib:.0f} "
        f"| {talk.strangers:.2f} |"
    )


TEXT: Final = """\
One process on one core, {streams} sockets that stream at any time, each {rate} chunks a second, for {seconds} seconds;
the upstream and the load client share the other core. Every turn came whole. The load average was {load:.1f} at the
end; strangers are cores that other processes kept busy.

| idle sockets | turns | first delta p50, ms | p99, ms | longest, ms | server, cores | MiB | strangers, cores |
| --- | --- | --- | --- | --- | --- | --- | --- |
{rows}

| target | measured |  |
| --- | --- | --- |
| none of {sockets:,} sockets is dropped | {dropped} dropped, {pings:,} pings answered | {all_held} |
| first delta p99 at most {promise} ms over that without the idle ones | {later:+.1f} ms | {kept} |
"""


def _met(yes: bool) -> str:  # noqa: FBT001 - a word for it
    return "met" if yes else "**missed**"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer sockets, a shorter time, nothing written")
    plan = QUICK if parser.parse_args().quick else FULL
    section = page(plan, uvloop.run(run(plan)))
    sys.stdout.write(section)
    if plan is FULL:
        PAGE.write_text(SECTION.sub(lambda _: section, PAGE.read_text()))


if __name__ == "__main__":
    main()
