"""The bytes that a browser loads before the page can be used."""

import json
from pathlib import Path
from typing import Any

from support.paths import WEB

DIST = WEB / "dist"
FIRST_PAINT_BYTES = 90_000
WORDS_BYTES = 11_000
"""The words of one language, which the first picture does not wait for; Arabic has the most bytes."""


def first_paint(manifest: dict[str, Any], entry: str) -> set[str]:
    """The scripts that the entry imports, not those that it loads when they are needed."""
    files = {manifest[entry]["file"]}
    for imported in manifest[entry].get("imports", ()):
        files |= first_paint(manifest, imported)
    return files


def test_the_first_paint_takes_at_most_90_kb_of_javascript() -> None:
    manifest = json.loads((DIST / "manifest.json").read_text())
    scripts = first_paint(manifest, "index.html")
    weight = sum((DIST / f"{script}.gz").stat().st_size for script in scripts)
    assert 10_000 < weight <= FIRST_PAINT_BYTES


def test_the_words_of_each_language_are_a_part_that_comes_after_the_first_paint() -> None:
    manifest = json.loads((DIST / "manifest.json").read_text())
    at_first = first_paint(manifest, "index.html")
    words = {name: part["file"] for name, part in manifest.items() if name.startswith("src/text/words/")}
    assert {Path(name).stem for name in words} == {"ar", "de", "en", "es", "fr", "ja", "zh"}
    assert at_first.isdisjoint(words.values())
    for file in words.values():
        assert 1_000 < (DIST / f"{file}.gz").stat().st_size <= WORDS_BYTES
