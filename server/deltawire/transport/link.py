"""The connection under a request, as its handler uses it."""

from typing import Final, Protocol

from deltawire.aio.timeouts import ticking_timeout

LINK: Final = "deltawire.link"
"""The ASGI extension that holds it: a `WebSocketProtocol` or an `HttpProtocol`."""
MAX_HEADER_BYTES: Final = 2**15
"""The most bytes of the headers of a request or a handshake."""
MAX_HEADERS: Final = 256
"""The most headers: each costs time in every part of the server that searches them."""
CLOSE_GRACE_SECONDS: Final = 1.0
"""Seconds in which a client may read the last bytes of a closing connection; then it is aborted."""


class Link(Protocol):
    """A connection with a send buffer, which fills up while the client does not read."""

    @property
    def has_room(self) -> bool:
        """True while a send returns without waiting for the client to read."""
        ...

    async def room(self) -> None:
        """Wait until the client has read enough."""
        ...


async def room_within(link: Link, seconds: float) -> None:
    """Wait until the link has room to send; raise TimeoutError after these seconds."""
    async with ticking_timeout(seconds):
        while not link.has_room:  # another turn may have filled the buffer again
            await link.room()
