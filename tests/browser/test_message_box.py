"""What stands in the message box is the reader's: it goes when they send it or take it away, and not otherwise."""

from playwright.async_api import expect
from support.page import ChatPage
from support.upstream import Upstream, says, says_and_is_silent


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
