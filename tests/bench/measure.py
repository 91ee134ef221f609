"""The measurements: each function loads a service and returns its figures."""

import asyncio
import statistics
import sys
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from typing import Final, Self

import msgspec

from bench import proc
from bench.load import Sockets, Streams
from bench.services import DELTAWIRE, TWO_WORKERS, Bench, Running, Service

KEEPALIVE_SECONDS: Final = 20.0
"""The interval between pings, of Deltawire and of uvicorn: within it each socket is pinged once."""
_STARTS: Final = 10
_PACE_TOLERANCE: Final = 1.1


class Load(msgspec.Struct, frozen=True):
    """Streams at once, as the upstream sends them."""

    streams: int
    chunks: int = 100
    interval_ms: int = 20
    spread: float = 2.0
    """Seconds over which they start."""
    conversations: tuple[str, ...] = ()
    """The conversations that keep them, one each; empty where none keeps them."""
    grace: float = 0
    connects_first: bool = False
    """All have their connections before the first asks; no figure has a part of that."""

    def plan(self, address: str, transport: str) -> Streams:
        """It as the load client takes it."""
        return Streams(
            address=address,
            transport=transport,
            streams=self.streams,
            chunks=self.chunks,
            interval_ms=self.interval_ms,
            spread=self.spread,
            conversations=self.conversations,
            grace=self.grace,
            connects_first=self.connects_first,
        )


_WARM_UP: Final = Load(streams=20, chunks=20, interval_ms=5, spread=0.2)


class Round(msgspec.Struct, frozen=True, kw_only=True):
    """A service, or no service at all, under a load, once or several times."""

    chunks: int
    seconds: float
    """From the first question to the last end."""
    cpu_seconds: float
    deltas: int
    first_ms: list[float]
    """Milliseconds from each question to its first text, sorted."""
    lag_ms: float
    """The longest that the end of a stream came after the upstream had sent it."""
    peak_mib: float

    @property
    def cpu_us(self) -> float:
        """Microseconds of CPU for each chunk of the upstream."""
        return self.cpu_seconds / self.chunks * 1e6

    @property
    def chunks_a_second(self) -> float:
        """Chunks a second."""
        return self.chunks / self.seconds

    def first(self, share: float) -> float:
        """The milliseconds within which this share of the streams had their first text."""
        return self.first_ms[min(int(len(self.first_ms) * share), len(self.first_ms) - 1)]

    def __add__(self, other: Self) -> Self:
        """Both rounds as one."""
        return type(self)(
            chunks=self.chunks + other.chunks,
            seconds=self.seconds + other.seconds,
            cpu_seconds=self.cpu_seconds + other.cpu_seconds,
            deltas=self.deltas + other.deltas,
            first_ms=sorted(self.first_ms + other.first_ms),
            lag_ms=max(self.lag_ms, other.lag_ms),
            peak_mib=self.peak_mib,  # a later round comes after heavier loads
        )


class Idle(msgspec.Struct, frozen=True):
    """Sockets that are only open."""

    sockets: int
    mib_over_base: float
    handshakes_a_second: float
    handshake_cpu_us: float
    keepalive_cpu: float
    """Seconds of CPU a second, for all of them."""

    @property
    def kib_each(self) -> float:
        """KiB a socket."""
        return self.mib_over_base * 1024 / self.sockets


async def warm_up(bench: Bench, service: Running, transport: str) -> None:
    """Let a service import and cache what its first turns need."""
    await bench.streams(_WARM_UP.plan(service.address, transport))


async def under(bench: Bench, service: Running, transport: str, load: Load) -> Round:
    """A service under a load, over a transport; raise AssertionError unless every stream is whole."""
    before = proc.cpu_seconds(service.pid)

    def connected() -> None:
        nonlocal before
        before = proc.cpu_seconds(service.pid)

    round_ = await _run(bench, service.address, transport, load, connected)
    used = proc.cpu_seconds(service.pid) - before
    return msgspec.structs.replace(round_, cpu_seconds=used, peak_mib=proc.peak_kib(service.pid) / 1024)


async def directly(bench: Bench, load: Load) -> Round:
    """The upstream without a relay."""
    return await _run(bench, bench.upstream, "gemini", load)


async def _run(
    bench: Bench, address: str, transport: str, load: Load, connected: Callable[[], None] = lambda: None
) -> Round:
    await bench.sent()
    outcomes = await bench.streams(load.plan(address, transport), connected)
    sent = await bench.sent()
    nominal = (load.chunks - 1) * load.interval_ms / 1000
    late = max(times.last - times.first for times in sent.values()) - nominal
    if load.interval_ms and late > nominal * (_PACE_TOLERANCE - 1):
        sys.stderr.write(f"the upstream itself was {late:.2f} s late: the machine is too busy\n")
    return Round(
        chunks=load.streams * load.chunks,
        seconds=max(outcome.ended for outcome in outcomes) - min(outcome.began for outcome in outcomes),
        cpu_seconds=0.0,
        deltas=sum(outcome.deltas for outcome in outcomes),
        first_ms=sorted((outcome.first - outcome.began) * 1000 for outcome in outcomes),
        lag_ms=max((outcome.ended - sent[outcome.stream].last) * 1000 for outcome in outcomes),
        peak_mib=0.0,
    )


async def idle(bench: Bench, service: Service, steps: Sequence[int], keepalive_seconds: float) -> list[Idle]:
    """Open sockets up to each of these numbers; watch a while what keeping them open takes."""
    figures = []
    async with bench.running(service) as running:
        await warm_up(bench, running, "socket")
        base = proc.resident_kib(running.pid)
        async with AsyncExitStack() as held:
            opened = 0
            for sockets in steps:
                before = proc.cpu_seconds(running.pid)
                more = sockets - opened
                result = await held.enter_async_context(bench.sockets(Sockets(address=running.address, sockets=more)))
                settled = proc.cpu_seconds(running.pid)
                await asyncio.sleep(keepalive_seconds)
                used = proc.cpu_seconds(running.pid) - settled
                figures.append(
                    Idle(
                        sockets=sockets,
                        mib_over_base=(proc.resident_kib(running.pid) - base) / 1024,
                        handshakes_a_second=more / result.seconds,
                        handshake_cpu_us=(settled - before) / more * 1e6,
                        keepalive_cpu=used / keepalive_seconds if keepalive_seconds else 0.0,
                    )
                )
                opened = sockets
    return figures


async def start_seconds(bench: Bench, service: Service) -> float:
    """From the command to the first accepted socket, the median of several starts."""
    times = []
    for _ in range(_STARTS):
        async with bench.running(service) as running:
            times.append(running.start_seconds)
    return statistics.median(times)


async def workers(bench: Bench, load: Load) -> tuple[Round, Round] | None:
    """One worker on one core and two on two, under more than they can take; None where there is no such setting."""
    if not await bench.knows("DELTAWIRE_WORKERS"):
        return None
    rounds = []
    for service, cores in ((DELTAWIRE, 1), (TWO_WORKERS, 2)):
        async with bench.running(service, cores=cores) as running:
            await warm_up(bench, running, "socket")
            rounds.append(await under(bench, running, "socket", load))
    return rounds[0], rounds[1]
