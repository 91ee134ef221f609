"""A real server on a real port, in the test's own event loop."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from deltawire.app import assemble
from deltawire.config.environment import load
from deltawire.conversations.migrate import prepare
from deltawire.process.server import Server, ServerConfig, bind, url_of
from deltawire.protocol.errors import Failure
from support.loopback import LoopbackServer
from support.settings import prefixed

KEY = "planted-key-4f1c"


@asynccontextmanager
async def serving(upstream: LoopbackServer | None, **settings: object) -> AsyncIterator[str]:
    """Serve with these settings (without their prefix); yield `127.0.0.1:port`."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("DELTAWIRE_PORT", "0")
        environment.setenv("DELTAWIRE_DRAIN_TIMEOUT", "0.1")
        if upstream is not None:
            environment.setenv("GEMINI_API_KEY", KEY)
            environment.setenv("GOOGLE_GEMINI_BASE_URL", upstream.url)
        for name, value in prefixed(settings).items():
            environment.setenv(name, value)
        chosen = load()
        with suppress(Failure):  # nor does a start wait for its database
            await prepare(chosen.database)
        service = assemble(chosen)
        ready = asyncio.Event()
        server = Server(ServerConfig(service.app, service.listening), service.drain, ready.set)
        [listener] = bind(chosen.host, chosen.port)
        task = asyncio.create_task(server.serve([listener]))
        readiness = asyncio.create_task(ready.wait())
        await asyncio.wait({task, readiness}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            await task
    try:
        yield url_of(listener).removeprefix("http://")
    finally:
        server.stop()
        await task
