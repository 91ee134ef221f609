"""A start under a flood, with few descriptors: what fails meanwhile works once the flood is over."""

import asyncio
import socket
import sys
from contextlib import ExitStack

import aiohttp
from support.conversations import conversations_of
from support.process import running
from support.transports import TRANSPORTS, ask_rest
from support.upstream import Upstream

DESCRIPTORS = 32
CONNECTIONS = 60


async def test_nothing_fails_for_ever_that_failed_for_want_of_descriptors(upstream: Upstream, free_port: int) -> None:
    command = ("sh", "-c", f"ulimit -n {DESCRIPTORS}; exec {sys.executable} -m deltawire")
    environment = {"GEMINI_API_KEY": "none", "GOOGLE_GEMINI_BASE_URL": upstream.url, "DELTAWIRE_PORT": str(free_port)}
    async with running(*command, **environment) as server:
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


async def connected(port: int) -> socket.socket:
    """Connect as soon as somebody listens."""
    async with asyncio.timeout(20):
        while True:
            try:
                return socket.create_connection(("127.0.0.1", port))  # the kernel answers, or nobody does
            except ConnectionRefusedError:
                await asyncio.sleep(0.002)
