"""The short form of `make cuts`."""

import random

from bench.cuts import Cuts


async def test_runs_that_are_cut_at_random_lose_nothing_and_leave_nothing() -> None:
    seed = random.randrange(2**32)
    cuts = Cuts(turns=250, callers=20, seconds=5, seed=seed)
    await cuts.run()
    assert cuts.faults == [], f"seed {seed}"
