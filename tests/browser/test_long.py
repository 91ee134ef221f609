"""Long answers and many turns: what is shown, what it takes, and what is left of it."""

import pytest
from bench.long_answer import ENDED, long_text
from bench.long_chat import asks
from playwright.async_api import expect
from support.page import ChatPage
from support.upstream import Upstream, says

LAST = "\n\n| the last table |\n| --- |\n| the very last word |\n"
LONGEST_TASK_MS = 1_500  # a fifth of it where nothing else runs
HEAP_MB = 40
NODES = 25_000
WATCH = """() => {
  window.tasks_ = [];
  new PerformanceObserver((list) => tasks_.push(...list.getEntries().map((task) => task.duration)))
    .observe({ type: "longtask" });
}"""


@pytest.mark.parametrize("delta_chars", [2**21, 2**11], ids=["in one delta", "in many"])
async def test_an_answer_of_1_mb_is_markdown_and_freezes_nothing(
    page: ChatPage, upstream: Upstream, delta_chars: int
) -> None:
    text = long_text() + LAST
    upstream.plays(says("Hello"), says(*(text[at : at + delta_chars] for at in range(0, len(text), delta_chars))))
    await page.ask("hi")
    await page.has_ended()
    await page.page.evaluate(WATCH)
    await page.ask("A very long answer, please.")
    await page.page.evaluate(ENDED, 2)
    await expect(page.answer.get_by_role("cell", name="the very last word")).to_be_in_viewport()
    await page.page.locator("[data-scroller]").press("Home")
    await expect(page.answer.get_by_role("heading", name="What section 1 is about")).to_be_in_viewport()
    await expect(page.answer.locator("[data-language=python] span").first).to_be_visible()
    assert max(await page.page.evaluate("tasks_"), default=0) < LONGEST_TASK_MS
    heap, nodes, _ = await page.in_use()
    assert heap < HEAP_MB
    assert nodes < NODES
    assert await page.answer.evaluate("answer => answer.textContent.length") > len(text) * 0.9


async def test_chats_that_are_no_longer_shown_leave_no_node_behind(page: ChatPage) -> None:
    await asks(page, 5)
    await page.button("New chat").click()
    _, shown, gone = await page.in_use()
    for _ in range(4):
        await asks(page, 5)
        await page.button("New chat").click()
    _, shown_now, gone_now = await page.in_use()
    assert gone_now - gone < 15
    assert shown_now - shown == 4 * 4  # an entry of each in the list of chats
