"""A real Firefox, the distribution's. `python -m support.firefox` says whether this machine has one."""

import shutil
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Browser, async_playwright

from support import firefox_bridge

_NAMES = ("firefox-esr", "firefox")
_LAUNCH_MS = 60_000


def _executable() -> str | None:
    return next((path for name in _NAMES if (path := shutil.which(name))), None)


@asynccontextmanager
async def firefox(**preferences: str | float | bool) -> AsyncIterator[Browser]:
    """Firefox, driven over WebDriver BiDi as any browser that is not Playwright's own; with these of `about:config`."""
    executable = _executable()
    assert executable, "no Firefox here: `make .venv/.firefox` installs one"
    with tempfile.TemporaryDirectory() as folder:
        bridge = Path(folder) / "firefox"
        bridge.write_text(f'#!/bin/sh\nFIREFOX={executable} exec {sys.executable} {firefox_bridge.__file__} "$@"\n')
        bridge.chmod(0o755)
        async with async_playwright() as playwright:
            launching = playwright.firefox.launch(
                channel="moz-firefox",
                executable_path=bridge,
                timeout=_LAUNCH_MS,
                env={"HOME": folder},
                firefox_user_prefs=preferences,
            )
            browser = await launching
            yield browser
            await browser.close()


if __name__ == "__main__":
    sys.exit(_executable() is None)
