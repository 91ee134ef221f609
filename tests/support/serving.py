"""A real server on a real port, in the test's own event loop."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import NamedTuple

import pytest

from deltawire.app import assemble
from deltawire.chat.session_registry import SessionRegistry
from deltawire.config.environment import load
from deltawire.conversations.migrate import prepare
from deltawire.process.server import Server, ServerConfig, Service, bind, url_of
from deltawire.protocol.errors import Failure
from support.loopback import LoopbackServer
from support.settings import prefixed

KEY = "planted-key-4f1c"
_QUIET_SECONDS = 20
MANY_HANDSHAKES = 10**6
"""Handshakes a minute that a server takes which tests share: they come from one address."""


class Running(NamedTuple):
    """A server that is running."""

    address: str
    service: Service

    async def wait_until_quiet(self) -> None:
        """Wait until no turn runs, and no socket is open."""
        drain = self.service.drain
        await drain._turn_registry.empty.wait()
        sessions: SessionRegistry = drain._sessions
        while sessions._open:  # noqa: ASYNC110 - there is no event to await
            await asyncio.sleep(0.005)


@asynccontextmanager
async def serving(upstream: LoopbackServer | None, **settings: object) -> AsyncIterator[str]:
    """Serve with these settings (without their prefix); yield `127.0.0.1:port`."""
    async with _running(upstream, **settings) as running:
        yield running.address


@asynccontextmanager
async def sharing(upstream: LoopbackServer, **settings: object) -> AsyncIterator[str]:
    """Yield the address of a server with these settings, which other tests use before and after this one.

    The next test gets it when its turns and sockets have ended. Its metrics and other counters are not set back.
    """
    settings = {"max_handshakes_per_minute": MANY_HANDSHAKES, **settings}
    environment = {name: value for name, value in os.environ.items() if name.startswith(("DELTAWIRE_", "G"))}
    key = frozenset({**environment, **prefixed(settings)}.items())
    running: Running = await upstream.shared_servers.of(key, lambda: _running(upstream, **settings))
    try:
        yield running.address
        async with asyncio.timeout(_QUIET_SECONDS):
            await running.wait_until_quiet()
    except BaseException:
        await upstream.shared_servers.drop(key)
        raise


@asynccontextmanager
async def _running(upstream: LoopbackServer | None, **settings: object) -> AsyncIterator[Running]:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("DELTAWIRE_PORT", "0")
        environment.setenv("DELTAWIRE_DRAIN_TIMEOUT", "0.1")
        if upstream is not None:
            environment.setenv("GEMINI_API_KEY", KEY)
            environment.setenv("GOOGLE_GEMINI_BASE_URL", upstream.url)
        for name, value in prefixed(settings).items():
            environment.setenv(name, value)
        chosen = load()
        with suppress(Failure):  # a server starts without its database, too
            await prepare(chosen.database)
        service = assemble(chosen)
        ready = asyncio.Event()
        server = Server(ServerConfig(service.app, service.listening), service, lambda: None, ready.set)
        [listener] = bind(chosen.host, chosen.port)
        task = asyncio.create_task(server.serve([listener]))
        readiness = asyncio.create_task(ready.wait())
        await asyncio.wait({task, readiness}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            await task
    try:
        yield Running(url_of(listener).removeprefix("http://"), service)
    finally:
        server.stop()
        await task
