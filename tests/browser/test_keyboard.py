"""The page without a mouse: nothing here clicks, and nothing is focused but by its keys."""

import asyncio

import pytest
from playwright.async_api import Browser, Route, expect
from support.page import NARROW, ChatPage
from support.serving import sharing
from support.upstream import Upstream, says, says_and_is_silent

FOCUSED = """() => {
  const { activeElement: element } = document;
  return element.ariaLabel ?? element.labels?.[0]?.textContent ?? element.textContent.trim();
}"""


async def to(page: ChatPage, name: str, key: str = "Tab") -> None:
    """Press a key until what has this name is focused."""
    for _ in range(60):
        if await page.page.evaluate(FOCUSED) == name:
            return
        await page.page.keyboard.press(key)
    pytest.fail(f"{key} does not lead to {name}")


async def test_a_whole_chat_by_keyboard(page: ChatPage, upstream: Upstream) -> None:
    await page.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    keyboard = page.page.keyboard
    upstream.plays(says_and_is_silent("Half"), says("One"), says("Two\n\n```sh\nmake run\n```\n"))
    await expect(page.box).to_be_focused()
    await to(page, "Settings", "Shift+Tab")
    await keyboard.press("Enter")
    await expect(page.page.get_by_role("dialog", name="Settings")).to_be_visible()
    await to(page, "Temperature")
    await keyboard.type("0.5")
    await to(page, "Use for new chats")
    await keyboard.press("Enter")
    await keyboard.press("Escape")
    await keyboard.press("Control+Shift+O")
    await expect(page.box).to_be_focused()
    await keyboard.type("first")
    await keyboard.press("Enter")
    await expect(page.answer).to_have_text("Half")
    await keyboard.press("Escape")
    await (await upstream.wait_for_request()).closes()
    await page.has_ended()
    assert (await upstream.wait_for_request()).body["generationConfig"]["temperature"] == 0.5

    await to(page, "Edit question", "Shift+Tab")
    await keyboard.press("Enter")
    await keyboard.press("Control+A")
    await keyboard.type("second")
    await keyboard.press("Enter")
    await expect(page.answer).to_contain_text("One")
    await page.has_ended()
    await expect(page.box).to_be_focused()

    await to(page, "Regenerate", "Shift+Tab")
    await keyboard.press("Enter")
    await expect(page.answer).to_contain_text("2 / 2")
    assert (await upstream.wait_for_request(3)).texts == ["second"]
    await to(page, "Next version", "Shift+Tab")
    await to(page, "Previous version", "Shift+Tab")
    await keyboard.press("Enter")
    await expect(page.answer).to_contain_text("One")
    await expect(page.answer.get_by_role("button", name="Previous version")).to_be_focused()
    await keyboard.press("Tab")
    await keyboard.press("Enter")
    await expect(page.answer).to_contain_text("Two")

    await to(page, "Copy answer")
    await keyboard.press("Enter")
    await expect(page.answer.get_by_role("button", name="Copied")).to_be_focused()
    assert (await page.page.evaluate("navigator.clipboard.readText()")).startswith("Two")
    await keyboard.press("Control+Shift+;")
    await expect(page.page.get_by_role("status", name="Notice")).to_have_text("Code copied")
    assert await page.page.evaluate("navigator.clipboard.readText()") == "make run"
    await keyboard.press("Shift+Escape")
    await expect(page.box).to_be_focused()


async def test_without_code_there_is_nothing_to_copy(page: ChatPage) -> None:
    await page.page.keyboard.press("Control+Shift+;")
    await expect(page.page.get_by_role("status", name="Notice")).to_have_text("There is no code here")


async def test_arrow_up_recalls_what_was_asked(page: ChatPage, upstream: Upstream) -> None:
    keyboard = page.page.keyboard
    for question in ("first", "second"):
        await page.ask(question)
        await page.has_ended()
    await keyboard.press("Control+Shift+O")
    for key, text in (
        ("ArrowDown", ""),
        ("ArrowUp", "second"),
        ("ArrowUp", "first"),
        ("ArrowUp", "first"),
        ("ArrowDown", "second"),
        ("!", "second!"),
        ("ArrowUp", "second!"),
    ):
        await keyboard.press(key)
        await expect(page.box).to_have_value(text)
    await keyboard.press("Enter")
    assert (await upstream.wait_for_request(3)).texts == ["second!"]


