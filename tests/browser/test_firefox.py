"""The main flows in Firefox: what is asked, stopped, asked again, kept, refused, lost and found."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Locator, expect
from support.firefox import firefox
from support.page import ChatPage, opened
from support.proxy import TcpProxy
from support.serving import serving
from support.upstream import Upstream, says, says_and_is_silent

ANSWER = """\
Some *words*, `code`, and

| a | b |
| --- | --- |
| 1 | 2 |

```py
x = 1
```
"""


async def writes(box: Locator, text: str) -> None:
    """Type as people do: what Playwright fills in over BiDi is no input to React."""
    await box.press("Control+a")
    await box.press_sequentially(text)


async def asks(page: ChatPage, question: str) -> None:
    await writes(page.box, question)
    await page.box.press("Enter")


@pytest.fixture(scope="module")
async def fox() -> AsyncIterator[Browser]:
    async with firefox() as browser:
        yield browser


@pytest.fixture(scope="module")
async def opened_page(fox: Browser, session_upstream: Upstream) -> AsyncIterator[ChatPage]:
    async with serving(session_upstream, retries=0) as address, opened(fox, address) as page:
        yield page


@pytest.fixture
async def page(opened_page: ChatPage, upstream: Upstream) -> ChatPage:
    """The page of the tests that need no other server: each begins a chat of its own."""
    await opened_page.button("New chat").click()
    await expect(opened_page.question).to_have_count(0)
    await opened_page.box.press("Control+a")  # a draft that the test before has left
    await opened_page.box.press("Delete")
    await expect(opened_page.box).to_have_value("")
    return opened_page


async def test_a_question_is_answered_and_both_outlive_the_page(page: ChatPage, upstream: Upstream) -> None:
    upstream.plays(says(ANSWER))
    await asks(page, "hi")
    await page.has_ended()
    await expect(page.answer.get_by_role("cell", name="2")).to_be_visible()
    await expect(page.answer.locator("[data-language=py], [data-language=python]").first).to_be_visible()
    await page.page.reload()
    await expect(page.answer.get_by_role("cell", name="2")).to_be_visible()
    await expect(page.question).to_contain_text("hi")


async def test_an_answer_is_stopped_and_another_is_asked_for(page: ChatPage, upstream: Upstream) -> None:
    upstream.plays(says_and_is_silent("Half"), says("Whole"))
    await asks(page, "hi")
    await expect(page.answer).to_have_text("Half")
    await page.button("Stop").click()
    await (await upstream.wait_for_request()).closes()
    await page.has_ended()
    await page.button("Regenerate").click()
    await expect(page.answer).to_contain_text("Whole")
    await page.button("Previous version").click()
    await expect(page.answer).to_contain_text("Half")


async def test_a_question_is_edited(page: ChatPage, upstream: Upstream) -> None:
    await asks(page, "first")
    await page.has_ended()
    await page.button("Edit question").click()
    editor = page.page.get_by_role("textbox", name="Edit your question")
    await writes(editor, "changed")
    await page.page.reload()
    await expect(editor).to_have_value("changed")
    await editor.press("Enter")
    assert (await upstream.wait_for_request(2)).texts == ["changed"]


async def test_a_draft_outlives_the_page(page: ChatPage) -> None:
    await writes(page.box, "half a tho")
    await page.page.reload()
    await expect(page.box).to_have_value("half a tho")


async def test_a_refused_question_comes_back_into_its_box(fox: Browser, upstream: Upstream) -> None:
    async with serving(upstream, max_message_chars=5) as address, opened(fox, address) as page:
        await asks(page, "too long")
        await expect(page.returned).to_contain_text("at most 5 characters")
        await expect(page.box).to_have_value("too long")
        await expect(page.chats.get_by_role("link")).to_have_count(0)


async def test_a_connection_that_breaks_comes_back(fox: Browser, upstream: Upstream) -> None:
    upstream.plays(says_and_is_silent("Half"), says("Whole"))
    async with (
        serving(upstream, max_grace=0) as address,
        TcpProxy(address) as proxy,
        opened(fox, proxy.address) as page,
    ):
        await asks(page, "hi")
        await expect(page.answer).to_have_text("Half")
        proxy.cut()
        await expect(page.answer).to_contain_text("Ask again for all of it")
        await page.is_connected()
        await page.button("Retry").click()
        await expect(page.answer).to_contain_text("Whole")


async def test_a_chat_is_found_renamed_and_deleted(page: ChatPage) -> None:
    keyboard = page.page.keyboard
    await asks(page, "look for this")
    await page.has_ended()
    await keyboard.press("Control+k")
    await keyboard.type("look for")
    await keyboard.press("Enter")
    await page.chat("look for this").hover()
    await page.button("Options of look for this").click()
    await page.page.get_by_role("menuitem", name="Rename").click()
    await keyboard.type("renamed")
    await keyboard.press("Enter")
    await page.chat("renamed").hover()
    await page.button("Options of renamed").click()
    await page.page.get_by_role("menuitem", name="Delete").click()
    await expect(page.chat("renamed")).to_have_count(0)
    await page.button("Undo").click()
    await expect(page.chat("renamed")).to_be_visible()


async def test_the_box_grows_with_its_text(page: ChatPage) -> None:
    height = "box => box.clientHeight"
    low = await page.box.evaluate(height)
    for _ in range(5):
        await page.box.press("Shift+Enter")
    assert await page.box.evaluate(height) > 2 * low


async def test_the_page_works_where_cookies_are_blocked(upstream: Upstream) -> None:
    upstream.plays(says("An answer."))
    blocked = firefox(**{"network.cookie.cookieBehavior": 2})
    async with serving(upstream, retries=0) as address, blocked as fox, opened(fox, address) as page:
        assert await page.page.evaluate("() => { try { return !localStorage; } catch { return true; } }")
        await asks(page, "hi")
        await expect(page.answer).to_contain_text("An answer.")
        await page.has_ended()
        await expect(page.chat("hi")).to_be_visible()
