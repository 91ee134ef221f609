"""The public routes: a handler marks itself as public in its `opt`.

The gate runs before the routing, so it gets the paths of these handlers, once, at the start.
"""

import re
from collections.abc import Iterable
from typing import Any, Final

from litestar import Litestar
from litestar.handlers import BaseRouteHandler

PUBLIC: Final = "deltawire.public"
"""This path may be read without authentication: True, or the exact paths that a handler of files serves."""
PUBLIC_PATTERN: Final = "deltawire.public_pattern"
"""The same mark for the paths that match a compiled regular expression."""
ANY_HOST: Final = "deltawire.any_host"
"""This path is answered whatever the Host header says: health checks address a server by its IP."""


def paths_marked(app: Litestar, mark: str) -> frozenset[str]:
    """Return the whole paths of the handlers whose `opt` holds this mark."""
    found: set[str] = set()
    for path, handler in _handlers(app):
        value = handler.opt.get(mark)
        if value is True and "{" not in path:
            found.add(path)
        elif isinstance(value, frozenset):
            found |= value
    return frozenset(found)


def patterns_marked(app: Litestar) -> tuple[re.Pattern[str], ...]:
    """Return the patterns of further public paths."""
    patterns = (handler.opt.get(PUBLIC_PATTERN) for _, handler in _handlers(app))
    return tuple(dict.fromkeys(pattern for pattern in patterns if pattern is not None))


def _handlers(app: Litestar) -> Iterable[tuple[str, BaseRouteHandler]]:
    for route in app.routes:
        handlers: Any = getattr(route, "route_handlers", None) or [route.route_handler]  # type: ignore[union-attr]
        for handler in handlers:
            yield route.path, handler
