"""Few descriptors: what failed under a flood at the start works after it, and kept connections give way to new ones."""

import asyncio
import socket
import sys
from contextlib import ExitStack
from typing import NamedTuple

import aiohttp
from support.client import connected as client_of
from support.conversations import conversations_of
from support.process import running
from support.transports import TRANSPORTS, ask_rest
from support.upstream import Upstream

DESCRIPTORS = 32
CONNECTIONS = 60


async def test_nothing_fails_for_ever_that_failed_for_want_of_descriptors(upstream: Upstream, free_port: int) -> None:
    environment = {"GEMINI_API_KEY": "none", "GOOGLE_GEMINI_BASE_URL": upstream.url, "DELTAWIRE_PORT": str(free_port)}
    async with running(*with_descriptors(DESCRIPTORS), **environment) as server:
        with ExitStack() as stack:
            for _ in range(CONNECTIONS):
                stack.enter_context(await connected(free_port))
            async with asyncio.timeout(20):
                while server.descriptors() < DESCRIPTORS - 1:  # noqa: ASYNC110 - nobody tells
                    await asyncio.sleep(0.01)
        await server.ready()
        async with conversations_of(server.address) as client, aiohttp.ClientSession() as http:
            async with asyncio.timeout(20):
                while not await client.is_ready():
                    pass
            conversation = await client.create()
            for ask in TRANSPORTS.values():
                assert (await ask(server.address, conversation=conversation))[-1]["type"] == "usage"
            for path in ("/", "/models", "/usage", "/metrics", "/schema", "/schema/openapi.json"):
                async with http.get(f"http://{server.address}{path}") as response:
                    assert response.status == 200
        async with asyncio.timeout(20):
            while (await ask_rest(server.address))[-1]["cost_usd"] is None:
                pass
        assert "Traceback" not in server.output


async def test_connections_that_wait_for_a_request_give_way_to_new_ones(upstream: Upstream) -> None:
    environment = {"GEMINI_API_KEY": "none", "GOOGLE_GEMINI_BASE_URL": upstream.url}
    async with running(*with_descriptors(200), **environment) as server:
        await server.ready()
        async with client_of(server.address) as client:
            waiting = [await kept_connection(server.address) for _ in range(250)]
            async with asyncio.timeout(20):
                assert await waiting[0].reader.read() == b"", "the first was closed"
            await waiting[-1].ask()
            assert (await client.ask())[-1]["type"] == "usage"
            for each in waiting:
                each.writer.close()


class Kept(NamedTuple):
    """A connection that is kept from one request to the next."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def ask(self) -> None:
        """Ask whether the server lives, and read its answer."""
        self.writer.write(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
        async with asyncio.timeout(20):
            assert (await self.reader.readuntil(b"}")).startswith(b"HTTP/1.1 200 ")


async def kept_connection(address: str) -> Kept:
    """Open a connection, and ask over it."""
    host, _, port = address.partition(":")
    kept = Kept(*await asyncio.open_connection(host, int(port)))
    await kept.ask()
    return kept


def with_descriptors(number: int) -> tuple[str, ...]:
    """The command of a server that may open so many files and sockets."""
    return "sh", "-c", f"ulimit -n {number}; exec {sys.executable} -m deltawire"


async def connected(port: int) -> socket.socket:
    """Connect as soon as somebody listens."""
    async with asyncio.timeout(20):
        while True:
            try:
                return socket.create_connection(("127.0.0.1", port))  # the kernel answers, or nobody does
            except ConnectionRefusedError:
                await asyncio.sleep(0.002)
