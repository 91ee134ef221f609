"""A real server on a real port, in the test's own event loop."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from server.app import create_app, listening
from server.listener import Server, ServerConfig
from server.settings import load
from support.upstream import Upstream

KEY = "planted-key-4f1c"


@asynccontextmanager
async def serving(upstream: Upstream | None, **settings: object) -> AsyncIterator[str]:
    """Serve with these settings (without their prefix); yield `127.0.0.1:port`."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("DELTAWIRE_PORT", "0")
        environment.setenv("DELTAWIRE_DRAIN_TIMEOUT", "1")
        if upstream is not None:
            environment.setenv("GEMINI_API_KEY", KEY)
            environment.setenv("GOOGLE_GEMINI_BASE_URL", upstream.url)
        for name, value in settings.items():
            environment.setenv(f"DELTAWIRE_{name.upper()}", str(value))
        chosen = load()
        server = Server(ServerConfig(create_app(chosen), listening(chosen)))
        task = asyncio.create_task(server.serve())
        ready = asyncio.create_task(server.ready.wait())
        await asyncio.wait({task, ready}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            await task
    try:
        yield server.url.removeprefix("http://")
    finally:
        server.should_exit = True
        await task
