"""What the collector looks through, and what it leaves alone."""

import gc
from collections.abc import Iterator

import pytest

from server.pauses import ShortPauses


@pytest.fixture(autouse=True)
def left_as_it_was() -> Iterator[None]:
    before = gc.callbacks.copy()
    gc.disable()
    gc.collect()
    yield
    gc.callbacks[:] = before
    gc.unfreeze()
    gc.enable()


def test_what_a_long_collection_found_alive_is_not_looked_through_again() -> None:
    alive = [[] for _ in range(1000)]  # type: ignore[var-annotated]
    gc.callbacks.append(ShortPauses(long_seconds=0))
    gc.collect()
    assert gc.get_freeze_count() >= len(alive)


def test_a_short_collection_leaves_everything_to_the_next() -> None:
    gc.callbacks.append(ShortPauses(long_seconds=1000))
    gc.collect()
    assert gc.get_freeze_count() == 0


def test_circles_among_the_frozen_are_found_in_the_end() -> None:
    gc.callbacks.append(ShortPauses(long_seconds=0))
    circle: list[object] = []
    circle.append(circle)
    gc.collect()
    del circle
    assert [gc.collect() for _ in range(14)] == [0] * 14
    gc.collect()
    assert gc.get_freeze_count() == 0
    assert gc.collect() >= 1
