"""A short form of `make bench-store`: that it runs, and finds on each store what it should. Nothing is timed."""

import pytest
from bench import store, store_page
from bench.conversations import Corpus
from bench.searches import searches
from bench.store_page import Talk, TurnCosts

CONVERSATIONS = 300


@pytest.mark.nightly
async def test_the_benchmark_finds_on_each_store_what_was_put_there() -> None:
    with store.temporary_folder() as folder:
        stored = await store.run(folder, CONVERSATIONS, rounds=3)
    sqlite, postgresql = (each.latencies for each in stored)
    kinds = {kind for kind, _ in searches(Corpus(1).vocabulary, 1, 1)}
    assert sqlite.times.keys() == postgresql.times.keys() == kinds | {"a page of the list", "one conversation"}
    assert sqlite.found == postgresql.found
    assert sum(sqlite.found) > 0
    page = store_page.page(
        CONVERSATIONS, stored, [TurnCosts("SQLite", [Talk(1, 1, 1, 1)], [Talk(2, 1, 1, 1)])], load=0.0
    )
    assert "6,000 messages" in page
