"""A client that does not read its response, or hardly: it holds the response for SEND_TIMEOUT, whatever the route."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import aiohttp
import pytest
from support.process import ServerProcess, running_over
from support.upstream import AT_ONCE, Upstream

_ESTABLISHED = "01"

MANY_BYTES = 6_000_000
"""More than the buffers of two kernels hold."""


@pytest.fixture(scope="module")
async def server() -> AsyncIterator[ServerProcess]:
    sizes = {"max_message_chars": str(MANY_BYTES), "max_history_chars": str(MANY_BYTES)}
    async with (
        Upstream() as upstream,
        running_over(upstream, send_timeout="1", max_frame_bytes=str(2 * MANY_BYTES), **sizes) as server,
    ):
        yield server


@pytest.fixture(scope="module")
async def conversation(server: ServerProcess) -> str:
    """The path of a conversation of many bytes."""
    async with aiohttp.ClientSession(f"http://{server.address}") as session:
        async with session.post("/conversations", json={}) as response:
            made = (await response.json())["id"]
        question = BytesIO(json.dumps({"message": "x" * MANY_BYTES, "conversation": made}).encode())
        async with session.post("/chat", data=question, headers={"Content-Type": "application/json"}) as response:
            assert response.status == 200
    return f"/conversations/{made}"


class Client:
    """A connection, whose kernel buffers little unless it may buffer what it likes."""

    def __init__(self, server: ServerProcess, *, buffers: bool = False) -> None:
        host, _, port = server.address.partition(":")
        self.socket = socket.socket()
        if not buffers:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.socket.connect((host, int(port)))
        self.socket.setblocking(False)  # noqa: FBT003 - the library's own
        self.received = 0
        mine = self.socket.getsockname()[1]
        self._ends = f"0100007F:{int(port):04X} 0100007F:{mine:04X}"

    async def ask(self, path: str) -> None:
        request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"
        await asyncio.get_running_loop().sock_sendall(self.socket, request.encode())

    async def read(self, size: int) -> bool:
        """Read; False at the end."""
        data = b""
        with suppress(ConnectionError):
            data = await asyncio.get_running_loop().sock_recv(self.socket, size)
        self.received += len(data)
        return data != b""

    def is_dropped(self) -> bool:
        """Return True if the server has closed its end, as the kernel knows: the client would have to read to find out.

        Asked several times, because the kernel's list may lack a connection while others come and go.
        """
        return all(self._is_not_listed() for _ in range(3))

    def _is_not_listed(self) -> bool:
        states = [line.split()[3] for line in Path("/proc/net/tcp").read_text().splitlines() if self._ends in line]
        return states != [_ESTABLISHED]

    async def dropped(self) -> None:
        """Wait until the server has closed its end."""
        async with asyncio.timeout(AT_ONCE):
            while not self.is_dropped():  # noqa: ASYNC110 - the kernel sets no event
                await asyncio.sleep(0.01)


async def reads_nothing(_: Client) -> None:
    """Leave it all where it is."""


async def reads_a_byte_now_and_then(client: Client) -> None:
    """Read, far too slowly."""
    while await client.read(1):  # noqa: ASYNC110 - so slowly
        await asyncio.sleep(0.02)


async def asks_again_and_again(client: Client) -> None:
    """Ask for more on the same connection instead of reading on."""
    await client.read(1)
    while True:
        await client.ask("/livez")
        await asyncio.sleep(0.02)


@pytest.mark.parametrize(
    "path, lingers",
    [
        ("", reads_nothing),
        ("/export", reads_nothing),
        ("/export?format=json", reads_nothing),
        ("", reads_a_byte_now_and_then),
        ("", asks_again_and_again),
    ],
)
async def test_a_response_that_is_not_read_is_dropped(
    server: ServerProcess, conversation: str, path: str, lingers: Callable[[Client], Awaitable[None]]
) -> None:
    client = Client(server)
    await client.ask(conversation + path)
    lingering = asyncio.ensure_future(lingers(client))
    await client.dropped()
    lingering.cancel()
    while client.received < MANY_BYTES and await client.read(2**20):
        pass
    assert 0 < client.received < MANY_BYTES
    client.socket.close()


async def test_a_client_that_reads_slowly_hears_all_of_it(server: ServerProcess, conversation: str) -> None:
    client = Client(server, buffers=True)
    await client.ask(conversation)
    loop = asyncio.get_running_loop()
    began = loop.time()
    async with asyncio.timeout(60):
        while client.received < MANY_BYTES and await client.read(2**16):  # noqa: ASYNC110 - slowly
            await asyncio.sleep(0.04)
    assert client.received >= MANY_BYTES
    assert loop.time() - began > 3  # several times the timeout
    client.socket.close()
