"""A real Chromium. `python -m support.browser` says whether this machine has one."""

import asyncio
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Browser, Playwright, async_playwright

_NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
_ARGUMENTS = (
    "--no-sandbox",  # root has none
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--renderer-process-limit=1",  # for each site of a context: else each page starts one
)


def _executable(playwright: Playwright) -> str | None:
    """The Chromium of this machine, else the one that Playwright has fetched."""
    fetched = playwright.chromium.executable_path
    found = [path for name in _NAMES if (path := shutil.which(name))]
    return found[0] if found else fetched if Path(fetched).exists() else None


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        executable = _executable(playwright)
        assert executable, "no Chromium here: `make .venv/.chromium` installs one"
        browser = await playwright.chromium.launch(executable_path=executable, args=_ARGUMENTS)
        yield browser
        await browser.close()


async def _is_there() -> bool:
    async with async_playwright() as playwright:
        return _executable(playwright) is not None


if __name__ == "__main__":
    sys.exit(not asyncio.run(_is_there()))
