"""The client's end of a socket, as a session needs it."""

from collections.abc import Awaitable
from typing import Protocol

from deltawire.telemetry.request_context import RequestContext


class PeerGone(Exception):
    """The client has closed the socket, or its connection is lost."""


class PeerSlow(Exception):
    """The client has not read within the time-out of a send."""


class Peer(Protocol):
    """One client, over any transport."""

    @property
    def context(self) -> RequestContext:
        """The context of its requests."""
        ...

    @property
    def ended_with(self) -> int | None:
        """The code with which the server closed the socket; None while it has not."""
        ...

    @property
    def left_with(self) -> int | None:
        """The code of the client's close frame, 1005 for one without a code; None where no such frame came."""
        ...

    def receive(self) -> Awaitable[str | bytes | None]:
        """Return the next message, text or binary; None when the socket is closed."""
        ...

    def send(self, frame: bytes) -> Awaitable[None]:
        """Send one text message of UTF-8; raise `PeerGone` or `PeerSlow`."""
        ...

    def send_now(self, frame: bytes) -> bool:
        """Send without waiting; False when the client has to read first."""
        ...

    def end(self, code: int, reason: str) -> None:
        """Close the socket with this code, without waiting; `receive` then returns None."""
        ...
