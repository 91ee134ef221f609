"""Hide a library, which nothing here needs, from another one that would import it."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def without(library: str) -> Iterator[None]:
    """Let imports in the block find no such library, unless it is imported already."""
    modules: dict[str, Any] = sys.modules
    if library in modules:
        yield
        return
    modules[library] = None  # so Python marks a module that cannot be imported
    try:
        yield
    finally:
        del modules[library]


def import_structlog() -> None:
    """Import structlog without rich, which it would take for tracebacks: this server logs none."""
    with without("rich"):
        import structlog  # noqa: F401, PLC0415 - it is imported by whoever calls this first
