"""The connection breaks, the server stops, a turn is refused: the page says so, and what to do."""

import asyncio
import re
from contextlib import AsyncExitStack

from playwright.async_api import Browser, expect
from support.log import Log
from support.page import ChatPage, opened, visited
from support.proxy import TcpProxy
from support.serving import serving
from support.upstream import Upstream, blocks_the_prompt, fails, is_silent, says, says_and_is_silent, says_when


def retry_info(delay: str) -> list[dict[str, str]]:
    return [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay}]


async def test_without_grace_a_connection_cut_in_the_middle_keeps_what_came_and_offers_to_ask_again(
    browser: Browser, upstream: Upstream
) -> None:
    upstream.plays(says_and_is_silent("The first half"), says("All of it"))
    async with (
        serving(upstream, max_grace=0) as address,
        TcpProxy(address) as proxy,
        opened(browser, proxy.address) as page,
    ):
        await page.ask("hi")
        await expect(page.answer).to_have_text("The first half")
        proxy.cut()
        await expect(page.answer).to_contain_text("The connection broke. Ask again for all of it, which costs again.")
        await expect(page.answer).to_contain_text("The first half")
        await (await upstream.wait_for_request()).closes()
        await page.is_connected()
        await page.button("Retry").click()
        await expect(page.answer).to_contain_text("All of it")
        assert (await upstream.wait_for_request(2)).texts == ["hi"]


async def test_a_server_that_stops_says_so_and_the_page_comes_back_to_the_next(
    browser: Browser, upstream: Upstream, free_port: int
) -> None:
    upstream.plays(says_and_is_silent("Half"), says("Whole"))
    address = f"127.0.0.1:{free_port}"
    async with serving(upstream, port=free_port):
        context = opened(browser, address)
        page = await context.__aenter__()
        await page.ask("hi")
        await expect(page.answer).to_have_text("Half")
    await expect(page.answer).to_contain_text("The server stopped before this answer had ended.")
    await page.is_connected("Not connected")
    async with serving(upstream, port=free_port):
        await page.button("Retry").click()
        await expect(page.answer).to_contain_text("Whole")
        await context.__aexit__(None, None, None)


async def test_an_answer_that_a_draining_server_finishes_is_whole_and_the_page_moves_on(
    browser: Browser, upstream: Upstream, free_port: int, log: Log
) -> None:
    released = asyncio.Event()
    upstream.plays(says_when(released), says("From the next one"))
    address = f"127.0.0.1:{free_port}"
    stack = AsyncExitStack()
    await stack.enter_async_context(serving(upstream, port=free_port, drain_timeout=10))
    async with opened(browser, address) as page:
        await page.ask("hi")
        await expect(page.answer).to_have_text("Hello")
        stopping = asyncio.create_task(stack.aclose())
        await log.line("draining")
        released.set()
        await stopping
        await expect(page.answer).to_contain_text("Hello world")
        async with serving(upstream, port=free_port):
            await page.ask("and now?")
            await expect(page.answer).to_contain_text("From the next one")


async def test_a_link_that_dies_without_a_word_is_noticed_and_replaced(browser: Browser, upstream: Upstream) -> None:
    upstream.plays(says_and_is_silent("The first half"), says("All of it"))
    async with (
        serving(upstream, max_grace=0) as address,
        TcpProxy(address) as proxy,
        opened(browser, proxy.address) as page,
    ):
        await page.takes_over_the_clock()
        await page.is_connected()
        await page.ask("hi")
        await expect(page.answer).to_have_text("The first half")
        proxy.freeze()
        await page.page.clock.fast_forward(45_000)  # nothing was heard: it asks
        await page.page.clock.fast_forward(10_000)  # and gets no answer
        await expect(page.answer).to_contain_text("Nothing came over the connection any more. Ask again for all of it")
        await page.is_connected()
        await page.button("Retry").click()
        await expect(page.answer).to_contain_text("All of it")


async def test_a_link_that_lives_and_is_silent_is_kept(browser: Browser, upstream: Upstream) -> None:
    released = asyncio.Event()
    upstream.plays(says_when(released))
    async with serving(upstream) as address, opened(browser, address) as page:
        await page.takes_over_the_clock()
        await page.is_connected()
        sockets: list[object] = []
        page.page.on("websocket", lambda socket: sockets.append(socket))  # noqa: PLW0108 - Playwright marks what it is given
        await page.ask("hi")
        await expect(page.answer).to_have_text("Hello")
        for _ in range(3):
            await page.page.clock.fast_forward(45_000)
            await page.page.evaluate("fetch('/readyz')")  # the answer to what it asked has come before this one's
        released.set()
        await expect(page.answer).to_contain_text("Hello world")
        assert sockets == []


async def test_what_is_asked_while_the_server_is_away_is_sent_after_a_reload(
    browser: Browser, upstream: Upstream, free_port: int
) -> None:
    async with serving(upstream, port=free_port):
        context = opened(browser, f"127.0.0.1:{free_port}")
        page = await context.__aenter__()
    await page.is_connected("Not connected")
    await page.ask("hi")
    await expect(page.answer).to_contain_text("Your question is kept")
    async with serving(upstream, port=free_port):
        await page.page.reload()
        await expect(page.answer).to_contain_text("Hello world")
        assert len(upstream.exchanges) == 1
        await context.__aexit__(None, None, None)


