"""`make siege` and `make fuzz`: one caller does the worst; another one's times are compared with those without them.

Each attack by itself, for 20 s, on SQLite and on PostgreSQL. Exit code 1 if a figure is over one of the bounds below.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, NamedTuple

from support.besieged import Figures, attacker, besieged, held, quiet, under
from support.fuzzing import GENEROUS, Fuzzer, fuzzed
from support.postgres import fresh_database, postgres_url
from support.siege import Attack
from support.siege_run import ATTACKS
from support.upstream import Upstream

from deltawire.config.settings import Settings
from deltawire.conversations.migrate import migrate

SECONDS: Final = 20.0
FUZZ_SECONDS: Final = 60.0
SLOWER_MS: Final = 250.0
"""The most by which the 99th percentile of another caller's first delta may be later, and the most of `/livez`."""
MOST_MIB: Final = 150
"""The most memory that one attack may take, or that all may leave behind."""
BACK_SECONDS: Final = 10.0
"""Seconds after an attack until all is as before it."""
MOST_HELD: Final = 0.05
"""The most CPU seconds of one callback of the event loop."""


@asynccontextmanager
async def databases(kind: str) -> AsyncIterator[str]:
    """The URL of a database of this kind, with tables."""
    if kind == "sqlite":
        with tempfile.TemporaryDirectory() as folder:
            url = f"sqlite+aiosqlite:///{Path(folder, 'conversations.db')}"
            await migrate(url)
            yield url
    else:
        with postgres_url() as server:
            async with fresh_database(server) as given:
                url = Settings(database_url=given).database
                await migrate(url)
                yield url


def p99(values: Sequence[float]) -> float:
    """The 99th percentile; infinite where there are none."""
    return sorted(values)[int(len(values) * 0.99)] if values else float("inf")


class Result(NamedTuple):
    """The result of one attack."""

    attack: str
    alone: Figures
    figures: Figures
    after_kib: int
    held: float
    is_quiet: bool

    def faults(self) -> list[str]:
        """Return the names of the figures that are not met."""
        checks = {
            "first delta": p99(self.figures.first_ms) - p99(self.alone.first_ms) <= SLOWER_MS,
            "livez": p99(self.figures.livez_ms) <= SLOWER_MS,
            "memory": max(self.most_mib, self.after_mib) <= MOST_MIB,
            "held": self.held <= MOST_HELD,
            f"all back after {BACK_SECONDS:g} s": self.is_quiet,
        }
        return [name for name, is_met in checks.items() if not is_met]

    @property
    def most_mib(self) -> int:
        """The most memory that it took."""
        return (self.figures.most_kib - self.figures.before_kib) // 1024

    @property
    def after_mib(self) -> int:
        """The memory that is not back, of all attacks until now."""
        return (self.after_kib - self.alone.before_kib) // 1024

    def __str__(self) -> str:
        """The row of a table."""
        first, usual = p99(self.figures.first_ms), p99(self.alone.first_ms)
        return (
            f"{self.attack:22} first delta {first:4.0f} ms ({usual:.0f} alone)  "
            f"livez {p99(self.figures.livez_ms):4.0f} ms  held {1000 * self.held:3.0f} ms  "
            f"most +{self.most_mib} MiB  after +{self.after_mib} MiB  "
            f"{'missed: ' + ', '.join(missed) if (missed := self.faults()) else 'met'}\n"
        )


async def siege(kind: str, attacks: Sequence[Attack]) -> bool:
    """Run each attack; print its figures, and return False when one is not met."""
    is_met = True
    async with databases(kind) as url, Upstream() as upstream, besieged(upstream, url) as server:
        alice = await attacker(server.address, url, megabytes=28)
        alone = await under((), alice, server, SECONDS / 4, answers=10)
        for attack in attacks:
            server.lines.clear()
            figures = await under((attack,), alice, server, SECONDS, answers=10)
            ended = time.monotonic()
            longest, where = held(server)
            is_quiet = True
            try:
                await quiet(server, BACK_SECONDS)
            except TimeoutError:
                is_quiet = False
            await asyncio.sleep(max(0.0, ended + BACK_SECONDS - time.monotonic()))
            result = Result(attack.__name__, alone, figures, server.resident_kib(), longest, is_quiet)
            sys.stdout.write(f"{kind:10}  {result}")
            if longest > MOST_HELD:
                sys.stdout.write(f"{'':12}{where}\n")
            sys.stdout.flush()
            is_met &= not result.faults()
    return is_met


async def fuzz(seed: int) -> bool:
    """Send nonsense for a minute; print what came of it."""
    async with databases("sqlite") as url, Upstream() as upstream, besieged(upstream, url, **GENEROUS) as server:
        alice = await attacker(server.address, url, megabytes=1)
        before = server.resident_kib()
        fuzzers = [Fuzzer(alice, seed + number) for number in range(8)]
        going = [asyncio.create_task(fuzzer.go()) for fuzzer in fuzzers]
        failed, _ = await asyncio.wait(going, timeout=FUZZ_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        for task in failed:
            task.result()
        for task in going:
            task.cancel()
        await asyncio.wait(going)
        await quiet(server, BACK_SECONDS)
        bugs = [line for line in server.lines if line["event"] == "bug"]
        statuses, codes = fuzzed(fuzzers)
        longest, where = held(server)
        grown = (server.resident_kib() - before) // 1024
        sys.stdout.write(
            f"statuses {dict(sorted(statuses.items()))}\ncodes {dict(sorted(codes.items()))}\n"
            f"held {1000 * longest:.0f} ms ({where}), +{grown} MiB, bugs: {bugs}\n"
        )
        is_met = longest <= MOST_HELD and grown <= MOST_MIB
        return is_met and not bugs and 500 not in statuses and not codes["internal"]


async def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("attacks", nargs="*")
    parser.add_argument("--fuzz", nargs="?", type=int, const=26)
    given = parser.parse_args()
    if given.fuzz is not None:
        return 0 if await fuzz(given.fuzz) else 1
    attacks = [attack for attack in ATTACKS if not given.attacks or attack.__name__ in given.attacks]
    return 0 if all([await siege(kind, attacks) for kind in ("sqlite", "postgresql")]) else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