async def test_the_shortcuts_are_listed_and_escape_leads_back(page: ChatPage, upstream: Upstream) -> None:
    upstream.plays(says_and_is_silent("Hello"))
    await page.ask("hi")
    await expect(page.answer).to_have_text("Hello")
    await page.page.keyboard.press("Control+/")
    shortcuts = page.page.get_by_role("dialog", name="Shortcuts")
    await expect(shortcuts.get_by_text("Copy the last block of code")).to_be_visible()
    await page.page.keyboard.press("Escape")
    await expect(shortcuts).to_be_hidden()
    await expect(page.box).to_be_focused()
    await expect(page.answer).to_have_attribute("aria-busy", "true")


@pytest.mark.parametrize("stop, key", [("Search the chats", "Escape"), ("New folder", "Escape"), ("Close", "Enter")])
async def test_the_box_takes_text_at_once_after_a_panel_with_a_field(page: ChatPage, stop: str, key: str) -> None:
    await page.resize(NARROW)
    await page.page.keyboard.press("Control+K")
    await expect(page.page.get_by_role("dialog", name="Chats").get_by_role("searchbox")).to_be_focused()
    await to(page, stop)
    await page.page.keyboard.press(key)
    await page.page.keyboard.type("first")
    await expect(page.box).to_have_value("first")


async def test_who_leaves_the_search_of_the_drawer_writes_in_the_box(page: ChatPage) -> None:
    await page.resize(NARROW)
    await to(page, "Chats", "Shift+Tab")
    await page.page.keyboard.press("Enter")
    await to(page, "Search the chats")
    await page.page.keyboard.press("Escape")
    await page.page.keyboard.type("first")
    await expect(page.box).to_have_value("first")


async def test_who_gives_up_an_edit_is_back_where_it_began(page: ChatPage) -> None:
    await page.ask("first")
    await page.has_ended()
    await to(page, "Edit question", "Shift+Tab")
    await page.page.keyboard.press("Enter")
    await page.page.keyboard.press("Escape")
    await expect(page.button("Edit question")).to_be_focused()


async def test_each_chat_has_its_own_draft(page: ChatPage) -> None:
    await page.ask("first")
    await page.has_ended()
    await page.page.keyboard.type("half a tho")
    await page.page.keyboard.press("Control+Shift+O")
    await expect(page.box).to_have_value("")
    await page.page.keyboard.type("another")
    await page.chat("first").click()
    await expect(page.box).to_have_value("half a tho")
    await page.button("New chat").click()
    await expect(page.box).to_have_value("another")


async def test_enter_twice_asks_once(used_page: ChatPage, upstream: Upstream) -> None:
    upstream.plays(says("One"), says("Two"))
    await used_page.box.fill("once")
    enter = "new KeyboardEvent('keydown', {key: 'Enter', keyCode: 13, bubbles: true, cancelable: true})"
    await used_page.box.evaluate(f"box => {{ box.dispatchEvent({enter}); box.dispatchEvent({enter}); }}")
    await expect(used_page.answer).to_contain_text("One")
    await used_page.has_ended()
    await expect(used_page.question).to_have_count(1)
    assert len(upstream.exchanges) == 1


async def test_escape_closes_an_open_menu_and_leaves_the_answer(page: ChatPage, upstream: Upstream) -> None:
    keyboard = page.page.keyboard
    upstream.plays(says_and_is_silent("Half"))
    await keyboard.type("hi")
    await keyboard.press("Enter")
    await expect(page.answer).to_have_text("Half")
    await to(page, "About the models", "Shift+Tab")
    await keyboard.press("Enter")
    menu = page.page.get_by_role("dialog", name="About the models")
    await expect(menu.get_by_role("button").first).to_be_visible()
    await keyboard.press("Tab")
    await keyboard.press("Escape")
    await expect(menu).to_be_hidden()
    assert await page.page.evaluate(FOCUSED) == "About the models"
    await expect(page.answer).to_have_attribute("aria-busy", "true")
    await keyboard.press("Escape")
    await page.has_ended()


async def test_a_panel_that_comes_late_does_not_take_what_is_being_written(
    browser: Browser, upstream: Upstream
) -> None:
    come = asyncio.Event()
    context = await browser.new_context(service_workers="block")
    page = ChatPage(await context.new_page())

    async def holds(route: Route) -> None:
        await come.wait()
        await route.continue_()

    await page.page.route("**/assets/panels-*.js", holds)
    async with sharing(upstream) as address:
        await page.page.goto(f"http://{address}/")
        await page.button("Settings").click()
        await page.box.click()
        await page.page.keyboard.type("Half a ")
        async with page.page.expect_response("**/assets/panels-*.js"):
            come.set()
        await page.page.wait_for_function("() => document.querySelectorAll('dialog').length > 1")
        await page.page.keyboard.type("sentence")
        await expect(page.box).to_have_value("Half a sentence")
        await page.opens_settings()
        await context.close()
