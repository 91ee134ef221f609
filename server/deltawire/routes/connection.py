"""The connection under a request, and work that is cancelled when its client leaves.

Litestar does not tell a handler that its client has left, so these functions watch the connection for it.
"""

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, TypeVar, cast

from litestar.types import Scope

from deltawire.chat.peer import PeerGone
from deltawire.chat.states import Reason
from deltawire.transport.http import HttpProtocol
from deltawire.transport.link import LINK

T = TypeVar("T")


def http_link(scope: Scope) -> HttpProtocol:
    """Return the connection under a request."""
    link: HttpProtocol = cast("dict[str, Any]", scope["extensions"])[LINK]
    return link


async def while_connected(
    scope: Scope, work: Coroutine[Any, Any, T], leave: Callable[[Reason], object] | None = None
) -> T:
    """Return what `work` returns. When the client leaves, call `leave`, cancel `work` and raise `PeerGone`.

    `work` runs in a task of its own: a delta then wakes only what sends it, not every function that led here.
    """
    exchange = http_link(scope).exchange
    if exchange is None or exchange.body.is_gone:
        work.close()
        raise PeerGone
    body, working = exchange.body, asyncio.ensure_future(work)
    body.watch(partial(_stop, working, leave))
    try:
        return await working  # a cancellation of this task cancels that one
    except asyncio.CancelledError:
        if body.is_gone:
            raise PeerGone from None
        if leave is not None:
            leave(Reason.DRAIN)  # uvicorn cancels what a drain has left running
        raise
    finally:
        body.watch(None)
        del working  # an error of the task would hold it by its traceback


def _stop(working: asyncio.Future[T], leave: Callable[[Reason], object] | None) -> None:
    if leave is not None:
        leave(Reason.CLIENT_GONE)
    working.cancel()
