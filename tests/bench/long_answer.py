"""One answer of 1 MB: how the page draws it while somebody types, and once it is there."""

import asyncio
from collections.abc import Awaitable

from playwright.async_api import Browser
from support.page import ChatPage, opened
from support.upstream import Exchange, Script, Upstream, says

from bench.page import RECORD, SECTION

CHARS = 2**20
DELTA_CHARS = 256
DELTAS_A_SECOND = 250
KEYS_A_SECOND = 5
AFTER_SECONDS = 3.0

WATCH = (
    "() => {"
    + RECORD
    + """
  watch.keys = [];
  window.watch_ = watch;
  new PerformanceObserver((list) => watch.keys.push(...list.getEntries().map((event) => event.duration)))
    .observe({ type: "event", durationThreshold: 16 });
}"""
)

ENDED = """(turns) => new Promise((resolve) => {
  const look = () => {
    const answers = document.querySelectorAll("[role=log] > [aria-busy]");
    if (answers.length < turns || answers[turns - 1].ariaBusy === "true") return;
    observer.disconnect();
    resolve();
  };
  const observer = new MutationObserver(look);
  observer.observe(document.body, { subtree: true, childList: true, attributeFilter: ["aria-busy"] });
  look();
})"""


def own_section(number: int) -> str:
    """Prose, a list, a table, code and a quote, with words of its own."""
    return SECTION.replace("pieces", f"pieces_{number}").replace("the section", f"section {number}")


def long_text() -> str:
    """So many characters of them."""
    sections = range(1, CHARS // len(SECTION) + 1)
    return "".join(map(own_section, sections))[:CHARS]


def streams(text: str) -> Script:
    """The answer in deltas, at a steady pace."""

    async def script(exchange: Exchange) -> None:
        await exchange.start()
        clock = asyncio.get_running_loop().time
        began = clock()
        for number, start in enumerate(range(0, len(text), DELTA_CHARS), 1):
            await exchange.text(text[start : start + DELTA_CHARS])
            await asyncio.sleep(began + number / DELTAS_A_SECOND - clock())
        await exchange.text("", finish="STOP")
        await exchange.finish()

    return script


async def drawn(browser: Browser, address: str, upstream: Upstream, script: Script) -> dict[str, dict[str, float]]:
    """Measure an answer while it comes, once it is there, and while it is scrolled; somebody types meanwhile."""
    upstream.plays(says("Hello"), script)
    async with opened(browser, address) as page:
        await page.ask("hi")
        await page.has_ended()
        await page.page.evaluate(WATCH)
        await page.ask("A very long answer, please.")
        figures = {"while it comes": await _while(page, page.page.evaluate(ENDED, 2))}
        figures["afterwards"] = await _while(page, asyncio.sleep(AFTER_SECONDS))
        await page.messages.hover()
        figures["scrolled"] = await _while(page, _scrolls(page))
        return figures


async def _scrolls(page: ChatPage) -> None:
    """A screen at a time, as by Page Up, and then back in leaps."""
    for by in (-600,) * 60 + (8_000,) * 8:
        await page.page.mouse.wheel(0, by)
        await page.page.wait_for_timeout(50)


async def _while(page: ChatPage, act: Awaitable[None]) -> dict[str, float]:
    """Measure until the answer is done."""
    await page.page.evaluate("watch_.tasks.length = watch_.frames.length = watch_.keys.length = 0")
    done = asyncio.ensure_future(act)
    while not done.done():
        await page.page.keyboard.press("a")
        await asyncio.sleep(1 / KEYS_A_SECOND)
    await done
    watch = await page.page.evaluate("watch_")
    frames = sorted(watch["frames"])
    heap, nodes, _ = await page.memory_in_use()
    return {
        "frame p95 ms": frames[int(len(frames) * 0.95)],
        "longest task ms": max(watch["tasks"], default=0.0),
        "slowest key ms": max(watch["keys"], default=0.0),
        "heap MB": heap,
        "nodes": nodes,
    }
