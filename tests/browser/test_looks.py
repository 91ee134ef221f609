"""Pictures of the main states, for people to look at: tests/browser/pictures/. On the wide ones, axe finds nothing."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from playwright.async_api import Browser, expect
from support.page import NARROW, TABLET, WIDE, ChatPage, opened
from support.paths import PICTURES
from support.proxy import TcpProxy
from support.serving import serving
from support.upstream import Exchange, Upstream, answer, fails, says, says_and_is_silent

QUESTION = "Why is the sky blue, and how would I compute it?"
ANSWER = """\
The sky is blue because air scatters short waves of light more than long ones. The strength of this **Rayleigh
scattering** goes with the inverse fourth power of the wavelength:

| colour | wavelength | scattered, relative to red |
| --- | --- | --- |
| red | 650 nm | 1.0 |
| green | 532 nm | 2.2 |
| blue | 450 nm | 4.4 |

Three things follow:

1. Light from the side reaches us **blue**.
2. The sun itself looks *yellow*, for what is left of its light is.
3. At dusk the way through the air is longer, and what is left is red.

In code, `intensity` is what arrives from the side:

```python
def intensity(wavelength: float, red: float = 650e-9) -> float:
    \"\"\"Scattered light, relative to red.\"\"\"
    return (red / wavelength) ** 4
```

> Violet is scattered even more, but the sun sends less of it, and our eyes hardly see it.

