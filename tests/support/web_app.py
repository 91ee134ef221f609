"""Applications of aiohttp, which stand for other servers in the tests."""

from aiohttp import web


async def started(runner: web.AppRunner) -> str:
    """Start an application on a free port of loopback; return its URL."""
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return f"http://127.0.0.1:{runner.addresses[0][1]}"
