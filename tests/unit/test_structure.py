"""The shape of the code: nothing grows beyond what one look takes in."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from support.paths import ROOT

PACKAGE: Final = ROOT / "server" / "deltawire"
TABLES: Final = {"config/settings.py"}
"""Modules that are one table, row by row."""
MAX_MODULE_LINES: Final = 300
MAX_FUNCTION_LINES: Final = 50
MAX_ATTRIBUTES: Final = 12
MAX_ENTRIES: Final = 18


def modules() -> Iterator[tuple[str, str]]:
    for file in sorted(PACKAGE.rglob("*.py")):
        yield file.relative_to(PACKAGE).as_posix(), file.read_text()


def own_attributes(node: ast.ClassDef) -> set[str]:
    """Return the names that its methods assign on `self`."""
    return {
        target.attr
        for inner in ast.walk(node)
        if isinstance(inner, ast.Assign | ast.AnnAssign)
        for target in (inner.targets if isinstance(inner, ast.Assign) else [inner.target])
        if isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name) and target.value.id == "self"
    }


def test_no_module_but_a_table_is_too_long() -> None:
    long = {name: len(text.splitlines()) for name, text in modules() if name not in TABLES}
    assert not {name: lines for name, lines in long.items() if lines > MAX_MODULE_LINES}


def test_no_function_is_too_long() -> None:
    long = {
        f"{name}:{node.name}": lines
        for name, text in modules()
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if (lines := (node.end_lineno or 0) - node.lineno + 1) > MAX_FUNCTION_LINES
    }
    assert not long


def test_no_class_but_the_table_of_metrics_has_too_many_attributes() -> None:
    large = {
        f"{name}:{node.name}": len(own)
        for name, text in modules()
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.ClassDef) and node.name != "Metrics"
        if len(own := own_attributes(node)) > MAX_ATTRIBUTES
    }
    assert not large


def test_the_package_shows_few_rooms() -> None:
    entries = [entry.name for entry in PACKAGE.iterdir() if entry.name not in ("__init__.py", "__pycache__")]
    assert len(entries) <= MAX_ENTRIES, entries


def test_every_room_says_what_it_is_for() -> None:
    rooms = [folder for folder in PACKAGE.iterdir() if folder.is_dir() and folder.name != "__pycache__"]
    undescribed = [
        room.name for room in rooms if not ast.get_docstring(ast.parse(Path(room, "__init__.py").read_text()))
    ]
    assert not undescribed
