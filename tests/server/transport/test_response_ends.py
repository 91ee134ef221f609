"""The end of a response, as its client sees it: then the next request comes, whatever the application still does."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from support.conversations import conversations_of
from support.serving import serving
from support.transports import ask_rest
from support.upstream import AT_ONCE, Upstream
from uvicorn.config import Config
from uvicorn.server import ServerState

from deltawire.transport.deadlines import HttpTimeouts
from deltawire.transport.http import HttpProtocol
from deltawire.transport.room import WaitingConnections

ROUNDS = 20


class TwoRequests:
    """An application whose first response is not over, for itself, before the second request has come."""

    def __init__(self, status: int, body: bytes, headers: list[tuple[bytes, bytes]]) -> None:
        self._status = status
        self._body = body
        self._headers = headers
        self._has_come = asyncio.Event()

    async def __call__(self, scope: Any, _: Any, send: Callable[[Any], Awaitable[None]]) -> None:
        start = {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"6")]}
        if scope["path"] == "/second":
            self._has_come.set()
            await send(start)
            await send({"type": "http.response.body", "body": b"second"})
            return
        await send({**start, "status": self._status, "headers": self._headers})
        await send({"type": "http.response.body", "body": self._body, "more_body": True})
        await self._has_come.wait()
        await send({"type": "http.response.body", "body": b""})


@asynccontextmanager
async def connected_to(app: Any) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection to this application, by this server's protocol."""
    config = Config(app, lifespan="off", log_config=None)
    config.load()
    timeouts = HttpTimeouts(handshake=AT_ONCE, send=AT_ONCE, keep_alive=AT_ONCE)
    state, waiting = ServerState(), WaitingConnections(100)
    server = await asyncio.get_running_loop().create_server(
        lambda: HttpProtocol(timeouts=timeouts, waiting=waiting, config=config, server_state=state, app_state={}),
        "127.0.0.1",
    )
    async with server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        yield reader, writer
        writer.close()


@pytest.mark.parametrize(
    "method, status, body, headers",
    [
        pytest.param("HEAD", 200, b"", [], id="a head that was asked for"),
        pytest.param("GET", 204, b"", [], id="204"),
        pytest.param("GET", 304, b"", [], id="304"),
        pytest.param("GET", 200, b"", [(b"content-length", b"0")], id="an empty body"),
        pytest.param("GET", 200, b"first", [(b"content-length", b"5")], id="the last byte"),
    ],
)
async def test_the_next_request_is_answered_while_the_application_has_not_ended_the_last_response(
    method: str, status: int, body: bytes, headers: list[tuple[bytes, bytes]]
) -> None:
    async with connected_to(TwoRequests(status, body, headers)) as (reader, writer), asyncio.timeout(AT_ONCE):
        writer.write(f"{method} /first HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 %d " % status)
        assert await reader.readexactly(len(body)) == body
        writer.write(b"GET /second HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert (await reader.read()).endswith(b"\r\n\r\nsecond")


async def test_a_kept_connection_goes_on_after_the_head_of_a_conversation_or_of_the_page(upstream: Upstream) -> None:
    async with serving(upstream) as address, conversations_of(address) as client:
        conversation = await client.create()
        await ask_rest(address, conversation=conversation)
        paths = [
            f"/conversations/{conversation}",
            f"/conversations/{conversation}/export",
            "/conversations/export",
            "/",
        ]
        connection = aiohttp.TCPConnector(limit=1)
        async with aiohttp.ClientSession(f"http://{address}", connector=connection) as session:
            for path in paths * ROUNDS:
                async with session.head(path) as response:
                    assert response.status == 200
                async with session.post("/conversations", json={}) as response:
                    assert response.status == 201
