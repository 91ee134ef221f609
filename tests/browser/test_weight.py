"""What a browser loads before the page can be used."""

import json
from typing import Any

from support.paths import WEB

DIST = WEB / "dist"
FIRST_PAINT_BYTES = 95_000


def first_paint(manifest: dict[str, Any], entry: str) -> set[str]:
    """The scripts that the entry imports, not those that it loads when they are needed."""
    files = {manifest[entry]["file"]}
    for imported in manifest[entry].get("imports", ()):
        files |= first_paint(manifest, imported)
    return files


def test_the_first_paint_takes_at_most_95_kb_of_javascript() -> None:
    manifest = json.loads((DIST / "manifest.json").read_text())
    scripts = first_paint(manifest, "index.html")
    weight = sum((DIST / f"{script}.gz").stat().st_size for script in scripts)
    assert 10_000 < weight <= FIRST_PAINT_BYTES
