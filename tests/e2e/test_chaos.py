"""The short form of `make chaos`: one round, whose configuration the seed draws."""

import random

from bench.chaos.__main__ import one_round, summary


async def test_every_law_holds_while_everything_goes_wrong() -> None:
    evidence, broken = await one_round(random.randrange(2**16))
    assert not broken, "\n".join([summary(evidence), *broken[:10]])
    assert sum(each.end is not None for each in evidence.turns) > 50
