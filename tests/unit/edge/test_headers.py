"""Headers with lists and parameters."""

import time
from typing import Any, cast

import pytest

from deltawire.edge.headers import preferences


@pytest.mark.parametrize(
    "lines, names",
    [
        (["respond-async"], {"respond-async"}),
        (["respond-async, wait=5"], {"respond-async"}),
        (["wait=5", "Respond-Async"], {"respond-async"}),
        (["respond-async; x=1"], {"respond-async"}),
        (['respond-async="" ; x="a,b;c"'], {"respond-async"}),
        (["respond-async=no, lenient"], {"lenient"}),
        (['foo="a, respond-async, b"'], set()),
        (['foo="a\\", respond-async, b"'], set()),
        ([", ,"], {""}),
        ([], set()),
    ],
)
def test_preferences_are_read_with_their_values_parameters_and_quotes(lines: list[str], names: set[str]) -> None:
    headers = [(b"prefer", line.encode()) for line in lines]
    assert preferences(cast("Any", {"headers": [*headers, (b"other", b"x")]})) == names


@pytest.mark.parametrize(
    "line, names",
    [
        ('respond-async, foo="a', {"respond-async"}),
        ('foo="a, respond-async', {"respond-async"}),
        ('respond-async, foo="a\\', {"respond-async"}),
        ('respond-async, foo="' + '\\"' * 15_000, {"respond-async"}),
    ],
    ids=["a quote", "a quote before a name", "a backslash", "thousands of quotes"],
)
def test_a_quote_that_nothing_ends_is_an_ordinary_character_and_takes_no_time(line: str, names: set[str]) -> None:
    began = time.process_time()
    assert preferences(cast("Any", {"headers": [(b"prefer", line.encode())]})) == names
    assert time.process_time() - began < 0.5
