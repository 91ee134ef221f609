"""The price of a delta, held by a short form of `make bench`: as a ratio, never in absolute times."""

import pytest
from bench import measure, transcript
from bench.measure import Load
from bench.services import DELTAWIRE, FASTAPI, bench
from bench.upstream import text_of

LOAD = Load(streams=200, chunks=200, spread=1.0)
LEAST_RATIO = 4.5
"""The aim is 6. On machines with other work 4.9 to 5.3 were seen, so 6 would fail there each time."""


@pytest.mark.alone
async def test_a_chunk_costs_a_small_part_of_what_a_plain_fastapi_service_pays() -> None:
    async with bench() as started, started.running(DELTAWIRE) as ours, started.running(FASTAPI) as theirs:
        await measure.warm_up(started, ours, "socket")
        await measure.warm_up(started, theirs, "sse")
        plain = await measure.under(started, theirs, "sse", LOAD)
        cheap = await measure.under(started, ours, "socket", LOAD)
    assert plain.cpu_us / cheap.cpu_us >= LEAST_RATIO, f"{plain.cpu_us:.0f} µs a chunk to {cheap.cpu_us:.0f}"


def frames(*payloads: bytes) -> bytes:
    return b"".join(bytes((0x81, len(payload))) + payload for payload in payloads)


DELTAS = [b'{"type":"delta","text":"%b"}' % text_of(index).encode() for index in range(2)]
USAGE = b'{"type":"usage"}'


@pytest.mark.parametrize(
    "received, whole",
    [
        (frames(*DELTAS, USAGE), True),
        (frames(DELTAS[0], USAGE), False),
        (frames(DELTAS[1], DELTAS[0], USAGE), False),
        (frames(*DELTAS), False),
        (frames(*DELTAS, USAGE, USAGE), False),
        (frames(*DELTAS, USAGE)[:-1], False),
    ],
    ids=["whole", "a chunk short", "out of order", "without an end", "with two ends", "cut"],
)
def test_the_benchmark_counts_only_whole_answers(received: bytes, *, whole: bool) -> None:
    assert (transcript.read("socket", received, chunks=2).problem is None) is whole
