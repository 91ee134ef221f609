"""`make siege` and `make fuzz`: one caller does the worst; another one's times are compared with those without them.

Each way by itself, for 20 s, on SQLite and on PostgreSQL. Exit code 1 if a figure of the issue is not met.
"""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from support.besieged import Figures, attacker, besieged, held, quiet, under
from support.fuzzing import Fuzzer
from support.postgres import fresh_database, postgres_url
from support.siege import WAYS, Way
from support.upstream import Upstream

from deltawire.config.settings import Settings
from deltawire.conversations.migrate import migrate

SECONDS: Final = 20.0
FUZZ_SECONDS: Final = 60.0
SLOWER_MS: Final = 250.0
MOST_MIB: Final = 150
BACK_SECONDS: Final = 10.0
MOST_HELD: Final = 0.05


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


def faults(alone: Figures, figures: Figures, after_kib: int, longest: float) -> list[str]:
    """What is not as it should be."""
    most = (figures.most_kib - figures.before_kib) / 1024
    checks = {
        "first delta": p99(figures.first_ms) - p99(alone.first_ms) <= SLOWER_MS,
        "livez": p99(figures.livez_ms) <= SLOWER_MS,
        "memory": most <= MOST_MIB and (after_kib - figures.before_kib) / 1024 <= MOST_MIB,
        "held": longest <= MOST_HELD,
    }
    return [name for name, is_met in checks.items() if not is_met]


async def siege(kind: str, ways: Sequence[Way]) -> bool:
    """Go each way; print its figures, and return False when one is not met."""
    is_met = True
    async with databases(kind) as url, Upstream() as upstream, besieged(upstream, url) as server:
        alice = await attacker(server.address, url, megabytes=28)
        alone = await under((), alice, server, SECONDS / 4, answers=10)
        for way in ways:
            server.lines.clear()
            figures = await under((way,), alice, server, SECONDS, answers=10)
            longest, _ = held(server)
            try:
                await quiet(server, BACK_SECONDS)
                missed = faults(alone, figures, server.resident_kib(), longest)
            except TimeoutError:
                missed = [f"not quiet after {BACK_SECONDS:g} s"]
            is_met &= not missed
            first, usual = p99(figures.first_ms), p99(alone.first_ms)
            grown = (figures.most_kib - figures.before_kib) // 1024
            sys.stdout.write(
                f"{kind:10} {way.__name__:20} first delta {first:.0f} ms ({usual:.0f} alone), "
                f"livez {p99(figures.livez_ms):.0f} ms, +{grown} MiB, held {1000 * longest:.0f} ms: "
                f"{', '.join(missed) or 'met'}\n"
            )
            sys.stdout.flush()
    return is_met


async def fuzz(seed: int) -> bool:
    """Send nonsense for a minute; print what came of it."""
    generous = {"max_frames_per_second": "1000", "max_handshakes_per_minute": "100000"}
    async with databases("sqlite") as url, Upstream() as upstream, besieged(upstream, url, **generous) as server:
        alice = await attacker(server.address, url, megabytes=1)
        before = server.resident_kib()
        fuzzers = [Fuzzer(alice, seed + number) for number in range(8)]
        await asyncio.wait([asyncio.create_task(fuzzer.go()) for fuzzer in fuzzers], timeout=FUZZ_SECONDS)
        bugs = [line for line in server.lines if line["event"] == "bug"]
        statuses = sum((fuzzer.statuses for fuzzer in fuzzers), start=type(fuzzers[0].statuses)())
        longest, where = held(server)
        grown = (server.resident_kib() - before) // 1024
        sys.stdout.write(
            f"{dict(sorted(statuses.items()))}, held {1000 * longest:.0f} ms ({where}), +{grown} MiB, {bugs}\n"
        )
        return not bugs and 500 not in statuses and longest <= MOST_HELD and grown <= MOST_MIB


async def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("ways", nargs="*")
    parser.add_argument("--fuzz", nargs="?", type=int, const=26)
    given = parser.parse_args()
    if given.fuzz is not None:
        return 0 if await fuzz(given.fuzz) else 1
    ways = [way for way in WAYS if not given.ways or way.__name__ in given.ways]
    return 0 if all([await siege(kind, ways) for kind in ("sqlite", "postgresql")]) else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
