"""A real WebKit, the distribution's, over WebDriver. `python -m support.webkit` says whether this machine has one."""

import asyncio
import base64
import os
import shutil
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import aiohttp

from support.ports import free_port

ENTER: Final = "\ue007"
_LOOK_AGAIN_SECONDS: Final = 0.1
_BROWSERS: Final = Path("/usr/lib").glob("*/webkit2gtk-4.*/MiniBrowser")
_ELEMENT: Final = "element-6066-11e4-a52e-4f735466cecf"  # the name that WebDriver gives to references


def _parts() -> tuple[str | None, str | None, str | None]:
    return shutil.which("Xvfb"), shutil.which("WebKitWebDriver"), next((str(path) for path in _BROWSERS), None)


class WebKitPage:
    """One page."""

    def __init__(self, session: aiohttp.ClientSession, path: str) -> None:
        self._session, self._path = session, path

    async def call(self, command: str, **body: Any) -> Any:
        """Send a command of WebDriver; return what it gives."""
        async with self._session.post(f"{self._path}/{command}", json=body) as response:
            value = (await response.json())["value"]
            assert response.ok, value
            return value

    async def run(self, script: str, *arguments: Any) -> Any:
        """Return what the body of a function returns."""
        return await self.call("execute/sync", script=script, args=list(arguments))

    async def until(self, expression: str, *arguments: Any) -> Any:
        """Wait until an expression is true; return it."""
        while not (value := await self.run(f"return {expression}", *arguments)):  # noqa: ASYNC110 - WebDriver does not tell
            await asyncio.sleep(_LOOK_AGAIN_SECONDS)
        return value

    async def finds(self, selector: str) -> str:
        """Wait for an element that is shown; return its reference."""
        await self.until("document.querySelector(arguments[0])?.checkVisibility()", selector)
        reference: str = (await self.call("element", using="css selector", value=selector))[_ELEMENT]
        return reference

    async def click(self, name: str) -> None:
        """Click the button of this name."""
        element = await self.finds(f'button[aria-label="{name}"]:not(dialog:not([open]) *)')
        await self.call(f"element/{element}/click")

    async def types(self, selector: str, text: str) -> None:
        """Type into a field as people do."""
        await self.call(f"element/{await self.finds(selector)}/value", text=text)

    async def picture(self, path: Path) -> None:
        async with self._session.get(f"{self._path}/screenshot") as response:
            picture = base64.b64decode((await response.json())["value"])
        await asyncio.to_thread(path.write_bytes, picture)


@asynccontextmanager
async def webkit() -> AsyncIterator[WebKitPage]:
    """A page in WebKitGTK, on a screen that nobody sees."""
    parts = [part for part in _parts() if part is not None]
    assert len(parts) == 3, "no WebKit here: `make .venv/.webkit` installs one"
    screen, driver, browser = parts
    x = await asyncio.create_subprocess_exec(
        screen, "-displayfd", "1", "-screen", "0", "1280x900x24", "-nolisten", "tcp", stdout=PIPE, stderr=DEVNULL
    )
    assert x.stdout is not None
    display = f":{(await x.stdout.readline()).decode().strip()}"
    url = f"http://127.0.0.1:{(port := free_port())}"
    environment = os.environ | {"DISPLAY": display}
    drives = await asyncio.create_subprocess_exec(driver, f"--port={port}", env=environment, stderr=DEVNULL)
    try:
        async with aiohttp.ClientSession() as http:
            path = await _session(http, url, browser)
            yield WebKitPage(http, path)
            await http.delete(path)
    finally:
        drives.kill()
        x.kill()
        await asyncio.gather(drives.wait(), x.wait())


async def _session(http: aiohttp.ClientSession, url: str, browser: str) -> str:
    """Begin a session as soon as the driver listens; return its address."""
    options = {"binary": browser, "args": ["--automation"]}
    wanted = {"capabilities": {"alwaysMatch": {"webkitgtk:browserOptions": options}}}
    while True:
        try:
            async with http.post(f"{url}/session", json=wanted) as response:
                value = (await response.json())["value"]
                assert response.ok, value
                return f"{url}/session/{value['sessionId']}"
        except aiohttp.ClientConnectorError:
            await asyncio.sleep(_LOOK_AGAIN_SECONDS)


if __name__ == "__main__":
    sys.exit(None in _parts())
