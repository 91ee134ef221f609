"""Responses that are not read: long ones count for the caller's quota of memory until the connection has taken them."""

from typing import Final

from litestar.types import ASGIApp, Message, Receive, Scope, Send

from deltawire.edge.gate import refuse
from deltawire.identity.caller import caller_of
from deltawire.identity.quota import Holding, Quota
from deltawire.protocol.errors import Failure
from deltawire.routes.connection import http_link
from deltawire.telemetry.refusals import Refusals

_LONG_BYTES: Final = 2**16
"""The shortest body that counts. Bodies in pieces do not: each piece waits for its client by itself."""


class UnreadResponses:
    """ASGI middleware under the gate that counts long responses to GET, and refuses one too many."""

    def __init__(self, app: ASGIApp, quota: Quota, refusals: Refusals) -> None:
        """Wrap `app`; `quota` bounds the bytes of these responses."""
        self._app = app
        self._quota = quota
        self._refusals = refusals

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on. Only the response to a GET of a named caller is counted."""
        if scope.get("method") != "GET" or not caller_of(scope).name:
            await self._app(scope, receive, send)
            return
        holding = Holding(self._quota, caller_of(scope).name)
        start: Message | None = None
        is_refused = False

        async def counted(message: Message) -> None:
            nonlocal start, is_refused
            if message["type"] == "http.response.start" and _length_of(message) > _LONG_BYTES:
                start = message  # until its body has come: it may be refused
            elif start is not None and message["type"] == "http.response.body":
                first, start = start, None
                try:
                    holding.add(0 if message.get("more_body") else len(message.get("body", b"")))
                except Failure as failure:
                    is_refused = True
                    await refuse(scope, send, self._refusals, failure)
                    return
                await send(first)
                await send(message)
            elif not is_refused:
                await send(message)

        try:
            await self._app(scope, receive, counted)
            if holding.amount:
                await http_link(scope).ready()
        finally:
            holding.set_amount(0)


def _length_of(start: Message) -> int:
    if start["type"] != "http.response.start":
        return 0
    return next((int(value) for name, value in start["headers"] if name.lower() == b"content-length"), 0)
