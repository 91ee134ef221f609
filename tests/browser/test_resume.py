"""An answer goes on while nobody is connected: the page comes back to it by itself, and Stop ends it from anywhere."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from playwright.async_api import Browser, expect
from support.log import Log
from support.page import ChatPage, opened
from support.process import running_over
from support.proxy import TcpProxy
from support.serving import serving
from support.upstream import Exchange, Script, Upstream, is_silent, says, says_and_is_silent, says_when

NOWHERE = "127.0.0.1:9"
"""No server is at this address."""
RECONNECTING = "Reconnecting. The rest of the answer follows."
LOST = "The rest of this answer is lost: the server no longer has it. Ask again for all of it, which costs again."


class Scene:
    """A page behind a proxy."""

    def __init__(self, address: str, proxy: TcpProxy, page: ChatPage) -> None:
        self.address = address
        self.proxy = proxy
        self.page = page

    def goes_offline(self) -> None:
        self.proxy.leads_to(NOWHERE)
        self.proxy.cut()

    async def comes_back(self, address: str | None = None) -> None:
        """Lead to the server again, and let the browser tell the page."""
        self.proxy.leads_to(address or self.address)
        await self.page.page.evaluate("window.dispatchEvent(new Event('online'))")
        await self.page.is_connected()

    async def run(self) -> str:
        """The name of the run that goes on."""
        [run] = (await self._get("/runs"))["runs"]
        name: str = run["run"]
        return name

    async def is_forgotten(self, run: str) -> None:
        while (await self._get(f"/runs/{run}")).get("code") != "gone":  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.05)

    async def _get(self, path: str) -> dict[str, Any]:
        async with aiohttp.ClientSession() as session, session.get(f"http://{self.address}{path}") as response:
            found: dict[str, Any] = await response.json(content_type=None)
            return found

    async def has(self, text: str, page: ChatPage | None = None) -> None:
        """See a whole answer, asked once, and that nothing is left to ask."""
        page = page or self.page
        await page.has_ended()
        await expect(page.answer.locator(".answer")).to_have_text(text)
        await expect(page.button("Retry")).to_have_count(0)
        await expect(page.messages.get_by_role("article", name="Answer")).to_have_count(1)


@asynccontextmanager
async def scene_of(browser: Browser, upstream: Upstream, **settings: Any) -> AsyncIterator[Scene]:
    async with (
        serving(upstream, **settings) as address,
        TcpProxy(address) as proxy,
        opened(browser, proxy.address) as page,
    ):
        yield Scene(address, proxy, page)


def says_all_when(released: asyncio.Event, text: str) -> Script:
    """A script for an answer that says nothing before it is released."""

    async def script(exchange: Exchange) -> None:
        await released.wait()
        await says(text)(exchange)

    return script


async def test_words_that_came_while_the_page_was_offline_are_there_when_it_is_back(
    browser: Browser, upstream: Upstream
) -> None:
    released = asyncio.Event()
    upstream.plays(says_when(released))
    async with scene_of(browser, upstream) as scene:
        await scene.page.ask("hi")
        await expect(scene.page.answer).to_have_text("Hello")
        scene.goes_offline()
        await expect(scene.page.answer).to_contain_text(RECONNECTING)
        released.set()
        await (await upstream.wait_for_request()).closes()
        await scene.comes_back()
        await scene.has("Hello world")
        assert len(upstream.exchanges) == 1


async def test_an_answer_that_still_grows_goes_on_growing_when_the_page_is_back(
    browser: Browser, upstream: Upstream
) -> None:
    released = asyncio.Event()
    upstream.plays(says_when(released))
    async with scene_of(browser, upstream) as scene:
        await scene.page.ask("hi")
        await expect(scene.page.answer).to_have_text("Hello")
        scene.proxy.cut()
        await scene.page.is_connected()
        released.set()
        await scene.has("Hello world")
        assert len(upstream.exchanges) == 1


async def test_a_link_that_breaks_before_the_first_word_costs_no_second_question(
    browser: Browser, upstream: Upstream
) -> None:
    released = asyncio.Event()
    upstream.plays(says_all_when(released, "Hello world"))
    async with scene_of(browser, upstream) as scene:
        await scene.page.ask("hi")
        await upstream.wait_for_request()
        scene.goes_offline()
        await expect(scene.page.answer).to_contain_text(RECONNECTING)
        await scene.comes_back()
        released.set()
        await scene.has("Hello world")
        assert len(upstream.exchanges) == 1


async def test_stop_works_before_the_first_word(browser: Browser, upstream: Upstream) -> None:
    upstream.plays(is_silent)
    async with scene_of(browser, upstream) as scene:
        await scene.page.ask("hi")
        exchange = await upstream.wait_for_request()
        await scene.page.button("Stop").click()
        await exchange.closes()
        await expect(scene.page.answer).to_contain_text("Stopped")


async def test_stop_while_the_page_is_offline_ends_the_answer_when_it_is_back(
    browser: Browser, upstream: Upstream
) -> None:
    upstream.plays(says_and_is_silent("Half"))
    async with scene_of(browser, upstream) as scene:
        await scene.page.ask("hi")
        await expect(scene.page.answer).to_have_text("Half")
        scene.goes_offline()
        await expect(scene.page.answer).to_contain_text(RECONNECTING)
        await scene.page.button("Stop").click()
        await scene.comes_back()
        await (await upstream.wait_for_request()).closes()
        await expect(scene.page.answer).to_contain_text("Stopped")
        await scene.has("Half")


async def test_stop_after_the_page_came_back_ends_the_answer(browser: Browser, upstream: Upstream) -> None:
    upstream.plays(says_and_is_silent("Half"))
    async with scene_of(browser, upstream) as scene:
        await scene.page.ask("hi")
        await expect(scene.page.answer).to_have_text("Half")
        scene.proxy.cut()
        await scene.page.is_connected()
        await scene.page.button("Stop").click()
        await (await upstream.wait_for_request()).closes()
        await expect(scene.page.answer).to_contain_text("Stopped")


async def test_a_page_that_slept_past_the_end_finds_the_whole_answer(browser: Browser, upstream: Upstream) -> None:
    released = asyncio.Event()
    upstream.plays(says_when(released))
    async with scene_of(browser, upstream, max_grace=0.5) as scene:
        await scene.page.ask("hi")
        await expect(scene.page.answer).to_have_text("Hello")
        run = await scene.run()
        released.set()
        scene.goes_offline()
        await scene.is_forgotten(run)
        await scene.comes_back()
        await scene.has("Hello world")


async def test_a_page_that_came_back_too_late_says_what_is_missing(browser: Browser, upstream: Upstream) -> None:
    upstream.plays(says_and_is_silent("Half"), says("Whole"))
    async with scene_of(browser, upstream, max_grace=0.5) as scene:
        await scene.page.ask("hi")
        await expect(scene.page.answer).to_have_text("Half")
        run = await scene.run()
        scene.goes_offline()
        await scene.is_forgotten(run)
        await scene.comes_back()
        await expect(scene.page.answer).to_contain_text("This answer was ended while the connection was away.")
        await expect(scene.page.answer).to_contain_text("Ask again for all of it, which costs again.")
        await scene.page.button("Retry").click()
        await expect(scene.page.answer).to_contain_text("Whole")


async def test_a_server_that_was_killed_has_no_more_of_its_answers_and_the_page_says_so(
    browser: Browser, upstream: Upstream, free_port: int
) -> None:
    upstream.plays(says_and_is_silent("Half"), says("Whole"))
    async with running_over(upstream, port=str(free_port)):
        address = f"127.0.0.1:{free_port}"
        context = opened(browser, address)
        page = await context.__aenter__()
        await page.ask("hi")
        await expect(page.answer).to_have_text("Half")
    await expect(page.answer).to_contain_text(RECONNECTING)
    async with serving(upstream, port=free_port):
        await page.page.evaluate("window.dispatchEvent(new Event('online'))")
        await expect(page.answer).to_contain_text(LOST)
        await expect(page.answer).to_contain_text("Half")
        await page.button("Retry").click()
        await expect(page.answer).to_contain_text("Whole")
        await context.__aexit__(None, None, None)


async def test_a_reload_in_mid_answer_goes_on(browser: Browser, upstream: Upstream) -> None:
    released = asyncio.Event()
    upstream.plays(says_when(released))
    async with scene_of(browser, upstream) as scene:
        await scene.page.ask("hi")
        await expect(scene.page.answer).to_have_text("Hello")
        await scene.page.page.reload()
        await expect(scene.page.answer).to_have_text("Hello")
        released.set()
        await scene.has("Hello world")
        assert len(upstream.exchanges) == 1
        await scene.page.page.reload()
        await scene.has("Hello world")


async def test_a_reload_goes_on_with_the_answer_of_a_chat_that_is_not_shown(
    browser: Browser, upstream: Upstream, log: Log
) -> None:
    released = asyncio.Event()
    upstream.plays(says_when(released))
    async with scene_of(browser, upstream) as scene:
        await scene.page.ask("the first chat")
        await expect(scene.page.answer).to_have_text("Hello")
        await scene.page.button("New chat").click()
        await scene.page.page.reload()
        await log.line("run", happening="resumed")
        released.set()
        await scene.page.chat("the first chat").click()
        await scene.has("Hello world")
        assert len(upstream.exchanges) == 1


async def test_a_chat_that_was_left_before_the_first_word_gets_its_own_answer(
    browser: Browser, upstream: Upstream
) -> None:
    released = asyncio.Event()
    upstream.plays(says_all_when(released, "For the first"), says("For the second"))
    async with scene_of(browser, upstream) as scene:
        await scene.page.ask("first")
        await upstream.wait_for_request()
        await scene.page.button("New chat").click()
        scene.proxy.cut()
        await scene.page.is_connected()
        await scene.page.ask("second")
        await scene.has("For the second")
        released.set()
        await scene.page.chat("first").click()
        await scene.has("For the first")
        assert len(upstream.exchanges) == 2


async def test_two_tabs_show_the_same_answer_growing_and_either_stops_it(browser: Browser, upstream: Upstream) -> None:
    upstream.plays(says("One"), says_and_is_silent("Half"))
    async with scene_of(browser, upstream) as scene:
        await scene.page.ask("first")
        await scene.page.has_ended()
        other = await scene.page.another_tab()
        await expect(other.answer.locator(".answer")).to_have_text("One")
        await scene.page.ask("second")
        await expect(scene.page.answer).to_have_text("Half")
        await expect(other.answer).to_have_text("Half")
        await other.button("Stop").click()
        await (await upstream.wait_for_request(2)).closes()
        for page in (scene.page, other):
            await expect(page.answer).to_contain_text("Stopped")
            await expect(page.messages.get_by_role("article", name="Answer")).to_have_count(2)


async def test_a_tab_that_is_opened_in_mid_answer_shows_it_from_its_start(browser: Browser, upstream: Upstream) -> None:
    released = asyncio.Event()
    upstream.plays(says_when(released))
    async with scene_of(browser, upstream) as scene:
        await scene.page.ask("hi")
        await expect(scene.page.answer).to_have_text("Hello")
        other = await scene.page.another_tab()
        await expect(other.answer).to_have_text("Hello")
        released.set()
        await scene.has("Hello world")
        await scene.has("Hello world", other)
        assert len(upstream.exchanges) == 1


async def edits(page: ChatPage, text: str) -> None:
    """Ask this in place of the first question."""
    await page.button("Edit question").first.click()
    editor = page.page.get_by_role("textbox", name="Edit your question")
    await editor.fill(text)
    await editor.press("Enter")


async def test_to_edit_a_question_leaves_the_answer_that_another_tab_asked_for(
    browser: Browser, upstream: Upstream
) -> None:
    released = asyncio.Event()
    upstream.plays(says_when(released), says("Another"))
    async with scene_of(browser, upstream) as scene:
        await scene.page.ask("hi")
        await expect(scene.page.answer).to_have_text("Hello")
        other = await scene.page.another_tab()
        await expect(other.answer).to_have_text("Hello")
        await edits(other, "changed")
        await scene.has("Another", other)
        released.set()
        await scene.has("Hello world")
        assert len(upstream.exchanges) == 2


async def test_a_tab_that_was_frozen_past_the_end_shows_the_whole_answer(browser: Browser, upstream: Upstream) -> None:
    released = asyncio.Event()
    upstream.plays(says_when(released))
    async with scene_of(browser, upstream, max_grace=0.5) as scene:
        await scene.page.ask("hi")
        await expect(scene.page.answer).to_have_text("Hello")
        run = await scene.run()
        session = await scene.page.page.context.new_cdp_session(scene.page.page)
        await session.send("Page.setWebLifecycleState", {"state": "frozen"})
        scene.goes_offline()
        released.set()
        await scene.is_forgotten(run)
        scene.proxy.leads_to(scene.address)
        await session.send("Page.setWebLifecycleState", {"state": "active"})
        await scene.has("Hello world")
