"""The page of a run of `make bench-store`."""

import os
import platform
import statistics
from collections.abc import Iterable
from typing import Final, NamedTuple

from bench.conversations import MESSAGES_A_CONVERSATION

LIMIT_MS: Final = 50.0
_NOT_SEARCHES: Final = ("a page of the list", "one conversation")


class Latencies(NamedTuple):
    """The waits of a reader, in milliseconds, by request."""

    database: str
    times: dict[str, list[float]]
    """Sorted."""
    found: list[int]
    """The number of conversations that each search found."""
    cpu_ms: float
    """Of the server and its database, for each request."""

    @property
    def rows(self) -> dict[str, list[float]]:
        """Those, and all searches together."""
        searches = sorted(time for kind, times in self.times.items() if kind not in _NOT_SEARCHES for time in times)
        first = {kind: self.times[kind] for kind in _NOT_SEARCHES}
        return {**first, "a search": searches, **{f"… for {k}": v for k, v in self.times.items() if k not in first}}


class Stored(NamedTuple):
    """A database with all in it: its size and that of the search's index in bytes, the seconds that filling it took."""

    latencies: Latencies
    size: int
    index_size: int
    seconds: float


class Talk(NamedTuple):
    """The cost of turns of many deltas."""

    delta_us: float
    """CPU."""
    turn_ms: float
    """CPU, besides its deltas."""
    first_ms: float
    """To the first delta, p50."""
    late_ms: float
    """The same, p99."""


class TurnCosts(NamedTuple):
    """Turns that are kept beside turns that are not: several talks of each, taken alternately."""

    database: str
    not_stored: list[Talk]
    stored: list[Talk]


def page(conversations: int, stored: list[Stored], costs: list[TurnCosts], load: float) -> str:
    """docs/measurements/store.md."""
    return TEXT.format(
        conversations=conversations,
        messages=conversations * MESSAGES_A_CONVERSATION,
        cores=os.cpu_count(),
        python=platform.python_version(),
        load=load,
        targets=_table(("target", *(each.latencies.database for each in stored)), _targets(stored)),
        latencies=_table(
            ("asked for", *(f"{each.latencies.database}: p50, p95, ms" for each in stored)), _latencies(stored)
        ),
        cpu=", ".join(f"{each.latencies.cpu_ms:.1f} ms with {each.latencies.database}" for each in stored),
        sizes=_table(
            ("", "all, MiB", "the search's index, MiB"),
            (
                (each.latencies.database, f"{each.size / 2**20:,.0f}", f"{each.index_size / 2**20:,.0f}")
                for each in stored
            ),
        ),
        costs=_table(
            (
                "not kept, kept",
                "CPU a delta, µs",
                "least and most",
                "a turn besides, ms",
                "first delta p50, ms",
                "p99, ms",
            ),
            ((each.database, *_costs(each)) for each in costs),
        ),
        talks=len(costs[0].stored),
    )


def _costs(each: TurnCosts) -> Iterable[str]:
    both = (each.not_stored, each.stored)
    for field in range(len(Talk._fields)):
        values = [sorted(talk[field] for talk in talks) for talks in both]
        yield ", ".join(f"{statistics.median(some):.1f}" for some in values)
        if field == 0:
            yield ", ".join(f"{some[0]:.1f} to {some[-1]:.1f}" for some in values)


def _targets(stored: list[Stored]) -> Iterable[tuple[str, ...]]:
    for kind in (*_NOT_SEARCHES, "a search"):
        found = [percentile(each.latencies.rows[kind], 0.95) for each in stored]
        yield (f"{kind}: p95 at most {LIMIT_MS:g} ms", *(f"{ms:.1f} ms, {_verdict(ms)}" for ms in found))


def _verdict(ms: float) -> str:
    return "met" if ms <= LIMIT_MS else "**missed**"


def _latencies(stored: list[Stored]) -> Iterable[tuple[str, ...]]:
    for kind in stored[0].latencies.rows:
        times = [each.latencies.rows[kind] for each in stored]
        yield (kind, *(f"{percentile(each, 0.5):.1f}, {percentile(each, 0.95):.1f}" for each in times))


def percentile(times: list[float], share: float) -> float:
    """Within which this share of sorted times are."""
    return times[min(int(len(times) * share), len(times) - 1)]


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


TEXT: Final = """# The store: 100,000 conversations

One run of `make bench-store`, on {cores} cores that it shared with other work (load {load:.1f}: where that is more than
the cores, times are too long by about that factor), Python {python}: {conversations:,} conversations of one owner with
{messages:,} messages, read through the HTTP routes of `deltawire`, one request at a time. The words are
invented, with the frequencies of real words; see `tests/bench/conversations.py` and `searches.py`. The databases are
warm; PostgreSQL runs with `shared_buffers` of 2 GB.

{targets}

{latencies}

A request costs {cpu} of CPU, in the server and its database together.

{sizes}

## What keeping a turn costs

100 turns at once over sockets with 450 deltas each, 20 ms apart, {talks} times kept in conversations and as often not,
alternately; the medians. A delta's cost is the server's CPU of four seconds in which no turn begins or ends, by the
chunks of that time. Nothing is written between the first and the last delta: a delta goes to the conversation's list
where it would go to the socket's memory. Before the first delta, the question is on the disk.

{costs}
"""
