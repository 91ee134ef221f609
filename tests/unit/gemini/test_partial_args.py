"""The arguments of a call that come in pieces."""

from typing import Any

import pytest

from deltawire.gemini.reading.partial_args import PartialArg, PartialArguments, steps_of


@pytest.mark.parametrize(
    "path, steps",
    [
        ("$.city", ["city"]),
        ("$.items[0].name", ["items", 0, "name"]),
        ("$.items[0][12]", ["items", 0, 12]),
        ("$['a b'][\"c.d\"].e", ["a b", "c.d", "e"]),
        ("city", ["city"]),
        ("$", []),
        ("", []),
        ("$..x", []),
        ("$.x[", []),
        ("$.x[10000]", []),
        ("$" + ".x" * 65, []),
    ],
)
def test_a_path_is_read_as_names_and_indexes(path: str, steps: list[str | int]) -> None:
    assert steps_of(path) == steps


@pytest.mark.parametrize(
    "pieces, whole",
    [
        ([("$.a", "x"), ("$.a", "y"), ("$.a", "")], {"a": "xy"}),
        ([("$.a", 1), ("$.b", 0.5), ("$.c", True), ("$.d", None)], {"a": 1, "b": 0.5, "c": True, "d": None}),
        ([("$.l[1]", "b"), ("$.l[0]", "a")], {"l": ["a", "b"]}),
        ([("$.l[0].n", "a"), ("$.l[1].n", "b")], {"l": [{"n": "a"}, {"n": "b"}]}),
        ([("$.m[0][1]", 5)], {"m": [[None, 5]]}),
        ([("$.a", "x"), ("$.a.b", 1)], {"a": {"b": 1}}),
        ([("$[0]", 1), ("nonsense[", 1)], {}),
    ],
)
def test_the_pieces_are_joined(pieces: list[tuple[str, Any]], whole: dict[str, Any]) -> None:
    arguments = PartialArguments()
    for path, value in pieces:
        kinds = {str: "string_value", bool: "bool_value", int: "number_value", float: "number_value"}
        given = {} if value is None else {kinds[type(value)]: value}
        arguments.add(PartialArg(json_path=path, **given))
    assert arguments.value == whole
