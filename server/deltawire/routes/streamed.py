"""Responses that are made while they are sent: their memory does not grow with their length."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing

from litestar.types import ASGIApp, Receive, Scope, Send

from deltawire.edge.head_requests import is_head
from deltawire.protocol.errors import Failure
from deltawire.routes.connection import http_link
from deltawire.transport.http import HttpProtocol


def streamed(pieces: AsyncGenerator[bytes, None], headers: Mapping[str, str]) -> ASGIApp:
    """Return a response of these pieces; each is asked for when the client has read most of those before it.

    A `Failure` at the first piece is answered as one; a later one aborts the connection, so that nobody takes the part
    for the whole.
    """

    async def respond(scope: Scope, _: Receive, send: Send) -> None:
        async with aclosing(pieces):
            first = await anext(pieces, b"")
            fields = [(name.encode(), value.encode()) for name, value in headers.items()]
            await send({"type": "http.response.start", "status": 200, "headers": fields})
            if is_head(scope):  # nothing more is read for it
                await send({"type": "http.response.body", "body": b"", "more_body": False})
                return
            await send({"type": "http.response.body", "body": first, "more_body": True})
            try:
                await _send_rest(pieces, http_link(scope), send)
            except Failure:
                http_link(scope).abort()

    return respond


async def _send_rest(pieces: AsyncGenerator[bytes, None], link: HttpProtocol, send: Send) -> None:
    async for piece in pieces:
        if link.is_gone:
            return
        await send({"type": "http.response.body", "body": piece, "more_body": True})
        await asyncio.sleep(0)
    await send({"type": "http.response.body", "body": b"", "more_body": False})