async def test_a_browser_that_keeps_nothing_is_not_said_to_keep_something(
    browser: Browser, upstream: Upstream, free_port: int
) -> None:
    async with serving(upstream, port=free_port):
        context = opened(browser, f"127.0.0.1:{free_port}")
        page = await context.__aenter__()
        await page.page.add_init_script("Storage.prototype.setItem = () => { throw new Error('full'); }")
        await page.page.reload()
        await page.is_connected()
    await page.is_connected("Not connected")
    await page.ask("hi")
    await expect(page.answer).to_contain_text("Leave this page open")
    await expect(page.page.get_by_text("kept only until this page is closed")).to_be_visible()
    await context.__aexit__(None, None, None)


async def test_what_is_asked_while_the_server_is_away_is_sent_once_it_is_back(
    browser: Browser, upstream: Upstream, free_port: int
) -> None:
    address = f"127.0.0.1:{free_port}"
    async with serving(upstream, port=free_port):
        context = opened(browser, address)
        page = await context.__aenter__()
    await page.is_connected("Not connected")
    await page.ask("hi")
    await expect(page.answer).to_contain_text("Your question is kept")
    async with serving(upstream, port=free_port):
        await page.has_ended()
        await expect(page.answer).to_contain_text("Hello world")
        await context.__aexit__(None, None, None)


async def test_an_idle_connection_closes_and_opens_with_the_next_question(browser: Browser, upstream: Upstream) -> None:
    async with serving(upstream, idle_timeout=0.5) as address, visited(browser, address) as page:
        await page.is_connected("Connects when needed")
        await page.ask("hi")
        await page.has_ended()
        await expect(page.answer).to_contain_text("Hello world")


async def test_a_full_server_is_told_from_one_that_is_away(browser: Browser, upstream: Upstream) -> None:
    async with serving(upstream, max_sockets=1) as address, opened(browser, address):
        context = await browser.new_context()
        page = await context.new_page()
        await page.goto(f"http://{address}/")
        await expect(page.get_by_text("takes no more connections")).to_be_visible()
        await context.close()


async def test_a_refused_turn_is_asked_again_when_the_provider_said(page: ChatPage, upstream: Upstream) -> None:
    upstream.plays(fails(429, "RESOURCE_EXHAUSTED", details=retry_info("1.2s")), says("At last"))
    await page.ask("hi")
    await expect(page.answer).to_contain_text("provider takes no more questions at the moment.")
    await expect(page.button(re.compile(r"Retry in \d s"))).to_be_disabled()
    await page.button("Retry").click()
    await expect(page.answer).to_contain_text("At last")
    await expect(page.messages.get_by_role("article", name="Answer")).to_have_count(1)


async def test_what_the_provider_blocks_is_not_asked_again(page: ChatPage, upstream: Upstream) -> None:
    upstream.plays(blocks_the_prompt)
    await page.ask("hi")
    await expect(page.answer).to_contain_text("provider refused this question. Put it another way.")
    await expect(page.button("Retry")).to_have_count(0)


async def test_a_message_that_is_too_long_says_how_long_it_may_be(browser: Browser, upstream: Upstream) -> None:
    async with serving(upstream, max_message_chars=10) as address, opened(browser, address) as page:
        await page.ask("x" * 11)
        await expect(page.returned).to_contain_text("The message may hold at most 10 characters. Shorten it")
        await expect(page.box).to_have_value("x" * 11)
        await expect(page.chats.get_by_role("link")).to_have_count(0)
        assert upstream.exchanges == []


async def test_a_message_that_ends_the_connection_is_not_sent_again(browser: Browser, upstream: Upstream) -> None:
    async with serving(upstream, max_frame_bytes=1_000) as address, opened(browser, address) as page:
        await page.ask("x" * 2_000)
        await expect(page.answer).to_contain_text("the message was too large for it. Shorten it")
        await page.is_connected()
        await page.ask("short")
        await page.has_ended()
        await expect(page.answer).to_contain_text("Hello world")


async def test_a_chat_that_is_too_long_is_asked_with_its_newest_part(browser: Browser, upstream: Upstream) -> None:
    upstream.plays(says("a" * 300_000), says("b"))
    async with serving(upstream, max_history_chars=200_000) as address, opened(browser, address) as page:
        for question in ("first", "second"):
            await page.ask(question)
            await page.has_ended()
        assert (await upstream.wait_for_request(2)).texts == ["second"]
        await expect(page.messages.get_by_role("note", name="Left out")).to_have_count(1)
        left_out = page.messages.locator("[role=note], article").nth(2)
        await expect(left_out).to_contain_text("the model is not told it any more")
        await expect(page.page.get_by_label("Memory full")).to_be_visible()


async def test_one_turn_too_many_waits_for_another_to_end(browser: Browser, upstream: Upstream) -> None:
    upstream.plays(is_silent)
    async with serving(upstream, max_turns_per_socket=1) as address, opened(browser, address) as page:
        await page.ask("first")
        await upstream.wait_for_request()
        await page.button("New chat").click()
        await page.ask("second")
        await expect(page.returned).to_contain_text("Wait until another answer has ended, or stop one")
        await expect(page.button(re.compile("Retry"))).to_be_visible()
