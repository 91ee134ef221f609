"""Applications of aiohttp, which stand for other servers in the tests."""

from typing import Self

from aiohttp import web


async def started(runner: web.AppRunner) -> str:
    """Start an application on a free port of loopback; return its URL."""
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return f"http://127.0.0.1:{runner.addresses[0][1]}"


class WebApp:
    """An application that runs on loopback while it is entered; `url` is its own."""

    def __init__(self, app: web.Application) -> None:
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)

    async def __aenter__(self) -> Self:
        self.url = await started(self._runner)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()
