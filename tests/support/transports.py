"""The three transports, each as a client sees it: the same questions, the same frames back."""

import asyncio
import json
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from support.client import Frame, connected
from support.openai_wire import FORMS

UPGRADE = {
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version": "13",
}
"""The headers of a WebSocket handshake."""

Ask = Callable[..., Coroutine[Any, Any, list[Frame]]]


async def ask_socket(address: str, message: str = "hi", **fields: Any) -> list[Frame]:
    """One turn over `/ws`."""
    async with connected(address, max_size=None) as client:
        return await client.ask(message, **fields)


async def ask_sse(address: str, message: str = "hi", **fields: Any) -> list[Frame]:
    """One turn over `/chat/stream`."""
    async with posting(address, "/chat/stream", message, **fields) as response:
        if response.status != 200:
            return [error_in(await response.json(content_type="application/problem+json"), response.status)]
        assert response.content_type == "text/event-stream"
        return [frame async for frame in events(response)]


async def ask_rest(address: str, message: str = "hi", **fields: Any) -> list[Frame]:
    """One turn over `/chat`, as the frames that its answer is made of."""
    async with posting(address, "/chat", message, **fields) as response:
        body = await response.json(content_type=response.content_type)
        if response.status != 200:
            assert response.content_type == "application/problem+json"
            return [*piece("delta", body), error_in(body, response.status)]
        assert body["sources"] == []
        usage = {"type": "usage", "id": body["id"], **body["usage"]}
        return [*piece("thought", {**body, "text": body["thoughts"]}), *piece("delta", body), usage]


TRANSPORTS: dict[str, Ask] = {"socket": ask_socket, "sse": ask_sse, "rest": ask_rest}


@asynccontextmanager
async def posting(address: str, path: str, message: str = "hi", **fields: Any) -> AsyncIterator[aiohttp.ClientResponse]:
    """A POST on a connection of its own, which is closed at the end."""
    connector = aiohttp.TCPConnector(force_close=True)
    async with (
        aiohttp.ClientSession(connector=connector, read_bufsize=2**24) as session,
        session.post(f"http://{address}{path}", json={"message": message, **fields}) as response,
    ):
        yield response


async def events(response: aiohttp.ClientResponse) -> AsyncIterator[Frame]:
    """The frames of an event stream; each says its type twice, the same."""
    body = b""
    async for data in response.content.iter_any():
        *whole, body = (body + data).split(b"\n\n")
        for event in whole:
            if not event.startswith(b":"):
                name, line = event.split(b"\n")
                frame = json.loads(line.removeprefix(b"data: "))
                assert name == b"event: " + frame["type"].encode()
                yield frame
    assert body == b""


async def post(address: str, path: str, body: bytes, **headers: str) -> tuple[int, Any, Mapping[str, str]]:
    """The status, the body (None when it is no JSON) and the headers of an answer to these bytes."""
    headers = {"Content-Type": "application/json"} | headers
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"http://{address}{path}", data=body, headers=headers) as response,
    ):
        is_json = response.content_type.endswith("json")
        return response.status, json.loads(await response.read()) if is_json else None, response.headers


async def handshake(address: str, path: str = "/ws", **headers: str) -> tuple[int, Any, Mapping[str, str]]:
    """Return the answer to a WebSocket handshake that has exactly these headers; the socket is dropped."""
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://{address}{path}", headers={**UPGRADE, **headers}) as response,
    ):
        problem = None if response.status == 101 else json.loads(await response.read())
        return response.status, problem, response.headers


def piece(kind: str, body: dict[str, Any]) -> list[Frame]:
    return [{"type": kind, "id": body["id"], "text": body["text"]}] if body["text"] else []


def error_in(problem: dict[str, Any], status: int) -> Frame:
    assert problem["status"] == status
    assert problem["detail"] == problem["message"]
    return {**problem, "type": "error"}


class Listener:
    """A client that has asked, and can leave in more than one way."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def reads_until(self, words: bytes) -> None:
        """Wait until the server has sent these words."""
        await self.reader.readuntil(words)

    def close(self) -> None:
        """Leave as a client that has had enough."""
        self.writer.close()

    def drop(self) -> None:
        """Leave as a browser, which waits for no goodbye of TLS."""
        self.writer.transport.abort()

    def close_half(self) -> None:
        """Leave, and keep the other direction open."""
        self.writer.write_eof()

    def reset(self) -> None:
        """Leave as a machine that has crashed."""
        connection = self.writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


async def listening(
    address: str,
    path: str,
    message: str = "hi",
    turn: str = "t1",
    *,
    finished: bool = True,
    tls: ssl.SSLContext | None = None,
    **fields: str,
) -> Listener:
    """Post a question over a raw connection, to its last byte or not, and do not wait for the answer."""
    host, _, port = address.partition(":")
    reader, writer = await asyncio.open_connection(host, int(port), limit=2**16, ssl=tls)
    question = {"message": message, "id": turn, **fields}
    form = FORMS.get(path)
    if form is not None:
        path, question = form.path, form.body
    body = json.dumps(question).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    writer.write(head.encode() + b"\r\n\r\n" + body[: None if finished else -1])
    return Listener(reader, writer)
