"""The connection under a request, as a handler finds it."""

import asyncio
from typing import Final, Protocol

LINK: Final = "deltawire.link"
"""The ASGI extension that holds it: a `WebSocketProtocol` or an `HttpProtocol`."""
MAX_HEADER_BYTES: Final = 2**15
"""Of a request or a handshake."""
CLOSE_GRACE_SECONDS: Final = 1.0
"""For the last bytes of a connection that is being closed; one that is not read by then is aborted."""


class Link(Protocol):
    """A connection that may be full of what its client has not read."""

    @property
    def has_room(self) -> bool:
        """True while a send returns without waiting for the client to read."""
        ...

    async def room(self) -> None:
        """Wait until the client has read enough."""
        ...


async def room_within(link: Link, seconds: float) -> None:
    """Wait until the client has read enough; raise TimeoutError when that takes longer than this."""
    async with asyncio.timeout(seconds):
        while not link.has_room:  # another turn may have taken it
            await link.room()
