"""`make bench-against OTHER=folder`: what a change costs a chunk, beside another checkout without it.

Both servers are there at once and take the same load alternately, because single runs differ by more than most changes
make. Takes four minutes; the other checkout must have its page built (`make install`), and runs on this one's packages.
"""

import argparse
import statistics
import sys
from pathlib import Path
from typing import Final

import msgspec
import uvloop

from bench import measure
from bench.measure import Load
from bench.services import DELTAWIRE, Service, bench

LOADS: Final = {"delta": Load(400), "start": Load(800, chunks=1, interval_ms=0, spread=4.0)}
"""The kinds of what is compared: a delta among many, or a whole turn with its socket and a single delta."""
PAIRS: Final = 24
_FROM: Final = "import sys; sys.path.insert(0, {folder!r}); from {package}.__main__ import main; sys.exit(main([]))"


def source_of(folder: Path) -> str:
    """The program that runs the server of that checkout."""
    # Before it was called deltawire, the package was the folder server itself.
    is_old = not (folder / "server" / "deltawire").is_dir()
    return _FROM.format(
        folder=str(folder if is_old else folder / "server"), package="server" if is_old else "deltawire"
    )


def elsewhere(folder: Path) -> Service:
    """The server of that checkout."""
    return msgspec.structs.replace(DELTAWIRE, command=("-c", source_of(folder)))


async def run(other: Path, load: Load, pairs: int, grace: float) -> list[tuple[float, float]]:
    """Return the microseconds of CPU a chunk, here and there, of each pair; each goes first as often as the other.

    Turns ask for `grace` here, and not there.
    """
    costs = []
    async with bench() as started, started.running(DELTAWIRE) as here, started.running(elsewhere(other)) as there:
        both = [here, there]
        loads = {here.pid: msgspec.structs.replace(load, grace=grace), there.pid: load}
        for service in both:
            await measure.warm_up(started, service, "socket")
        for number in range(pairs):
            cost = {}
            for service in both if number % 2 else reversed(both):
                cost[service.pid] = (await measure.under(started, service, "socket", loads[service.pid])).cpu_us
            costs.append((cost[here.pid], cost[there.pid]))
            sys.stderr.write(f"pair {number + 1}: {costs[-1][0]:.1f} µs here, {costs[-1][1]:.1f} there\n")
    return costs


def summary(costs: list[tuple[float, float]]) -> str:
    """The ratio of the pairs, by its quartiles."""
    low, middle, high = statistics.quantiles((here / there for here, there in costs), n=4)
    return f"here ÷ there: {middle:.3f}; half of the {len(costs)} pairs lie between {low:.3f} and {high:.3f}\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("other", type=Path, help="another checkout")
    parser.add_argument("--of", choices=LOADS, default="delta")
    parser.add_argument("--pairs", type=int, default=PAIRS)
    parser.add_argument("--grace", type=float, default=0, help="seconds of grace of the turns here; none there")
    arguments = parser.parse_args()
    load, grace = LOADS[arguments.of], arguments.grace
    sys.stdout.write(summary(uvloop.run(run(arguments.other.resolve(), load, arguments.pairs, grace))))


if __name__ == "__main__":
    main()
