"""The page of a run: tables, and the targets, met or missed."""

import os
import platform
from typing import Any, Final, NamedTuple

from bench.figures import Figures, Lane
from bench.measure import KEEPALIVE_SECONDS, Round
from bench.services import DELTAWIRE, FASTAPI, FLOOR

BEHIND_MS: Final = 100.0
"""A stream whose end comes this much after the upstream's has fallen behind."""

_SOCKET: Final = Lane(DELTAWIRE, "socket")
_SSE: Final = Lane(DELTAWIRE, "sse")
_FASTAPI: Final = Lane(FASTAPI, "sse")


def page(figures: Figures) -> str:
    """docs/measurements/benchmarks.md."""
    return TEXT.format(
        cores=os.cpu_count(),
        python=platform.python_version(),
        strangers=figures.strangers,
        targets=_table(("target", "measured", ""), _targets(figures)),
        streams=_table(
            (
                "streams",
                "service",
                "CPU a chunk, µs",
                "FastAPI ÷ it",
                "it ÷ floor",
                "chunks/s",
                "chunks to a delta",
                "first p50, ms",
                "first p99, ms",
                "peak MiB",
            ),
            _streams(figures),
        ),
        burst=_table(
            ("service", "first p50, ms", "first p99, ms", "CPU a stream, µs", "CPU alone, µs"), _burst(figures)
        ),
        on_aiohttp=_on_aiohttp(figures),
        full=_table(
            ("service", "16,000/s: CPU a chunk, µs", "latest end, ms", "unpaced: chunks/s", "chunks to a delta"),
            _full(figures),
        ),
        idle=_table(
            (
                "sockets",
                "service",
                "KiB each",
                "MiB over the base",
                "CPU for keep-alives, ms/s",
                "handshakes/s",
                "CPU each, µs",
            ),
            _idle(figures),
        ),
        starts=_table(
            ("service", "start, s", "÷ Deltawire"),
            [
                (name, f"{seconds:.2f}", f"{seconds / figures.starts[DELTAWIRE.name]:.2f}")
                for name, seconds in figures.starts.items()
            ],
        ),
        workers=_workers(figures),
        keepalive=KEEPALIVE_SECONDS,
        behind=BEHIND_MS,
    )


class Ratios(NamedTuple):
    """A lane's CPU for a chunk, beside the references."""

    below_fastapi: float
    above_floor: float


def ratios(figures: Figures, lane: Lane, streams: int) -> Ratios:
    """Return FastAPI's CPU divided by a lane's, and a lane's divided by the floor's over the same transport."""
    cpu = figures.paced[lane][streams].cpu_us
    floor = figures.paced[Lane(FLOOR, lane.transport)][streams].cpu_us
    return Ratios(figures.paced[_FASTAPI][streams].cpu_us / cpu, cpu / floor)


def _targets(figures: Figures) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []

    def row(target: str, measured: str, *, met: bool) -> None:
        rows.append((target, measured, "met" if met else "**missed**"))

    for lane in (_SOCKET, _SSE):
        ratio = ratios(figures, lane, 400)
        row(
            f"{lane}, 400 streams: CPU a chunk at least 9 times below FastAPI",
            f"{ratio.below_fastapi:.1f}",
            met=ratio.below_fastapi >= 9,
        )
        row("… and at most 2.2 times the floor", f"{ratio.above_floor:.2f}", met=ratio.above_floor <= 2.2)
        lag = figures.steady[lane].lag_ms
        row(
            f"{lane}: no stream falls behind at 16,000 chunks a second on one core",
            f"latest end {lag:.0f} ms after the upstream's",
            met=lag <= BEHIND_MS,
        )
        late = [_late(figures, lane, 100, share) for share in (0.5, 0.99)]
        row(
            f"{lane}, 100 streams: first delta at most 5 ms (p50), 20 ms (p99) later than without a relay",
            f"{late[0]:.1f}, {late[1]:.1f} ms",
            met=late[0] <= 5 and late[1] <= 20,
        )
        late = [_late_in_burst(figures, lane, share) for share in (0.5, 0.99)]
        row(
            f"{lane}, 400 at once: first delta at most 150 ms (p50), 200 ms (p99) later than without a relay",
            f"{late[0]:.0f}, {late[1]:.0f} ms",
            met=late[0] <= 150 and late[1] <= 200,
        )
    turn = figures.turns[_SOCKET].cpu_us / 1000
    row(f"{_SOCKET}: a turn of one chunk, alone: at most 0.9 ms of CPU", f"{turn:.2f} ms", met=turn <= 0.9)
    most = figures.idle[DELTAWIRE.name][-1]
    row("an idle socket: at most 20 KiB", f"{most.kib_each:.1f} KiB", met=most.kib_each <= 20)
    row(
        f"{most.sockets:,} idle sockets: at most 200 MiB over the base",
        f"{most.mib_over_base:.0f} MiB",
        met=most.mib_over_base <= 200,
    )
    start = figures.starts[DELTAWIRE.name]
    row("from the start to the first accepted socket: at most 1.0 s", f"{start:.2f} s", met=start <= 1.0)
    return rows


def _late_in_burst(figures: Figures, lane: Lane, share: float) -> float:
    if figures.direct_burst is None:
        raise AssertionError("a run measures a burst")
    return figures.burst[lane].first(share) - figures.direct_burst.first(share)


def _burst(figures: Figures) -> list[tuple[str, ...]]:
    return [
        (
            str(lane),
            *(f"{_late_in_burst(figures, lane, share):+.0f}" for share in (0.5, 0.99)),
            f"{round_.cpu_seconds / len(round_.first_ms) * 1e6:,.0f}",
            f"{figures.turns[lane].cpu_us:,.0f}",
        )
        for lane, round_ in figures.burst.items()
    ]