[NASA has a page about it](https://spaceplace.nasa.gov/blue-sky/).
"""
USAGE = {"promptTokenCount": 14, "candidatesTokenCount": 271, "thoughtsTokenCount": 96, "totalTokenCount": 381}


async def thinks_and_answers(exchange: Exchange) -> None:
    await exchange.start()
    await exchange.event(answer("**Recalling Rayleigh**\n\nThe fourth power, and the eye.", thought=True))
    for line in ANSWER.splitlines(keepends=True):
        await exchange.text(line)
        await asyncio.sleep(0.01)
    await exchange.text("", finish="STOP", usage=USAGE)
    await exchange.finish()


Picture = Callable[[str], Awaitable[None]]


async def asks(page: ChatPage, upstream: Upstream, _: TcpProxy, picture: Picture) -> None:
    await expect(page.page.get_by_text("What would you like to know?")).to_be_visible()
    await picture("welcome")
    upstream.plays(says("Forty-two."), thinks_and_answers)
    await page.ask("What is the answer?")
    await page.has_ended()
    await page.button("Show thoughts").click()
    await page.ask(QUESTION)
    await page.has_ended()
    await expect(page.answer.locator("[data-language=python] span").nth(3)).to_be_visible()
    await picture("answered")
    await page.button("Regenerate").last.click()
    await expect(page.answer).to_contain_text("2 / 2")
    await page.button("Edit question").last.click()
    await picture("edited")


async def stops(page: ChatPage, upstream: Upstream, _: TcpProxy, picture: Picture) -> None:
    upstream.plays(says_and_is_silent(ANSWER[:560]))
    await page.ask(QUESTION)
    await expect(page.answer.get_by_role("cell").first).to_be_visible()
    await picture("streaming")
    await page.button("Stop").click()
    await page.has_ended()
    await picture("stopped")


async def is_refused(page: ChatPage, upstream: Upstream, _: TcpProxy, picture: Picture) -> None:
    later = [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34.4s"}]
    upstream.plays(fails(429, "RESOURCE_EXHAUSTED", details=later))
    await page.ask(QUESTION)
    await expect(page.button(re.compile("Retry in"))).to_be_visible()
    await picture("refused")


async def is_cut_off(page: ChatPage, upstream: Upstream, proxy: TcpProxy, picture: Picture) -> None:
    upstream.plays(says_and_is_silent("The sky is blue because air scatters"))
    await page.ask(QUESTION)
    await expect(page.answer).to_contain_text("scatters")
    await proxy.__aexit__()
    await page.is_connected("Not connected")
    await picture("lost")


async def is_set_up(page: ChatPage, _upstream: Upstream, _proxy: TcpProxy, picture: Picture) -> None:
    settings = await page.opens_settings()
    await settings.get_by_label("System instruction").fill("Answer as a physicist would, in one paragraph.")
    await settings.get_by_label("Temperature").fill("2.5")
    await page.page.keyboard.press("Escape")
    await page.ask(QUESTION)
    await expect(page.button("Open settings")).to_be_visible()
    await picture("setting refused")
    await page.button("Open settings").click()
    await expect(settings.get_by_label("Temperature")).to_be_focused()
    await picture("settings")
    await page.page.keyboard.press("Escape")
    await page.page.keyboard.press("Control+/")
    await expect(page.page.get_by_role("dialog", name="Shortcuts")).to_be_visible()
    await picture("shortcuts")


async def keeps_chats(page: ChatPage, upstream: Upstream, _: TcpProxy, picture: Picture) -> None:
    upstream.plays(fails(400, "INVALID_ARGUMENT"), says("Forty-two."))
    for question in (QUESTION, "لماذا السماء زرقاء؟", "A recipe for bread", "Plan a week in Lisbon"):
        await page.page.keyboard.press("Control+Shift+O")
        await page.ask(question)
        await page.has_ended()
    await page.lists_chats()
    await page.button("Options of A recipe for bread").click()
    await expect(page.page.get_by_role("menuitem", name="Rename")).to_be_focused()
    await picture("chat menu")
    await page.page.get_by_role("menuitem", name="Rename").click()
    await picture("chat renamed")
    await page.page.keyboard.press("Escape")
    await page.button("Options of A recipe for bread").click()
    await page.page.get_by_role("menuitem", name="Delete").click()
    await picture("chat deleted")
    await page.button("Undo").click()
    await page.page.get_by_role("searchbox").last.fill("sky")
    await expect(page.page.get_by_role("link", name="Plan a week in Lisbon")).to_have_count(0)
    await picture("chat found")
    await page.page.get_by_role("link", name=QUESTION).click()
    await page.page.reload()
    await expect(page.button("Ask again")).to_be_visible()
    await picture("unanswered")
    await page.page.goto(page.page.url[:-3])
    await expect(page.page.get_by_text("There is no chat at this address")).to_be_visible()
    await picture("no chat")


@pytest.mark.parametrize(
    "size",
    [WIDE, *(pytest.param(size, marks=pytest.mark.nightly) for size in (TABLET, NARROW))],
    ids=["wide", "tablet", "narrow"],
)
@pytest.mark.parametrize("story", [asks, stops, is_refused, is_cut_off, is_set_up, keeps_chats])
async def test_each_state_fits_its_screen(
    browser: Browser, upstream: Upstream, story: Any, size: dict[str, int]
) -> None:
    async def picture(name: str) -> None:
        assert await page.page.evaluate("document.documentElement.scrollWidth") == size["width"]
        if size is WIDE:
            assert await page.unfit_words() == []
        async for scheme in page.in_each_scheme():
            await page.page.screenshot(path=PICTURES / f"{name}-{scheme}-{size['width']}.png")
            if size is WIDE:
                assert await page.violations_in(scheme) == []

    models = "gemini-flash-latest,gemini-pro-latest"
    async with serving(upstream, models=models, retries=0) as address, TcpProxy(address) as proxy:
        async with opened(browser, proxy.address, viewport=size) as page:
            await story(page, upstream, proxy, picture)


async def test_without_a_model_it_says_so(browser: Browser) -> None:
    async with serving(None) as address, opened(browser, address, viewport=NARROW) as page:
        await expect(page.page.get_by_text("No real model is behind this page")).to_be_visible()
        async for scheme in page.in_each_scheme():
            await page.page.screenshot(path=PICTURES / f"offline-{scheme}-360.png")
