"""The benchmark counts an answer only when it is whole."""

import pytest
from bench import transcript
from bench.upstream import text_of


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
