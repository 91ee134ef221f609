"""Somebody chats: a real Chromium, the real server, and an upstream that does what the test says."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Browser, Locator, expect
from support.page import ChatPage, opened
from support.serving import serving, sharing
from support.upstream import Upstream, says, says_and_is_silent, says_when

# Half of it goes, and what that does to the scrolling has been seen by the page: a scroll event comes with a drawing.
SHORTENED = """async (answer) => {
  [...answer.querySelectorAll("p")].slice(30).forEach((line) => { line.hidden = true; });
  for (let drawing = 0; drawing < 3; drawing++) await new Promise(requestAnimationFrame);
}"""


TOP = """(element) => {
  const topOf = (it) => it.getBoundingClientRect().top;
  return topOf(element) - topOf(element.closest("[data-scroller]"));
}"""
JAVASCRIPT = "text/javascript"
SOME_FRAMES = "async () => { for (let n = 0; n < 4; n++) await new Promise(requestAnimationFrame); }"


@asynccontextmanager
async def without(browser: Browser, address: str, part: str) -> AsyncIterator[ChatPage]:
    """The page, loaded again while one of its scripts does not come."""
    async with opened(browser, address) as page:
        await page.page.route(f"**/assets/{part}-*.js", lambda route: route.abort())
        await page.page.reload()
        await page.is_connected()
        yield page


@pytest.fixture
def page(used_page: ChatPage) -> ChatPage:
    """The page of all tests here: each begins a chat of its own."""
    return used_page


async def test_an_answer_is_shown_while_it_comes(page: ChatPage, upstream: Upstream) -> None:
    go_on = asyncio.Event()
    usage = {"promptTokenCount": 3, "candidatesTokenCount": 1200, "totalTokenCount": 1203}
    upstream.plays(says_when(go_on, usage=usage))
    await page.ask("hi")
    await expect(page.answer).to_have_text("Hello")
    await expect(page.answer).to_have_attribute("aria-busy", "true")
    await expect(page.box).to_have_value("")
    go_on.set()
    await page.has_ended()
    await expect(page.answer).to_contain_text("Hello world")
    for fact in ("gemini-flash-latest", "3 in / 1,200 out tokens", r"first token \d+ ms"):
        await expect(page.answer).to_contain_text(re.compile(fact))
    await expect(page.page.get_by_role("status", name="Last answer")).to_have_text("The answer is complete.")


async def test_the_stop_button_closes_the_upstream(page: ChatPage, upstream: Upstream) -> None:
    upstream.plays(says_and_is_silent("Hello"))
    await page.ask("hi")
    await expect(page.answer).to_have_text("Hello")
    await page.button("Stop").click()
    await (await upstream.wait_for_request()).closes()
    await expect(page.answer).to_contain_text("Stopped: 5 characters had come")
    await expect(page.box).to_be_focused()


async def test_escape_stops_before_the_first_word(page: ChatPage, upstream: Upstream) -> None:
    upstream.plays(says_and_is_silent())
    await page.ask("hi")
    exchange = await upstream.wait_for_request()
    await page.page.keyboard.press("Escape")
    await exchange.closes()
    await expect(page.answer).to_contain_text("Stopped: nothing had come yet")


async def test_a_question_is_asked_with_the_chat_before_it(page: ChatPage, upstream: Upstream) -> None:
    await page.ask("first")
    await page.has_ended()
    await page.ask("second")
    assert (await upstream.wait_for_request(2)).texts == ["first", "Hello world", "second"]


async def test_regenerate_asks_the_same_and_keeps_the_answer_before(page: ChatPage, upstream: Upstream) -> None:
    upstream.plays(says("One"), says("Two"), says("Three"))
    await page.ask("a number?")
    await page.has_ended()
    await page.button("Regenerate").click()
    await expect(page.answer).to_contain_text("Two")
    assert (await upstream.wait_for_request(2)).texts == ["a number?"]
    await expect(page.answer).to_contain_text("2 / 2")
    await page.button("Previous version").click()
    await expect(page.answer).to_contain_text("One")
    await page.ask("and then?")
    assert (await upstream.wait_for_request(3)).texts == ["a number?", "One", "and then?"]


async def test_an_edited_question_is_asked_without_what_it_replaces(page: ChatPage, upstream: Upstream) -> None:
    for question in ("first", "second"):
        await page.ask(question)
        await page.has_ended()
    await page.button("Edit question").last.click()
    editor = page.page.get_by_role("textbox", name="Edit your question")
    await expect(editor).to_be_focused()
    await editor.fill("changed")
    await editor.press("Enter")
    assert (await upstream.wait_for_request(3)).texts == ["first", "Hello world", "changed"]
    await page.has_ended()
    await page.button("Previous version").click()
    await expect(page.question).to_contain_text("second")


async def test_to_edit_a_question_stops_its_answer(page: ChatPage, upstream: Upstream) -> None:
    upstream.plays(says_and_is_silent("Hello"), says("Another"))
    await page.ask("first")
    await expect(page.answer).to_have_text("Hello")
    await page.button("Edit question").click()
    await page.page.get_by_role("textbox", name="Edit your question").fill("changed")
    await page.button("Send").first.click()
    await (await upstream.wait_for_request()).closes()
    await expect(page.answer).to_contain_text("Another")


async def test_escape_leaves_an_edited_question_as_it_was(page: ChatPage) -> None:
    await page.ask("first")
    await page.has_ended()
    await page.button("Edit question").click()
    editor = page.page.get_by_role("textbox", name="Edit your question")
    await editor.fill("changed")
    await editor.press("Escape")
    await expect(page.question).to_have_text("first")


async def test_two_chats_are_answered_at_once(page: ChatPage, upstream: Upstream) -> None:
    go_on = asyncio.Event()
    upstream.plays(says_when(go_on, "Slow", " but sure"), says("Quick"))
    await page.ask("slow?")
    await expect(page.answer).to_have_text("Slow")
    await page.button("New chat").click()
    await page.ask("quick?")
    await page.has_ended()
    await expect(page.answer).to_contain_text("Quick")
    chats = page.page.get_by_role("navigation", name="Chats")
    await expect(chats.get_by_role("img", name="answering")).to_have_count(1)
    go_on.set()
    await expect(chats.get_by_role("img", name="answering")).to_have_count(0)
    await page.chat("slow?").click()
    await expect(page.answer).to_contain_text("Slow but sure")


async def test_shift_enter_breaks_the_line_and_an_input_method_keeps_its_enter(
    page: ChatPage, upstream: Upstream
) -> None:
    await page.box.fill("one")
    await page.box.press("Shift+Enter")
    await page.box.press_sequentially("two")
    composing = {"key": "Enter", "isComposing": True, "bubbles": True, "cancelable": True}
    await page.box.dispatch_event("keydown", composing)
    await expect(page.box).to_have_value("one\ntwo")
    await page.box.press("Enter")
    assert (await upstream.wait_for_request()).texts == ["one\ntwo"]


async def test_thoughts_that_are_opened_are_read_from_their_beginning(page: ChatPage, upstream: Upstream) -> None:
    upstream.plays(says("Hello", thoughts=[f"Thought {number}.\n" for number in range(200)]))
    await page.button("Show thoughts").click()
    await page.ask("hi")
    await page.has_ended()
    await page.answer.get_by_text("Thoughts", exact=True).click()
    await expect(page.button("Jump to latest")).to_be_visible()
    await expect(page.answer.get_by_text("Thoughts", exact=True)).to_be_in_viewport()


async def test_without_the_part_that_draws_markdown_an_answer_is_shown_as_it_was_written(
    browser: Browser, upstream: Upstream
) -> None:
    upstream.plays(says("Some *words*"))
    async with serving(upstream) as address, without(browser, address, "markdown") as page:
        await page.ask("hi")
        await expect(page.answer).to_contain_text("Some *words*")
        await page.has_ended()


async def test_without_the_part_that_has_the_panels_they_offer_to_load_it_again(
    browser: Browser, upstream: Upstream
) -> None:
    async with serving(upstream) as address, without(browser, address, "panels") as page:
        await page.button("Settings").click()
        await page.page.unroute_all()
        await page.button("Reload").click()
        await page.opens_settings()


async def test_a_fault_that_no_part_catches_leaves_no_empty_page(browser: Browser, upstream: Upstream) -> None:
    fault = "export const Panels = () => { throw new Error('a fault of the page'); };"
    async with sharing(upstream) as address, opened(browser, address) as page:
        await page.box.fill("half a thought")
        await page.page.route("**/assets/panels-*.js", lambda route: route.fulfill(body=fault, content_type=JAVASCRIPT))
        await page.page.reload()
        await expect(page.page.get_by_text("The page could not be loaded.")).to_be_visible()
        assert page.errors == ["a fault of the page"]
        page.errors.clear()
        await page.page.unroute_all()
        await page.button("Reload").click()
        await expect(page.box).to_have_value("half a thought")


async def test_thoughts_are_asked_for_and_folded_away(page: ChatPage, upstream: Upstream) -> None:
    upstream.plays(says("42", thoughts=["Let me see."]))
    await page.button("Show thoughts").click()
    await page.ask("why?")
    await page.has_ended()
    assert (await upstream.wait_for_request()).body["generationConfig"]["thinkingConfig"]["includeThoughts"] is True
    await expect(page.page.get_by_text("Let me see.")).to_be_hidden()
    await page.page.get_by_text("Thoughts", exact=True).click()
    await expect(page.page.get_by_text("Let me see.")).to_be_visible()


async def test_the_chosen_model_is_asked(browser: Browser, upstream: Upstream) -> None:
    async with serving(upstream, models="a,b") as address, opened(browser, address) as page:
        picker = page.page.get_by_role("combobox", name="Model")
        await expect(picker).to_have_value("a")
        await picker.select_option("b")
        await page.ask("hi")
        assert (await upstream.wait_for_request()).model == "b"


async def test_without_a_key_the_page_says_that_no_model_is_behind_it(browser: Browser) -> None:
    async with serving(None) as address, opened(browser, address) as page:
        await expect(page.page.get_by_text("No real model is behind this page")).to_be_visible()
        await expect(page.page.get_by_text("GEMINI_API_KEY")).to_be_visible()


async def test_scrolling_up_lets_go_of_the_end_and_a_button_goes_back_to_it(page: ChatPage, upstream: Upstream) -> None:
    go_on = asyncio.Event()
    upstream.plays(says_when(go_on, "A line.\n\n" * 60, "The last line."))
    await page.ask("many lines?")
    last = page.answer.get_by_role("paragraph").last  # of the markdown, which is loaded late and takes less room
    await page.button("Jump to latest").click()
    await expect(last).to_be_in_viewport()
    await page.messages.hover()
    await page.page.mouse.wheel(0, -600)
    await expect(page.button("Jump to latest")).to_be_visible()
    go_on.set()
    await page.has_ended()
    await expect(page.answer.get_by_text("The last line.")).not_to_be_in_viewport()
    await page.button("Jump to latest").click()
    await expect(page.answer.get_by_text("The last line.")).to_be_in_viewport()
    await expect(page.button("Jump to latest")).to_be_hidden()


async def test_a_question_goes_to_the_top_and_stays_there_while_its_answer_grows(
    page: ChatPage, upstream: Upstream
) -> None:
    go_on = asyncio.Event()
    upstream.plays(says("A line.\n\n" * 60), says_when(go_on, "A line.\n\n" * 3, "A line.\n\n" * 60 + "The last line."))
    await page.ask("first")
    await page.has_ended()
    await page.ask("second")
    await expect(page.answer.get_by_role("paragraph")).to_have_count(3)
    at_top = await page.question.evaluate(TOP)
    assert 0 <= at_top < 100
    go_on.set()
    await page.has_ended()
    await expect(page.answer.get_by_text("The last line.")).not_to_be_in_viewport()
    assert abs(await page.question.evaluate(TOP) - at_top) < 2
    await page.button("Jump to latest").click()
    await expect(page.answer.get_by_text("The last line.")).to_be_in_viewport()


async def test_who_goes_to_the_end_follows_it_from_there(page: ChatPage, upstream: Upstream) -> None:
    go_on = asyncio.Event()
    upstream.plays(says_when(go_on, "A line.\n\n" * 60, "A line.\n\n" * 60 + "The last line."))
    await page.ask("many lines?")
    await page.button("Jump to latest").click()
    go_on.set()
    await expect(page.answer.get_by_text("The last line.")).to_be_in_viewport()


async def settled_top(button: Locator) -> float:
    """The place of a button once it has stayed there for some frames: what is under an answer is drawn after it."""
    last, now = -1.0, await button.evaluate(TOP)
    while now != last:
        await button.page.evaluate(SOME_FRAMES)
        last, now = now, await button.evaluate(TOP)
    return float(now)


async def test_a_version_that_is_turned_to_stays_where_it_is(page: ChatPage, upstream: Upstream) -> None:
    long = "A line.\n\n" * 60
    upstream.plays(says(long), says("A line.\n\n" * 40), says("A short one."), says(long))
    for question in ("first", "second"):
        await page.ask(question)
        await page.has_ended()
    for _ in range(2):
        await page.button("Regenerate").last.click()
        await page.has_ended()
    await expect(page.answer).to_contain_text("3 / 3")
    for name in ("Previous version", "Previous version", "Next version", "Next version"):
        button = page.answer.get_by_role("button", name=name)
        await button.scroll_into_view_if_needed()
        before = await settled_top(button)
        await button.click()
        await expect(page.answer.get_by_role("paragraph").first).to_be_attached()
        assert abs(await settled_top(button) - before) < 2


async def test_who_has_scrolled_up_is_left_alone_when_the_answer_becomes_shorter(
    page: ChatPage, upstream: Upstream
) -> None:
    upstream.plays(says_and_is_silent("A line.\n\n" * 60))
    await page.ask("many lines?")
    await page.button("Jump to latest").click()
    await expect(page.answer.get_by_role("paragraph").last).to_be_in_viewport()
    await page.messages.hover()
    await page.page.mouse.wheel(0, -600)
    await expect(page.button("Jump to latest")).to_be_visible()
    await page.answer.evaluate(SHORTENED)
    await expect(page.answer.get_by_role("paragraph")).to_have_count(30)
    await expect(page.button("Jump to latest")).to_be_visible()


async def test_on_a_narrow_screen_the_chats_are_in_a_drawer(browser: Browser, upstream: Upstream) -> None:
    narrow = {"width": 360, "height": 740}
    async with serving(upstream) as address, opened(browser, address, viewport=narrow) as page:
        await page.ask("hi")
        await page.has_ended()
        assert await page.page.evaluate("document.documentElement.scrollWidth") == 360
        upstream.plays(says_and_is_silent("Hello"))
        await page.ask("more?")
        await expect(page.answer).to_have_text("Hello")
        await page.button("Chats").click()
        await page.page.keyboard.press("Escape")
        await expect(page.page.get_by_role("dialog")).to_have_count(0)
        await expect(page.answer).to_have_attribute("aria-busy", "true")
        await page.button("Chats").click()
        await page.page.get_by_role("dialog", name="Chats").get_by_role("button", name="New chat").click()
        await expect(page.page.get_by_text("What would you like to know?")).to_be_visible()


@pytest.mark.parametrize("path", ["nowhere", "c/not/a/chat", "settings.html"])
async def test_an_unknown_address_shows_the_page_with_a_sentence(page: ChatPage, path: str) -> None:
    response = await page.page.goto(f"{page.page.url}{path}")
    assert response is not None
    assert response.status == 404
    await expect(page.page.get_by_role("heading", name="There is nothing at this address.")).to_be_visible()
    assert await page.page.evaluate("fetch(location).then((response) => response.headers.get('content-type'))") == (
        "application/problem+json"
    )
    await page.ask("hi")
    await page.has_ended()
    await expect(page.page).to_have_url(re.compile(r"/c/\w+$"))
