"""Words for people: nothing that the page shows, or that is read out, is a word of whoever wrote the server."""

import asyncio
import re

import pytest
from playwright.async_api import Browser, Route, expect
from support.identity import API_KEYS
from support.page import WIDE, ChatPage, opened, visited
from support.serving import serving
from support.upstream import Upstream, is_silent


@pytest.mark.parametrize(
    "settings",
    [
        {"max_message_chars": 3},
        {"turns_per_minute": 1},
        {"max_turns_per_socket": 1},
        *(
            pytest.param({name: 1}, marks=pytest.mark.nightly)
            for name in ("turns_at_once", "tokens_per_day", "max_turns")
        ),
    ],
)
async def test_no_refusal_shows_one(browser: Browser, upstream: Upstream, settings: dict[str, object]) -> None:
    async with serving(upstream, **settings) as address, opened(browser, address) as page:
        at_once = [name for name in settings if "turns" in name and name != "turns_per_minute"]
        if at_once:
            upstream.plays(is_silent)
            await page.ask("hi")
            await upstream.wait_for_request()
        elif "max_message_chars" not in settings:
            await page.ask("hi")
            await page.has_ended()
        await page.button("New chat").click()
        await page.ask("again")
        await expect(page.returned).to_be_visible()
        assert await page.unfit_words() == []


async def test_who_has_to_sign_in_is_told_so_without_one(browser: Browser, upstream: Upstream) -> None:
    async with serving(upstream, api_keys=API_KEYS) as address:
        context = await browser.new_context()
        page = ChatPage(await context.new_page())
        await page.page.goto(f"http://{address}/")
        await expect(page.page.get_by_role("dialog", name="Your token")).to_be_visible()
        await page.page.get_by_label("A key or a token").fill("nonsense")
        await page.page.keyboard.press("Enter")
        await expect(page.page.get_by_role("alert")).to_contain_text("does not take this token")
        await page.page.keyboard.press("Escape")
        await asyncio.sleep(0)
        assert await page.unfit_words() == []
        await context.close()


async def test_an_idle_connection_is_not_called_by_one(browser: Browser, upstream: Upstream) -> None:
    async with serving(upstream, idle_timeout=0.5) as address, visited(browser, address) as page:
        await page.is_connected("Connects when needed")
        assert await page.unfit_words() == []


async def test_no_button_is_shown_before_it_has_a_name(browser: Browser, upstream: Upstream) -> None:
    held = asyncio.Event()

    async def holds(route: Route) -> None:
        await held.wait()
        await route.continue_()

    async with serving(upstream) as address:
        context = await browser.new_context()
        page = ChatPage(await context.new_page())
        await page.resize(WIDE)
        await page.page.route(re.compile(r"/assets/en-"), holds)
        await page.page.goto(f"http://{address}/", wait_until="commit")
        early = page.page.locator("textarea")
        await early.fill("a question")
        assert [violation for violation in await page.violations() if "name" in violation or "label" in violation] == []
        await early.press("Enter")
        held.set()
        await expect(page.answer).to_contain_text("Hello world")
        await expect(page.button("Settings")).to_be_visible()
        await context.close()
