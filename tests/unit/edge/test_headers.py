"""Headers with lists and parameters."""

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
