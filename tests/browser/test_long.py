"""Long answers and many turns: what is shown, what it takes, and what is left of it."""

import pytest
from bench.long_answer import ENDED, long_text
from bench.long_chat import asks
from playwright.async_api import CDPSession, expect
from support.page import COUNT_NODES, ChatPage
from support.upstream import Upstream, says

LAST = "\n\n| the last table |\n| --- |\n| the very last word |\n"
HEAP_MB = 35
NODES = 10_000
HAS_FEWER_NODES = f"""limit => new Promise((done) => {{
  const look = () => ({COUNT_NODES})() < limit ? done() : setTimeout(look, 50);
  look();
}})"""


@pytest.mark.parametrize(
    "delta_chars,cpu_seconds",
    [pytest.param(2**21, 2.0, marks=pytest.mark.nightly), (2**11, 5.0)],
    ids=["in one delta", "in many"],
)
async def test_an_answer_of_1_mb_is_markdown_and_freezes_nothing(
    page: ChatPage, upstream: Upstream, delta_chars: int, cpu_seconds: float
) -> None:
    text = long_text() + LAST
    upstream.plays(says("Hello"), says(*(text[at : at + delta_chars] for at in range(0, len(text), delta_chars))))
    await page.ask("hi")
    await page.has_ended()
    session = await page.page.context.new_cdp_session(page.page)
    await session.send("Performance.enable", {"timeDomain": "threadTicks"})
    before = await _cpu_seconds(session)
    await page.ask("A very long answer, please.")
    await page.page.evaluate(ENDED, 2)
    await page.button("Jump to latest").click()
    await expect(page.answer.get_by_role("cell", name="the very last word")).to_be_in_viewport()
    assert await _cpu_seconds(session) - before < cpu_seconds  # whatever else keeps the machine busy
    await page.page.locator("[data-scroller]").press("Home")
    await expect(page.answer.get_by_role("heading", name="What section 1 is about")).to_be_in_viewport()
    await expect(page.answer.locator("[data-language=python] span").first).to_be_visible()
    # What is out of sight again goes with a drawing, and those are rare while the machine is busy.
    await page.page.evaluate(HAS_FEWER_NODES, NODES)
    heap, _, _ = await page.memory_in_use()
    assert heap < HEAP_MB
    assert await page.answer.evaluate("answer => answer.textContent.length") > len(text) * 0.9


async def _cpu_seconds(session: CDPSession) -> float:
    """The time that the page's main thread has run."""
    metrics = await session.send("Performance.getMetrics")
    return next(float(metric["value"]) for metric in metrics["metrics"] if metric["name"] == "TaskDuration")


async def test_chats_that_are_no_longer_shown_leave_no_node_behind(page: ChatPage) -> None:
    await asks(page, 5)
    await page.button("New chat").click()
    _, shown, gone = await page.memory_in_use()
    for _ in range(4):
        await asks(page, 5)
        await page.button("New chat").click()
    _, shown_now, gone_now = await page.memory_in_use()
    assert gone_now - gone < 15
    assert shown_now - shown == 4 * 10  # an entry of each in the list of chats
