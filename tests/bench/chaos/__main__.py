"""`make chaos`: people talk to a server whose provider misbehaves, whose stores hang, and which is killed; laws hold.

A seed draws one of eight configurations: SQLite or PostgreSQL, counted in memory or in Valkey, one worker or two. A
longer run is several rounds with consecutive seeds, so it goes through all of them. Exit code 1 when a law was broken.
"""

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import uvloop

from bench.chaos.laws import broken_laws
from bench.chaos.world import Evidence, Plan, World

ROUND_SECONDS = 60.0
START_AND_STOP_SECONDS = 15.0
"""Seconds of a round besides the talk."""


async def one_round(seed: int, seconds: float = ROUND_SECONDS) -> tuple[Evidence, list[str]]:
    """Run for about these seconds; return the evidence and the laws that were broken."""
    with tempfile.TemporaryDirectory(prefix="chaos-") as folder:
        evidence = await World(Plan.of(seed), Path(folder), max(seconds - START_AND_STOP_SECONDS, 5.0)).run()
    return evidence, broken_laws(evidence)


def summary(evidence: Evidence) -> str:
    """Say in a line what happened."""
    plan = evidence.plan
    ended = [each for each in evidence.turns if each.end is not None]
    ends = Counter(each.end.get("code") or each.end["finish_reason"] for each in ended if each.end is not None)
    return (
        f"seed {plan.seed}: {plan.store}, {plan.counted}, {plan.workers} worker(s), {plan.kills} kill(s), "
        f"{plan.freezes} freeze(s): {len(evidence.turns)} turns, {len(ended)} ends told, {len(evidence.rows)} kept; "
        + ", ".join(f"{end} {times}" for end, times in ends.most_common())
    )


async def main() -> int:
    parser = argparse.ArgumentParser(description="Let everything go wrong, and hold the laws.")
    parser.add_argument("--seconds", type=float, default=ROUND_SECONDS)
    parser.add_argument("--seed", type=int, default=random.randrange(2**16))
    options = parser.parse_args()
    until = time.monotonic() + options.seconds
    seed, broken = options.seed, False
    while seed == options.seed or until - time.monotonic() > ROUND_SECONDS / 2:
        evidence, lines = await one_round(seed, min(ROUND_SECONDS, until - time.monotonic()))
        sys.stdout.write("\n  ".join([summary(evidence), *lines[:20]]) + "\n")
        sys.stdout.flush()
        broken = broken or bool(lines)
        seed += 1
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(uvloop.run(main()))
