"""The page for everybody: by ear, enlarged, from right to left, without motion, in a few strong colours."""

import asyncio
import re

from playwright.async_api import Browser, expect
from support.page import ChatPage, opened
from support.serving import serving
from support.upstream import Exchange, Upstream, says, says_and_is_silent

LISTEN = """() => {
  window.announcements = [];
  const spoken = (node) => (node.nodeType === 1 ? node : node.parentElement)
    .closest("[aria-live], [role=status], [role=alert], [role=log]");
  new MutationObserver((changes) => {
    for (const { target } of changes) {
      const region = spoken(target);
      if (region === null || region.ariaLive === "off") continue;
      window.announcements.push(region.textContent);
    }
  }).observe(document.body, { subtree: true, childList: true, characterData: true });
}"""
WIDE_ANSWER = f"""\
A word without end: {"x" * 300}, `{"y" * 200}`, https://example.org/{"z" * 200}

| {" | ".join(f"column {n}" for n in range(12))} |
|{" --- |" * 12}
| {" | ".join("some words in it" for _ in range(12))} |

```
{"a line of code that does not end " * 10}
```
"""


async def test_an_answer_is_announced_once_when_it_ends(page: ChatPage, upstream: Upstream) -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.start()
        for index in range(20):
            await exchange.text(f"word {index} ")
            await asyncio.sleep(0.02)
        await exchange.text("", finish="STOP")
        await exchange.finish()

    upstream.plays(script)
    await page.page.evaluate(LISTEN)
    for _ in range(2):  # the second one ends in the same words, and is heard all the same
        await page.ask("hi")
        await page.has_ended()
    await expect(page.page.get_by_role("status", name="Last answer")).to_have_text("The answer is complete.")
    assert [words for words in await page.page.evaluate("announcements") if words] == ["The answer is complete."] * 2


async def test_everything_on_the_page_has_a_name(page: ChatPage) -> None:
    await page.ask("hi")
    await page.has_ended()
    for role in ("button", "textbox", "combobox", "log", "article", "navigation"):
        for part in await page.page.get_by_role(role).all():
            assert await part.get_attribute("aria-label") or (await part.inner_text()).strip()


SIZES = {
    "200 % of a laptop": {"width": 640, "height": 400},
    "a phone": {"width": 360, "height": 740},
    "400 % of a laptop": {"width": 320, "height": 256},
}


async def test_nothing_scrolls_sideways_but_what_is_wide(browser: Browser, upstream: Upstream) -> None:
    upstream.plays(says(WIDE_ANSWER))
    async with serving(upstream, models="a,b") as address, opened(browser, address) as page:
        await page.ask("x" * 300)
        await page.has_ended()
        await expect(page.answer.get_by_role("group", name="Code")).to_be_visible()
        for size in SIZES.values():
            await page.resize(size)
            await expect(page.page.locator("html")).to_have_js_property("scrollWidth", size["width"])
            around = page.messages.locator("xpath=../..")
            await expect(around).to_have_js_property("scrollWidth", size["width"])
            await expect(page.box).to_be_in_viewport(ratio=1)
            for name in ("Send", "Settings", "Chats"):
                await expect(page.button(name)).to_be_in_viewport(ratio=1)
            settings = await page.opens_settings()
            assert await settings.evaluate("panel => panel.scrollWidth <= panel.clientWidth")
            await page.page.keyboard.press("Escape")
            await expect(settings).to_be_hidden()


async def test_who_wants_no_motion_sees_none(browser: Browser, upstream: Upstream) -> None:
    upstream.plays(says_and_is_silent(), says_and_is_silent("Hello"))
    moving = "document.getAnimations().length"
    async with serving(upstream) as address, opened(browser, address) as page:
        await page.ask("hi")
        await expect(page.page.get_by_role("img", name="answering")).to_be_visible()
        await upstream.wait_for_request()
        assert await page.page.evaluate(moving) > 0
        await page.page.emulate_media(reduced_motion="reduce")
        assert await page.page.evaluate(moving) == 0
        await page.page.keyboard.press("Escape")
        await page.has_ended()
        await page.ask("hi")
        await expect(page.answer).to_have_text("Hello")
        assert await page.page.evaluate(moving) == 0


async def test_what_is_written_from_right_to_left_is_shown_so(page: ChatPage, upstream: Upstream) -> None:
    upstream.plays(says("مرحبا بالعالم، هذا جواب.\n\n- عنصر في قائمة\n\nAnd a line in English.\n\n```py\nx = 1\n```\n"))
    await page.ask("لماذا السماء زرقاء؟")
    await page.has_ended()
    await expect(page.question.get_by_text("لماذا")).to_have_css("direction", "rtl")
    for words, direction in (("مرحبا", "rtl"), ("عنصر", "rtl"), ("in English", "ltr")):
        await expect(page.answer.get_by_text(words)).to_have_css("direction", direction)
    await expect(page.answer.get_by_role("group", name="Code")).to_have_css("direction", "ltr")
    await page.box.fill("سؤال")
    await expect(page.box).to_have_css("direction", "rtl")


async def test_in_the_few_colours_of_a_system_what_is_chosen_is_seen(browser: Browser, upstream: Upstream) -> None:
    async with serving(upstream) as address, opened(browser, address, forced_colors="active") as page:
        await page.button("Show thoughts").click()
        await page.ask("hi")
        await page.has_ended()
        async for scheme in page.in_each_scheme():
            await expect(page.button("Show thoughts")).to_have_css("outline-style", "solid")
            await expect(page.page.locator(".composer")).to_have_css("border-style", "solid")
            for border in (page.page.locator(".status-dot"), page.question.locator("[dir]").first):
                await expect(border).to_have_css("border-top-width", "1px")
            assert await page.violations_in(scheme) == []


async def test_who_wants_more_contrast_gets_more(browser: Browser, upstream: Upstream) -> None:
    async with serving(upstream) as address, opened(browser, address) as page:
        words = page.page.get_by_role("status").filter(has_text=re.compile("^Connected$"))
        colour = "element => getComputedStyle(element).color"
        async for scheme in page.in_each_scheme():
            await page.page.emulate_media(contrast="no-preference")
            before = await words.evaluate(colour)
            await page.page.emulate_media(contrast="more")
            assert await words.evaluate(colour) != before
            assert await page.violations_in(scheme) == []
