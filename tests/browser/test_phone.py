"""On a phone, and wherever there is little room: what fingers, keyboards on the screen and large letters need."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from playwright.async_api import Browser, expect
from support.page import NARROW, ChatPage, opened
from support.serving import serving
from support.upstream import Upstream, says

PHONE: dict[str, Any] = {"viewport": NARROW, "has_touch": True, "is_mobile": True}
LANDSCAPE = {"width": 740, "height": 360}
TARGETS = "button, select, summary, input, textarea, nav a, [role=menuitem]"
SMALL_TARGETS = """(targets) => [...document.querySelectorAll(targets)]
  .filter((target) => target.checkVisibility() && !target.closest(".sr-only") && target.type !== "radio")
  .map((target) => [target.ariaLabel ?? target.textContent, target.getBoundingClientRect()])
  .filter(([, { width, height }]) => width < 44 || height < 44)
  .map(([name, { width, height }]) => `${name}: ${width} x ${height}`)"""
SMALL_FIELDS = """() => [...document.querySelectorAll("input, select, textarea")]
  .filter((field) => field.checkVisibility() && Number.parseFloat(getComputedStyle(field).fontSize) < 16)
  .map((field) => field.ariaLabel ?? field.id)"""
CUT = """() => [document.querySelector(".scroller"), ...document.querySelectorAll("footer, footer ul")]
  .filter((box) => box.scrollWidth > box.clientWidth).map((box) => box.className)"""
"""The boxes whose content runs out at a side."""
READING = "document.querySelector('[data-scroller]').clientHeight / innerHeight"


@asynccontextmanager
async def phone(browser: Browser, upstream: Upstream, **options: Any) -> AsyncIterator[ChatPage]:
    settings = {"models": "gemini-flash-latest,b", "tools": "search,url_context,code"}
    async with serving(upstream, **settings) as address, opened(browser, address, **PHONE | options) as page:
        yield page


async def test_enter_breaks_the_line_and_a_button_sends(browser: Browser, upstream: Upstream) -> None:
    async with phone(browser, upstream) as page:
        await page.box.fill("one")
        await page.box.press("Enter")
        await page.box.press_sequentially("two")
        await expect(page.box).to_have_value("one\ntwo")
        await expect(page.box).to_have_attribute("enterkeyhint", "enter")
        await page.button("Send").tap()
        assert (await upstream.wait_for_request()).texts == ["one\ntwo"]


async def test_targets_are_as_broad_as_a_finger_and_fields_are_not_enlarged(
    browser: Browser, upstream: Upstream
) -> None:
    upstream.plays(says("Hello\n\n```py\nx = 1\n```\n", thoughts=["Let me see."]))
    async with phone(browser, upstream) as page:
        await page.ask("hi")
        await page.has_ended()
        await expect(page.answer.get_by_role("group", name="Code")).to_be_visible()
        for opens in (None, "Chats", "Settings"):
            if opens is not None:
                await page.button(opens).tap()
                await expect(page.page.get_by_role("dialog", name=opens)).to_be_visible()
            assert await page.page.evaluate(SMALL_TARGETS, TARGETS) == []
            assert await page.page.evaluate(SMALL_FIELDS) == []
            if opens is not None:
                await page.page.get_by_role("dialog").get_by_role("button", name="Close").tap()


async def test_a_new_chat_is_one_tap_away(browser: Browser, upstream: Upstream) -> None:
    async with phone(browser, upstream) as page:
        await page.ask("hi")
        await page.has_ended()
        await page.button("New chat").tap()
        await expect(page.page.get_by_text("What would you like to know?")).to_be_visible()


async def test_names_and_figures_are_shown_whole_or_not_at_all(browser: Browser, upstream: Upstream) -> None:
    async with phone(browser, upstream) as page:
        name = page.page.locator(".model-name")
        await expect(name).to_have_text("gemini-flash-latest")
        assert await name.evaluate("name => name.scrollHeight <= name.clientHeight")
        await page.ask("hi")
        await page.has_ended()
        await page.button("Regenerate").tap()
        await expect(page.answer).to_contain_text("2 / 2")
        assert await page.page.evaluate(CUT) == []


@pytest.mark.parametrize("size", [LANDSCAPE, {"width": 320, "height": 256}], ids=["landscape", "400 %"])
async def test_what_is_low_leaves_room_to_read(browser: Browser, upstream: Upstream, size: dict[str, int]) -> None:
    async with phone(browser, upstream, viewport=size) as page:
        await page.ask("hi")
        await page.has_ended()
        assert await page.page.evaluate(READING) > 0.5
        assert await page.box.evaluate("box => box.clientWidth") > 120  # beside the tools
        await page.box.fill("a line\n" * 20)
        assert await page.page.evaluate(READING) > 0.3
        await expect(page.button("Send")).to_be_in_viewport(ratio=1)


async def test_the_page_reaches_under_a_notch_and_keeps_clear_of_it(browser: Browser, upstream: Upstream) -> None:
    async with phone(browser, upstream) as page:
        meta = page.page.locator("meta[name=viewport]")
        await expect(meta).to_have_attribute("content", re.compile("viewport-fit=cover"))
        sheets = "[...document.styleSheets].flatMap((sheet) => [...sheet.cssRules]).map((rule) => rule.cssText).join()"
        css = await page.page.evaluate(sheets)
        for side in ("top", "right", "bottom", "left"):
            assert f"env(safe-area-inset-{side}" in css


async def test_the_box_grows_where_style_sheets_cannot_make_it(browser: Browser, upstream: Upstream) -> None:
    """As in Firefox before 152 and in Safari before 26.2."""
    async with phone(browser, upstream, bypass_csp=True) as page:
        await page.page.add_init_script("CSS.supports = (name) => name !== 'field-sizing'")
        await page.page.reload()
        await page.page.add_style_tag(content="textarea { field-sizing: fixed !important; }")
        height = "box => box.clientHeight"
        await page.box.fill("one")
        low = await page.box.evaluate(height)
        await page.box.fill("one\n" * 5)
        assert await page.box.evaluate(height) > 3 * low / 2
        await page.box.fill("one")
        assert await page.box.evaluate(height) == low


async def test_the_enter_that_ends_a_conversion_never_sends(page: ChatPage, upstream: Upstream) -> None:
    await page.box.fill("日本")
    enter = "new KeyboardEvent('keydown', {key: 'Enter', keyCode: 229, bubbles: true, cancelable: true})"
    await page.box.evaluate(f"box => box.dispatchEvent({enter})")
    await expect(page.box).to_have_value("日本")
    assert upstream.exchanges == []


async def test_the_keys_that_end_a_conversion_neither_open_nor_rename_nor_take_nor_leave(page: ChatPage) -> None:
    """As in Safari, which ends the conversion before it tells of the key."""
    press = """(box, key) => box.dispatchEvent(
        new KeyboardEvent("keydown", { key, keyCode: 229, bubbles: true, cancelable: true }))"""
    for question in ("first", "second"):
        await page.button("New chat").click()
        await page.ask(question)
        await page.has_ended()
    search = page.page.get_by_role("searchbox")
    await search.fill("first")
    await expect(page.found("second")).to_have_count(0)
    for key in ("Enter", "Escape"):
        await search.evaluate(press, key)
        await expect(search).to_have_value("first")
    await expect(page.question).to_have_text(re.compile("^second"))
    await page.page.keyboard.press("Escape")
    await page.chat("first").focus()
    await page.page.keyboard.press("F2")
    name = page.page.get_by_role("textbox", name="Title")
    for key in ("Enter", "Escape"):
        await name.evaluate(press, key)
        await expect(name).to_be_focused()
    await page.page.keyboard.press("Escape")
    await page.button("Edit question").click()
    editor = page.page.get_by_role("textbox", name="Edit your question")
    await editor.evaluate(press, "Escape")
    await expect(editor).to_be_focused()


async def test_the_first_stop_leads_to_the_message_box(page: ChatPage) -> None:
    for question in ("first", "second"):
        await page.button("New chat").click()
        await page.ask(question)
        await page.has_ended()
    await page.page.reload()
    await expect(page.chat("second")).to_be_visible()
    skip = page.page.get_by_role("link", name="Skip to the message")
    assert await skip.evaluate(
        "link => link === document.querySelector('a, button, input, select, textarea, [tabindex]')"
    )
    await skip.focus()
    await expect(skip).to_be_in_viewport(ratio=1)
    await page.page.keyboard.press("Enter")
    await expect(page.box).to_be_focused()


async def test_what_is_printed_is_the_whole_chat_and_nothing_else(page: ChatPage, upstream: Upstream) -> None:
    upstream.plays(says("A line.\n\n" * 60 + "The last line."))
    for question in ("first", "second"):
        await page.ask(question)
        await page.has_ended()
    await page.page.emulate_media(media="print")
    hidden = [page.box, page.chats, page.button("Settings"), page.button("Send"), page.button("Regenerate")]
    for part in hidden:
        await expect(part.first).to_be_hidden()
    shown = "list => [list.getBoundingClientRect().height, document.documentElement.scrollHeight]"
    height, of_page = await page.messages.evaluate(shown)
    assert height > 2 * 800
    assert of_page >= height


async def test_what_is_far_is_printed_as_it_is_read(page: ChatPage, upstream: Upstream) -> None:
    parts = [f"## Part {number}\n\n" + f"Some **bold** words of part {number}.\n\n" * 120 for number in range(40)]
    upstream.plays(says("".join(parts)))
    await page.ask("all of it")
    await page.has_ended()
    headings = page.answer.get_by_role("heading", name=re.compile("^Part "))
    assert await headings.count() < len(parts)
    printed = "[...document.querySelectorAll('.answer h2')].length"
    await page.page.evaluate(f"window.addEventListener('beforeprint', () => {{ window.printed = {printed}; }})")
    await page.page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert await page.page.evaluate("window.printed") == len(parts)
    await page.page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    await expect(headings).not_to_have_count(len(parts))
