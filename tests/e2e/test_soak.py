"""The short form of `make soak`."""

import random

from bench.soak import Soak


async def test_a_server_ends_where_it_began_after_every_departure_and_every_fault() -> None:
    seed = random.randrange(2**32)
    soak = Soak(turns=1_200, sockets=150, seconds=20, seed=seed)
    await soak.run()
    assert soak.faults == [], f"seed {seed}"
