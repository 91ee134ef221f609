"""Room for new connections: one that waits for its next request holds a descriptor of the process for minutes."""

import resource
import sys
from itertools import islice
from typing import Any, Final

_AT_ONCE: Final = 16
"""The part of the most connections that is closed at once."""


def most_connections() -> int:
    """Return three quarters of the process's descriptors: files, databases and the upstream need the others."""
    descriptors, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return sys.maxsize if descriptors == resource.RLIM_INFINITY else descriptors * 3 // 4


class WaitingConnections:
    """The kept connections of a server that wait for their next request."""

    def __init__(self, most: int) -> None:
        """With `most` connections of all kinds, those that wait give way to new ones."""
        self._most = most
        self._waiting: dict[Any, None] = {}
        """In the order in which they began to wait."""

    def add(self, connection: Any) -> None:
        """Note that a connection waits."""
        self._waiting[connection] = None

    def discard(self, connection: Any) -> None:
        """Note that a connection does not wait any more, if it did."""
        self._waiting.pop(connection, None)

    def make_room(self, connections: int) -> None:
        """Close those that have waited longest, where so many connections are open."""
        if connections < self._most:
            return
        for connection in list(islice(self._waiting, max(1, self._most // _AT_ONCE))):
            del self._waiting[connection]
            connection.transport.close()
