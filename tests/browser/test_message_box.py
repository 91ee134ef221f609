"""The message box belongs to the reader: its text goes when they send it or take it away, and not otherwise."""

from collections.abc import Awaitable, Callable

import pytest
from playwright.async_api import expect
from support.page import ChatPage
from support.upstream import Upstream, says, says_and_is_silent

RECOGNITION = """
window.SpeechRecognition = class {
  start() { window.recognition = this; }
  stop() { this.onend(); }
  abort() { this.onend(); }
};
window.hears = (words) => window.recognition.onresult?.({ results: [[{ transcript: words }]] });
"""
"""A browser that recognises what the test says."""

REMOVAL = """window.removal = new Promise((resolve) =>
  addEventListener("storage", ({ newValue }) => newValue === null && resolve()))"""
"""Resolved once the page has been told that another tab has removed something. Called after the page's own listener."""


async def test_continue_leaves_what_stands_in_the_message_box(page: ChatPage, upstream: Upstream) -> None:
    upstream.plays(says_and_is_silent("The beginning"), says(" and the end."))
    await page.ask("Tell me more")
    await expect(page.answer).to_contain_text("The beginning")
    await page.box.fill("half a thought")
    await page.button("Stop").click()
    await page.has_ended()
    await page.button("Continue").click()
    await expect(page.answer).to_contain_text("and the end.")
    await page.has_ended()
    await expect(page.question).to_contain_text("Go on exactly where you stopped.")
    await expect(page.box).to_have_value("half a thought")


async def test_continue_stands_at_the_last_answer_alone(page: ChatPage, upstream: Upstream) -> None:
    upstream.plays(says_and_is_silent("The beginning"), says_and_is_silent("The middle"))
    await page.ask("Tell me more")
    await expect(page.answer).to_contain_text("The beginning")
    await page.button("Stop").click()
    await page.button("Continue").click()
    await expect(page.answer).to_contain_text("The middle")
    await expect(page.button("Continue")).to_have_count(0)
    await page.button("Stop").click()
    await expect(page.button("Continue")).to_have_count(1)


async def test_a_first_question_is_sent_where_its_title_would_end_within_an_emoji(page: ChatPage) -> None:
    title = "a" * 59 + "\N{GRINNING FACE}"
    await page.ask(f"{title} and more")
    await page.has_ended()
    await expect(page.answer).to_contain_text("Hello world")
    await expect(page.chat(title)).to_be_visible()


async def dictates(page: ChatPage) -> None:
    await page.page.add_init_script(RECOGNITION)
    await page.page.reload()
    await page.button("Dictate").click()
    await page.page.evaluate("hears('hello')")
    await expect(page.box).to_have_value("hello")


async def test_what_is_typed_while_one_dictates_stays(page: ChatPage) -> None:
    await dictates(page)
    await page.box.press_sequentially(" you,")
    await page.page.evaluate("hears('hello world')")
    await expect(page.box).to_have_value("hello you, world")


async def test_what_was_sent_does_not_come_back_by_dictation(page: ChatPage) -> None:
    await dictates(page)
    await page.box.press("Enter")
    await page.has_ended()
    await expect(page.button("Dictate")).to_be_visible()
    await page.page.evaluate("hears('hello world')")
    await expect(page.box).to_have_value("")
    await page.button("Dictate").click()
    await page.page.evaluate("hears('and')")
    await page.box.press("Enter")  # in a chat that is there already
    await expect(page.question).to_contain_text("and")
    await page.has_ended()
    await page.page.evaluate("hears('and again')")
    await expect(page.box).to_have_value("")


async def test_dictation_ends_where_another_chat_is_shown(page: ChatPage) -> None:
    await page.ask("first")
    await page.has_ended()
    await dictates(page)
    await page.button("New chat").click()
    await expect(page.button("Dictate")).to_be_visible()
    await page.page.evaluate("hears('hello world')")
    await page.chat("first").click()
    await expect(page.box).to_have_value("hello")


async def empties(tab: ChatPage) -> None:
    await tab.box.fill("")


async def becomes_temporary(tab: ChatPage) -> None:
    await tab.button("Temporary chat").click()


@pytest.mark.parametrize("acts", [empties, becomes_temporary])
async def test_what_one_tab_does_not_keep_stands_in_another(
    page: ChatPage, acts: Callable[[ChatPage], Awaitable[None]]
) -> None:
    await page.box.fill("half a thought")
    other = await page.another_tab()
    await expect(other.box).to_have_value("half a thought")
    await page.page.evaluate(f"() => {{ {REMOVAL} }}")
    await acts(other)
    await page.page.evaluate("removal")
    await expect(page.box).to_have_value("half a thought")


async def test_what_one_tab_sends_goes_from_the_box_of_another(page: ChatPage) -> None:
    await page.box.fill("a whole thought")
    other = await page.another_tab()
    await expect(other.box).to_have_value("a whole thought")
    await other.box.press("Enter")
    await other.has_ended()
    await expect(page.box).to_have_value("")
