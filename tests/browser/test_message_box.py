"""What stands in the message box is the reader's: it goes when they send it or take it away, and not otherwise."""

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
