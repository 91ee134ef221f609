"""The connection under a request, and work that is cancelled when its client leaves.

Litestar does not tell a handler that its client has left, so these functions watch for it.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar, cast

from litestar.types import Receive, Scope

from deltawire.chat.states import Reason
from deltawire.chat.turn import Turn
from deltawire.transport.http import HttpProtocol
from deltawire.transport.link import LINK

T = TypeVar("T")


def http_link(scope: Scope) -> HttpProtocol:
    """Return the connection under a request."""
    link: HttpProtocol = cast("dict[str, Any]", scope["extensions"])[LINK]
    return link


async def while_connected(receive: Receive, turn: Turn, work: Coroutine[Any, Any, T]) -> T | None:
    """Return what `work` returns; None when the client left, and `work`, which runs the turn, was cancelled."""
    return await until_left(receive, work, turn.leave)


async def until_left(receive: Receive, work: Coroutine[Any, Any, T], leave: Callable[[Reason], object]) -> T | None:
    """Return what `work` returns; None when the client left: then `leave` is called and `work` cancelled."""
    working = asyncio.ensure_future(work)
    watching = asyncio.ensure_future(_until_gone(receive))
    try:
        await asyncio.wait({working, watching}, return_when=asyncio.FIRST_COMPLETED)
    except asyncio.CancelledError:
        leave(Reason.DRAIN)  # uvicorn cancels what a drain has left running
        raise
    finally:
        watching.cancel()
        if not working.done():
            leave(Reason.CLIENT_GONE)
            working.cancel()
        await asyncio.wait({working, watching})
    return None if working.cancelled() else working.result()


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
