"""A tab that nobody looks at. The browser here never hides one: what a hidden tab lacks, its drawings, is held back."""

import asyncio

from playwright.async_api import Browser, expect
from support.page import ChatPage, opened
from support.serving import serving
from support.upstream import Exchange, Upstream

DRAWS_WHEN_LOOKED_AT = """
  const draw = window.requestAnimationFrame.bind(window);
  const waiting = [];
  window.hidden = false;
  window.requestAnimationFrame = (callback) => window.hidden ? waiting.push(callback) : draw(callback);
  window.look = () => { window.hidden = false; waiting.splice(0).forEach(draw); };
"""
LOOK_AWAY = """() => {
  window.hidden = true;
  window.changes = 0;
  const watched = { subtree: true, childList: true, characterData: true, attributes: true };
  new MutationObserver((found) => { window.changes += found.length; }).observe(document.body, watched);
}"""


async def test_a_tab_in_the_background_changes_nothing_until_it_is_looked_at(
    browser: Browser, upstream: Upstream
) -> None:
    go_on = asyncio.Event()

    async def script(exchange: Exchange) -> None:
        await exchange.start()
        await exchange.text("First.")
        await go_on.wait()
        for index in range(100):
            await exchange.text(f" Word {index}.")
            await asyncio.sleep(0.01)
        await exchange.text(" Last.", finish="STOP")
        await exchange.finish()

    upstream.plays(script)
    async with serving(upstream) as address, opened(browser, address) as page:
        await page.page.add_init_script(DRAWS_WHEN_LOOKED_AT)
        ended = await _reloaded(page)
        await page.ask("hi")
        await expect(page.answer.get_by_role("paragraph")).to_have_text("First.")  # by markdown, which is loaded late
        await page.page.evaluate(LOOK_AWAY)
        go_on.set()
        await ended.wait()
        assert await page.page.evaluate("changes") == 0
        await page.page.evaluate("look()")
        await page.has_ended()
        await expect(page.answer).to_contain_text("Word 99. Last.")


async def _reloaded(page: ChatPage) -> asyncio.Event:
    """Load the page anew; returns what is set when its socket gets the end of a turn."""
    ended = asyncio.Event()

    def on_frame(frame: str | bytes) -> None:
        if '"type":"usage"' in str(frame):
            ended.set()

    page.page.on("websocket", lambda socket: socket.on("framereceived", on_frame))
    await page.page.reload()
    await page.is_connected()
    return ended
