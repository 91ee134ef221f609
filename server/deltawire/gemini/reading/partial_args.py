"""The arguments of a call that come in pieces, as Vertex AI sends them: each piece has a path and a value. No I/O."""

import re
from itertools import pairwise
from typing import Any, Final

import msgspec

_step = re.compile(r"""\.([^.\[\]]+)|\[(\d{1,9})\]|\['((?:[^'\\]|\\.)*)'\]|\["((?:[^"\\]|\\.)*)"\]""")
_MAX_STEPS: Final = 64
_MAX_INDEX: Final = 10_000
"""The longest list that is made; a path that leads further is ignored."""


class PartialArg(msgspec.Struct, rename="camel", gc=False):
    """One piece of the arguments; a value that is left out is null."""

    json_path: str | None = None
    string_value: str | None = None
    number_value: float | int | None = None
    bool_value: bool | None = None

    @property
    def value(self) -> Any:
        """The value, of whatever kind it is."""
        for value in (self.string_value, self.number_value, self.bool_value):
            if value is not None:
                return value
        return None


class PartialArguments:
    """The arguments of one call, so far."""

    __slots__ = ("value",)

    def __init__(self, first: Any = None) -> None:
        """Start with those that came with the first piece, if any."""
        self.value: dict[str, Any] = first if isinstance(first, dict) else {}

    def add(self, piece: PartialArg) -> None:
        """Add a piece. A string at a path that has one is its continuation."""
        steps = steps_of(piece.json_path or "")
        if not steps or isinstance(steps[0], int):
            return
        container: Any = self.value
        for step, following in pairwise(steps):
            container = _child(container, step, [] if isinstance(following, int) else {})
        last, value = steps[-1], piece.value
        before = _get(container, last)
        if isinstance(value, str) and isinstance(before, str):
            value = before + value
        _set(container, last, value)


def steps_of(path: str) -> list[str | int]:
    """Return the names and indexes of a JSON path such as `$.items[0].name`; an empty list for one of another kind."""
    steps: list[str | int] = []
    at = 1 if path.startswith("$") else 0
    text = path if at else f".{path}"
    while at < len(text):
        step = _step.match(text, at)
        if step is None or len(steps) == _MAX_STEPS:
            return []
        at = step.end()
        index = step[2]
        if index is not None and int(index) >= _MAX_INDEX:
            return []
        steps.append(int(index) if index is not None else step[1] or step[3] or step[4] or "")
    return steps


def _get(container: Any, step: str | int) -> Any:
    if isinstance(container, dict) and isinstance(step, str):
        return container.get(step)
    if isinstance(container, list) and isinstance(step, int) and step < len(container):
        return container[step]
    return None


def _set(container: Any, step: str | int, value: Any) -> None:
    if isinstance(container, dict) and isinstance(step, str):
        container[step] = value
    elif isinstance(container, list) and isinstance(step, int):
        container.extend([None] * (step + 1 - len(container)))
        container[step] = value


def _child(container: Any, step: str | int, empty: Any) -> Any:
    """Return the value at this step of a container; put `empty` there when the value is of another kind."""
    child = _get(container, step)
    if type(child) is not type(empty):
        _set(container, step, empty)
        child = empty
    return child
