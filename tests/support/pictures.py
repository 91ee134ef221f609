"""`make pictures`: take the README's pictures of the chat page, light and dark, in a real Chromium."""

import asyncio
import os
import sys
import tempfile

from playwright.async_api import Browser, expect

from support.browser import chromium
from support.page import opened
from support.paths import DOCS
from support.serving import serving
from support.upstream import Exchange, Upstream, answer, says

SIZE = {"width": 1040, "height": 880}
MAX_BYTES = 150_000
QUESTION = "Why is the sky blue?"
ANSWER = """\
Air scatters short waves of light more than long ones. The strength of this **Rayleigh scattering** goes with the \
inverse fourth power of the wavelength:

| colour | wavelength | scattered, relative to red |
| --- | --- | --- |
| red | 650 nm | 1.0 |
| green | 532 nm | 2.2 |
| blue | 450 nm | 4.4 |

So light from the side reaches us blue. As a function:

```python
def scattered(wavelength: float, red: float = 650e-9) -> float:
    return (red / wavelength) ** 4
```
"""
USAGE = {"promptTokenCount": 14, "candidatesTokenCount": 171, "thoughtsTokenCount": 96, "totalTokenCount": 281}
_FIRST_SECONDS = 0.4
_LINE_SECONDS = 0.1
"""About as fast as a real model, since the picture shows the speed."""
FILES = {scheme: DOCS / "pictures" / f"page-{scheme}.png" for scheme in ("light", "dark")}


async def thinks_and_answers(exchange: Exchange) -> None:
    await exchange.start()
    await asyncio.sleep(_FIRST_SECONDS)
    await exchange.event(answer("The fourth power, and the eye.", thought=True))
    for line in ANSWER.splitlines(keepends=True):
        await exchange.text(line)
        await asyncio.sleep(_LINE_SECONDS)
    await exchange.text("", finish="STOP", usage=USAGE)
    await exchange.finish()


async def take(browser: Browser, scheme: str) -> None:
    """Ask a few questions as a person would, and take the picture of the last answer."""
    async with Upstream() as upstream, serving(upstream) as address:
        async with opened(browser, address, viewport=SIZE, color_scheme=scheme) as page:
            upstream.plays(says("Flour, water, salt, yeast."), says("Monday: Alfama."), thinks_and_answers)
            for question in ("A recipe for bread", "Plan a week in Lisbon", QUESTION):
                await page.page.keyboard.press("Control+Shift+O")
                await page.ask(question)
                await page.has_ended()
            await expect(page.answer.locator("[data-language=python] span").nth(3)).to_be_visible()
            await page.page.screenshot(path=FILES[scheme])


async def main() -> int:
    """Take both pictures; return 1 if one is too large for a README."""
    FILES["light"].parent.mkdir(exist_ok=True)
    async with chromium() as browser:
        for scheme in FILES:
            with tempfile.TemporaryDirectory() as folder:
                os.environ["DELTAWIRE_DATA_DIR"] = folder
                await take(browser, scheme)
    return int(any(file.stat().st_size > MAX_BYTES for file in FILES.values()))


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