def _streams(figures: Figures) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for streams in figures.direct:
        for lane, rounds in figures.paced.items():
            round_ = rounds[streams]
            ratio = ratios(figures, lane, streams)
            rows.append(
                (
                    str(streams),
                    str(lane),
                    f"{round_.cpu_us:.1f}",
                    f"{ratio.below_fastapi:.1f}",
                    f"{ratio.above_floor:.2f}",
                    f"{round_.chunks_a_second:,.0f}",
                    f"{round_.chunks / round_.deltas:.2f}",
                    f"{_late(figures, lane, streams, 0.5):+.1f}",
                    f"{_late(figures, lane, streams, 0.99):+.1f}",
                    f"{round_.peak_mib:.0f}",
                )
            )
    return rows


def _late(figures: Figures, lane: Lane, streams: int, share: float) -> float:
    """Milliseconds by which the first delta is later than without a relay."""
    return figures.paced[lane][streams].first(share) - figures.direct[streams].first(share)


def _full(figures: Figures) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for lane, unpaced in figures.unpaced.items():
        steady = figures.steady.get(lane)
        paced = (f"{steady.cpu_us:.1f}", f"{steady.lag_ms:.0f}") if steady else ("over a core", "")
        rows.append((str(lane), *paced, f"{unpaced.chunks_a_second:,.0f}", f"{unpaced.chunks / unpaced.deltas:.1f}"))
    return rows


def _idle(figures: Figures) -> list[tuple[str, ...]]:
    return [
        (
            f"{step.sockets:,}",
            name,
            f"{step.kib_each:.1f}",
            f"{step.mib_over_base:.0f}",
            f"{step.keepalive_cpu * 1000:.0f}" if step.keepalive_cpu else "none sent",
            f"{step.handshakes_a_second:,.0f}",
            f"{step.handshake_cpu_us:.0f}",
        )
        for name, steps in figures.idle.items()
        for step in steps
    ]


def _on_aiohttp(figures: Figures) -> str:
    round_: Round | None = figures.on_aiohttp
    if round_ is None:
        return ""
    ours = [figures.paced[lane][400].cpu_us for lane in (_SOCKET, _SSE)]
    return (
        f"{round_.cpu_us:.0f} µs a chunk at 400 streams, {round_.cpu_us / ours[0]:.1f} times Deltawire's over the "
        f"socket and {round_.cpu_us / ours[1]:.1f} times over SSE"
    )


def _workers(figures: Figures) -> str:
    if figures.workers is None:
        return "This version has no `WORKERS` yet."
    one, two = figures.workers
    times = two.chunks_a_second / one.chunks_a_second
    return (
        f"One worker on one core forwards {one.chunks_a_second:,.0f} chunks a second at {one.cpu_us:.1f} µs each, two "
        f"on two cores {two.chunks_a_second:,.0f} at {two.cpu_us:.1f} µs: {times:.2f} times as many.\n"
        "The upstream and the load client share the same two cores."
    )


def _table(heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines: list[Any] = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


TEXT: Final = """\
# What a delta and a socket cost

One run of `make bench`, on {cores} cores, Python {python}. Everything runs on one machine: the service on a core of
its own; the upstream and the load client, each a process of its own, share the rest. Absolute times say as
much about that machine as about the service: compare the columns of ratios. Deltawire runs as `deltawire`
with every feature on and logs at info. Meanwhile other processes kept {strangers:.2f} cores busy: where that is not
nearly 0, chunks arrive late and together, Deltawire joins them, and its figures look better than they are.

![CPU a chunk of each service](benchmarks.svg)

## Targets

{targets}

## Streams

Each stream has 100 chunks in Gemini's shape, 20 ms apart, and a connection of its own; the streams start over two
seconds. CPU is user and system time of the service's whole process tree, from /proc, for each chunk that the
upstream sent, the handshake and the request included. The first delta is timed from the question to the first
text; the time of the same client without a relay is subtracted. Every stream's text is compared with what was sent.

{streams}

FastAPI is the service that both projects' documentation shows (`tests/bench/references/fastapi_service.py`):
server-sent events by a `StreamingResponse`, under uvicorn with uvloop and httptools, google-genai as a plain
installation has it. Where aiohttp is installed the SDK takes it for its requests; on it the service uses
{on_aiohttp}. The floor is a bare relay on uvloop, httptools and msgspec without one feature (`floor.py` beside it).

## A turn's start: many in the same instant, and one after the other

400 clients have their connections, and all ask at once; then 10 chunks each, 20 ms apart. The first delta is timed as
above: by the client, less the time without a relay. Three rounds. CPU is that of a stream, without its connection.
`CPU alone` is that of a turn of one chunk: 800 clients with connections ask one after the other, within 4 s.

{burst}

## At full load

400 streams of 40 chunks a second each, for ten seconds, on one core: a stream has fallen behind when its end comes
more than {behind:.0f} ms after the upstream's. Then 400 streams that the upstream sends as fast as they are read;
there Deltawire joins the chunks that one read brings into one delta.

{full}

## Sockets

Open and silent, each pinged once in {keepalive:.0f} s by Deltawire and by uvicorn's default; the floor sends no
pings. FastAPI's `/ws` stands beside its SSE route. Handshakes come from 64 clients at once.

{idle}

## Start

From the command to the first accepted socket, the median of ten.

{starts}

## Two workers

{workers}

## To repeat it

`make bench` on Linux, with nothing else running and at least 10,100 open files allowed (`ulimit -Hn`): about seven
minutes. `make bench QUICK=--quick` takes three and writes nothing. A short form of it runs among the tests and
holds the ratio to the FastAPI service.
"""
