"""Room for new connections: one that waits for its next request holds a descriptor of the process for minutes."""

import resource
import sys
from collections.abc import Collection
from typing import Any, Final


def _most_connections() -> int:
    """Return three quarters of the process's descriptors: files, databases and the upstream need the others."""
    descriptors, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return sys.maxsize if descriptors == resource.RLIM_INFINITY else descriptors * 3 // 4


_MOST: Final = _most_connections()
_AT_ONCE: Final = 16
"""The part of `_MOST` that is closed at once: to find the oldest, all connections are looked at."""


def make_room(connections: Collection[Any]) -> None:
    """Close the connections that have waited longest for their next request, where there are too many of all kinds."""
    if len(connections) < _MOST:
        return
    idle = [connection for connection in connections if _is_idle(connection)]
    idle.sort(key=lambda connection: connection.deadline.due)
    for connection in idle[: max(1, _MOST // _AT_ONCE)]:
        connection.transport.close()


def _is_idle(connection: Any) -> bool:
    """Return whether a connection waits for its next request; a socket never does."""
    deadline = getattr(connection, "deadline", None)
    if deadline is None or deadline.cuts_a_request:
        return False
    return connection.exchange is None and not connection.transport.is_closing()
