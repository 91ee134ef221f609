"""One server as a process, from its start to its end: what `make check` asks of it."""

import aiohttp
from support.client import text_of
from support.process import running
from support.transports import TRANSPORTS
from support.upstream import Upstream, says


async def test_a_server_starts_serves_the_page_answers_on_each_transport_and_stops(upstream: Upstream) -> None:
    async with running(GEMINI_API_KEY="none", GOOGLE_GEMINI_BASE_URL=upstream.url) as server:
        await server.ready()
        async with aiohttp.ClientSession(f"http://{server.address}") as http:
            for path, shows in (("/livez", ""), ("/readyz", ""), ("/", "<title>Deltawire</title>")):
                async with http.get(path) as response:
                    assert response.status == 200, path
                    assert shows in await response.text()
        for name, ask in TRANSPORTS.items():
            upstream.plays(says("Hello"))
            frames = await ask(server.address)
            assert text_of(frames) == "Hello", name
            assert frames[-1]["type"] == "usage", name
        assert await server.stop() == 0
        assert server.drained == (0, 0, 0)
