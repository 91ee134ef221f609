"""The connection under a request, and work that is cancelled when its client leaves.

Litestar does not tell a handler that its client has left, so these functions watch the connection for it.
"""

import asyncio
from collections.abc import Callable, Coroutine
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

    `work` runs in this task, and no other one waits for the client: a turn would cost a twentieth more.
    """
    exchange, task = http_link(scope).exchange, asyncio.current_task()
    if task is None:
        raise AssertionError("a request is answered in a task")
    if exchange is None or exchange.body.is_gone:
        work.close()
        raise PeerGone
    has_left = False

    def on_gone() -> None:
        nonlocal has_left
        has_left = True
        if leave is not None:
            leave(Reason.CLIENT_GONE)
        task.cancel()

    exchange.body.watch(on_gone)
    try:
        return await work
    except asyncio.CancelledError:
        if has_left:
            raise PeerGone from None
        if leave is not None:
            leave(Reason.DRAIN)  # uvicorn cancels what a drain has left running
        raise
    finally:
        exchange.body.watch(None)
        if has_left:
            task.uncancel()
