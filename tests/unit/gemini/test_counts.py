"""The provider's figures: what one object says, what several say, and that they always add up."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deltawire.gemini.events import Counts
from deltawire.gemini.reading.counts import RunningCounts
from deltawire.gemini.reading.response import UsageMetadata

FIELDS = ("prompt", "output", "thought", "tool", "cached", "total")


def counted(*objects: dict[str, int], has_output: bool = True) -> Counts:
    running = RunningCounts()
    for one in objects:
        running.take(UsageMetadata(*(one.get(name) for name in FIELDS)))  # type: ignore[arg-type]  # numbers
    return running.counts(has_output=has_output)


@pytest.mark.parametrize(
    "objects, counts",
    [
        ([{"prompt": 21, "output": 9, "total": 30}, {}], Counts(21, 9, 0, 0, 0, 30)),
        ([{"prompt": 21, "output": 9, "total": 30}, {"prompt": 21}], Counts(21, 9, 0, 0, 0, 30)),
        ([{"prompt": 21, "total": 30}, {"prompt": 21}], Counts(21, 9, 0, 0, 0, 30)),
        ([{"prompt": 9, "output": 2, "total": 11}, {"prompt": 9, "total": 20}], Counts(9, 11, 0, 0, 0, 20)),
        (
            [{"prompt": 90, "output": 40, "total": 130}, {"prompt": 9, "output": 2, "total": 11}],
            Counts(9, 2, 0, 0, 0, 11),
        ),
        (
            [{"prompt": 87, "output": 21, "total": 108}, {"prompt": 87, "tool": 78, "total": 165}],
            Counts(87, 21, 0, 78, 0, 186),
        ),
        ([{"prompt": 9, "output": 7, "total": 16}, {"prompt": 9, "output": 0, "total": 9}], Counts(9, 7, 0, 0, 0, 16)),
    ],
)
def test_what_an_object_does_not_say_the_ones_before_it_say(objects: list[dict[str, int]], counts: Counts) -> None:
    assert counted(*objects) == counts


@pytest.mark.parametrize(
    "usage, counts",
    [
        ({"prompt": 10, "output": 30, "thought": 12, "total": 40}, Counts(10, 18, 12, 0, 0, 40)),
        ({"prompt": 40, "output": 30, "thought": 10, "tool": 100, "total": 180}, Counts(40, 30, 10, 100, 0, 180)),
        ({"prompt": 140, "output": 30, "tool": 100, "total": 170}, Counts(40, 30, 0, 100, 0, 170)),
        ({"prompt": 140, "output": 30, "thought": 10, "tool": 100, "total": 170}, Counts(40, 20, 10, 100, 0, 170)),
        ({"prompt": 4, "output": 5, "thought": 9, "total": 9}, Counts(4, 5, 9, 0, 0, 18)),
        ({"prompt": 4, "output": 5, "total": 20}, Counts(4, 5, 11, 0, 0, 20)),
        ({"prompt": 4, "output": 5, "thought": 1, "total": 20}, Counts(4, 15, 1, 0, 0, 20)),
        ({"prompt": 4, "output": 5, "total": 4}, Counts(4, 5, 0, 0, 0, 9)),
        ({"prompt": 4, "output": 5, "cached": 9, "total": 9}, Counts(4, 5, 0, 0, 4, 9)),
    ],
)
def test_each_token_is_counted_once_whatever_the_habit(usage: dict[str, int], counts: Counts) -> None:
    assert counted(usage) == counts


def test_an_output_that_was_not_told_is_unknown_and_never_0() -> None:
    usage = {"prompt": 4, "total": 4}
    assert counted(usage, has_output=True) == Counts(4, None, 0, 0, 0, None)
    assert counted(usage, has_output=False) == Counts(4, 0, 0, 0, 0, 4)


objects_of_counts = st.lists(st.dictionaries(st.sampled_from(FIELDS), st.integers(0, 50)), min_size=1, max_size=4)


@given(objects_of_counts)
def test_the_sum_holds_whatever_is_said(objects: list[dict[str, int]]) -> None:
    counts = counted(*objects)
    known = (counts.input, counts.output, counts.thought, counts.tool, counts.total)
    if None not in known:
        assert sum(known[:-1]) == counts.total  # type: ignore[arg-type]
        assert (counts.cached or 0) <= (counts.input or 0)


def test_a_heartbeat_says_nothing_new() -> None:
    running = RunningCounts()
    usage = UsageMetadata(prompt_token_count=5, total_token_count=6)
    assert running.take_news(usage)
    assert not running.take_news(UsageMetadata(prompt_token_count=5, total_token_count=6))
    assert not running.take_news(UsageMetadata())
    assert running.take_news(UsageMetadata(prompt_token_count=5, total_token_count=7))
