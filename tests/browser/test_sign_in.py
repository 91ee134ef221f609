"""A server that asks who is there: the page asks its reader, and other pages get nothing."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from playwright.async_api import Browser, Locator, Route, expect
from support.identity import API_KEYS, KEYS, SECRET, token
from support.page import ChatPage, visited
from support.proxy import TcpProxy
from support.serving import serving
from support.upstream import Upstream, says, says_when
from support.web_app import started


@asynccontextmanager
async def locked(browser: Browser, address: str) -> AsyncIterator[ChatPage]:
    """The page of a server that wants to know who is there."""
    async with visited(browser, address) as page:
        await page.is_connected("Sign in to connect")
        yield page


@asynccontextmanager
async def refused_later(browser: Browser, upstream: Upstream) -> AsyncIterator[tuple[ChatPage, Callable[[], None]]]:
    """A page that Alice has signed in to, and what cuts its connection, and leads to a server that knows only Bob."""
    alice, bob = API_KEYS.split(",")
    async with serving(upstream, api_keys=alice) as before, serving(upstream, api_keys=bob) as after:
        async with TcpProxy(before) as proxy, locked(browser, proxy.address) as page:
            await signs_in(page, KEYS["alice"])
            await page.is_connected()

            def refuse() -> None:
                proxy.leads_to(after)
                proxy.cut()

            yield page, refuse


def dialog(page: ChatPage) -> Locator:
    return page.page.get_by_role("dialog", name="Your token")


async def signs_in(page: ChatPage, written: str) -> None:
    await dialog(page).get_by_label("A key or a token").fill(written)
    await page.page.keyboard.press("Enter")


async def test_the_page_asks_who_is_there_and_what_was_written_meanwhile_is_sent(
    browser: Browser, upstream: Upstream
) -> None:
    async with serving(upstream, api_keys=API_KEYS) as address, locked(browser, address) as page:
        await expect(dialog(page).get_by_label("A key or a token")).to_be_focused()
        await page.page.keyboard.press("Escape")
        await expect(page.page.get_by_text("The server wants to know who you are.")).to_be_visible()
        await page.ask("hi")
        await page.button("Enter a token").click()
        await signs_in(page, f"Bearer {KEYS['alice']}")
        await page.has_ended()
        await expect(page.answer).to_contain_text("Hello world")
        await expect(page.page.get_by_text("gemini-flash-latest").first).to_be_visible()


async def test_the_dialog_shuts_nobody_out(browser: Browser, upstream: Upstream) -> None:
    async with serving(upstream, api_keys=API_KEYS) as address, locked(browser, address) as page:
        await expect(dialog(page)).to_be_visible()
        assert await page.violations_at_each_width() == []
        await signs_in(page, "nonsense")
        await expect(dialog(page).get_by_role("alert")).to_contain_text("does not take this token")
        assert await page.violations_at_each_width() == []
        await page.page.keyboard.press("Escape")
        await expect(page.button("Enter a token")).to_be_visible()
        assert await page.violations_at_each_width() == []


async def test_a_token_that_is_refused_is_said_to_be(browser: Browser, upstream: Upstream) -> None:
    refused = {"nonsense": "does not take this token", "two words": "can be no token", token(exp=1): "has expired"}
    async with serving(upstream, jwt_secret=SECRET) as address, locked(browser, address) as page:
        for written, sentence in refused.items():
            await signs_in(page, written)
            await expect(dialog(page).get_by_role("alert")).to_contain_text(sentence)
            await expect(dialog(page).get_by_label("A key or a token")).to_be_focused()
        await signs_in(page, token())
        await page.is_connected()
        await expect(dialog(page)).to_be_hidden()


async def test_the_token_is_kept_for_the_tab_alone_and_stands_in_no_address(
    browser: Browser, upstream: Upstream
) -> None:
    async with serving(upstream, api_keys=API_KEYS) as address, locked(browser, address) as page:
        urls: list[str] = []
        page.page.context.on("request", lambda request: urls.append(request.url))
        page.page.on("websocket", lambda socket: urls.append(socket.url))
        await signs_in(page, KEYS["alice"])
        await page.is_connected()
        await page.page.reload()
        await page.is_connected()
        assert len(urls) > 3
        assert not any(KEYS["alice"] in url for url in urls)
        other = ChatPage(await page.page.context.new_page())
        await other.page.goto(f"http://{address}/")
        await other.is_connected("Sign in to connect")


async def test_a_token_that_runs_out_is_renewed_on_the_open_connection(browser: Browser, upstream: Upstream) -> None:
    released = asyncio.Event()
    upstream.plays(says_when(released), says("Again"))
    async with serving(upstream, jwt_secret=SECRET) as address, locked(browser, address) as page:
        sockets: list[object] = []
        page.page.on("websocket", lambda socket: sockets.append(socket))  # noqa: PLW0108 - Playwright marks what it is given
        expires_at = time.time() + 4
        await signs_in(page, token(exp=expires_at))
        await page.ask("first")
        await expect(page.answer).to_contain_text("Hello")
        await asyncio.sleep(expires_at - time.time() + 0.05)
        released.set()
        await page.has_ended()
        await expect(page.answer).to_contain_text("Hello world")
        await page.ask("second")
        await expect(dialog(page).get_by_role("alert")).to_contain_text("This token has expired")
        await signs_in(page, "nonsense")
        await expect(dialog(page).get_by_role("alert")).to_contain_text("not known here")
        await signs_in(page, token())
        await expect(dialog(page)).to_be_hidden()
        await page.button("Retry").click()
        await expect(page.answer).to_contain_text("Again")
        assert len(sockets) == 1


async def test_the_page_asks_for_no_token_over_what_is_being_written(browser: Browser, upstream: Upstream) -> None:
    async with refused_later(browser, upstream) as (page, refuse):
        await page.box.click()
        await page.page.keyboard.type("Half a ")
        refuse()
        await expect(page.button("Enter a token")).to_be_visible()
        await page.page.keyboard.type("sentence")
        await expect(page.box).to_have_value("Half a sentence")
        await page.button("Enter a token").click()
        await expect(dialog(page).get_by_role("alert")).to_contain_text("does not take this token")
        await signs_in(page, KEYS["bob"])
        await page.is_connected()
        await expect(page.box).to_have_value("Half a sentence")


async def test_a_prompt_that_is_being_written_outlives_its_token(browser: Browser, upstream: Upstream) -> None:
    async with refused_later(browser, upstream) as (page, refuse):
        await page.button("Your prompts").click()
        await page.button("New prompt").click()
        written = page.page.get_by_role("dialog").get_by_label("Text", exact=True)
        await written.fill("Half a prompt")
        refuse()
        await expect(page.page.get_by_text("Sign in to connect")).to_be_visible()
        await expect(written).to_have_value("Half a prompt")
        await page.page.keyboard.press("Escape")
        await page.button("Enter a token").click()
        await expect(dialog(page).get_by_role("alert")).to_contain_text("does not take this token")


async def test_somebody_elses_token_gets_a_page_of_its_own(browser: Browser, upstream: Upstream) -> None:
    async with serving(upstream, api_keys=API_KEYS) as address, locked(browser, address) as page:
        await signs_in(page, KEYS["alice"])
        await page.is_connected()
        async with page.page.expect_websocket():
            await page.button("Your token").click()
            await signs_in(page, KEYS["bob"])
        await page.is_connected()
        await page.ask("hi")
        await page.has_ended()
        await expect(page.answer).to_contain_text("Hello world")


async def test_the_reader_can_sign_out_and_nothing_is_left(browser: Browser, upstream: Upstream) -> None:
    async with serving(upstream, api_keys=API_KEYS) as address, locked(browser, address) as page:
        await signs_in(page, KEYS["alice"])
        await page.ask("a secret question")
        await page.has_ended()
        await page.button("Your token").click()
        await dialog(page).get_by_role("button", name="Sign out").click()
        await page.is_connected("Sign in to connect")
        await expect(page.page.get_by_text("a secret question")).to_have_count(0)
        assert await page.page.evaluate("sessionStorage.length") == 0


async def signs_out(page: ChatPage) -> None:
    await page.button("Your token").click()
    await dialog(page).get_by_role("button", name="Sign out").click()
    await page.is_connected("Sign in to connect")


async def gives_way(page: ChatPage) -> None:
    """Somebody else signs in on the same page, which gets a new page for them; then they sign out."""
    async with page.page.expect_websocket():
        await page.button("Your token").click()
        await signs_in(page, KEYS["bob"])
    await page.is_connected()
    await signs_out(page)


@pytest.mark.parametrize("leaves", [signs_out, gives_way])
async def test_a_chat_that_was_deleted_is_gone_for_a_reader_who_leaves_at_once(
    browser: Browser, upstream: Upstream, leaves: Callable[[ChatPage], Awaitable[None]]
) -> None:
    async with serving(upstream, api_keys=API_KEYS) as address, locked(browser, address) as page:
        await signs_in(page, KEYS["alice"])
        for question in ("a secret question", "another"):
            await page.button("New chat").click()
            await page.ask(question)
            await page.has_ended()
        await page.chat("a secret question").hover()
        await page.chats.get_by_role("button", name="Options of a secret question").click()
        await page.page.get_by_role("menuitem", name="Delete", exact=True).click()
        await expect(page.button("Undo")).to_be_visible()
        await leaves(page)
        await signs_in(page, KEYS["alice"])
        await expect(page.chat("another")).to_be_visible()
        await expect(page.chat("a secret question")).to_have_count(0)


async def test_where_nobody_is_asked_the_page_does_not_speak_of_tokens(page: ChatPage) -> None:
    await expect(page.button("Your token")).to_have_count(0)
    await expect(dialog(page)).to_be_hidden()


@asynccontextmanager
async def elsewhere() -> AsyncIterator[str]:
    """A page of another origin."""
    runner = web.AppRunner(web.Application())
    runner.app.router.add_get("/", _page)
    yield await started(runner)
    await runner.cleanup()


async def _page(_: web.Request) -> web.Response:
    return web.Response(text="<!doctype html><title>elsewhere</title>", content_type="text/html")


ATTACK = """async ([address, key]) => {
  const socket = await new Promise((resolve) => {
    const socket = new WebSocket(`ws://${address}/ws`, ["deltawire.v1", `bearer.${key}`]);
    socket.onopen = () => resolve("open");
    socket.onclose = ({ code }) => resolve(code);
  });
  const fetched = async (path, options) => {
    try {
      return (await fetch(`http://${address}${path}`, options)).status;
    } catch (error) {
      return error.name;
    }
  };
  const headers = { Authorization: `Bearer ${key}`, "Content-Type": "application/json" };
  const body = JSON.stringify({ message: "hi" });
  return [
    socket,
    await fetched("/models", { headers }),
    await fetched("/models"),
    await fetched("/chat", { method: "POST", headers, body }),
    await fetched("/chat", { method: "POST", mode: "no-cors", headers: { "Content-Type": "text/plain" }, body }),
  ];
}"""


@pytest.mark.parametrize("settings", [{}, {"api_keys": API_KEYS}])
async def test_a_page_of_another_origin_gets_no_socket_and_reads_no_answer(
    browser: Browser, upstream: Upstream, settings: dict[str, str]
) -> None:
    async with serving(upstream, **settings) as address, elsewhere() as origin:
        page = await browser.new_page()
        await page.goto(origin)
        got = await page.evaluate(ATTACK, [address, KEYS["alice"]])
        assert got == [1006, "TypeError", "TypeError", "TypeError", 0]  # an opaque answer, which says nothing
        assert upstream.exchanges == []
        await page.close()


async def test_a_page_of_a_listed_origin_may_use_the_server_with_a_token(browser: Browser, upstream: Upstream) -> None:
    async with elsewhere() as origin, serving(upstream, api_keys=API_KEYS, allowed_origins=origin) as address:
        page = await browser.new_page()
        await page.goto(origin)
        assert (await page.evaluate(ATTACK, [address, KEYS["alice"]]))[:4] == ["open", 200, 401, 200]
        assert (await page.evaluate(ATTACK, [address, "nonsense"]))[:4] == [1006, 401, 401, 401]
        await page.close()


async def test_signing_out_in_one_tab_leaves_what_is_written_in_another(browser: Browser, upstream: Upstream) -> None:
    async with serving(upstream, api_keys=API_KEYS) as address, locked(browser, address) as page:
        await signs_in(page, KEYS["alice"])
        await page.is_connected()
        await page.box.fill("half a thought")
        other = ChatPage(await page.page.context.new_page())
        await other.page.goto(f"http://{address}/")
        await signs_in(other, KEYS["bob"])
        await other.is_connected()
        await other.button("Your token").click()
        await other.button("Sign out").click()
        await other.is_connected("Sign in to connect")
        assert await other.page.evaluate("Object.keys(localStorage).filter((key) => key.includes('draft'))") == []
        await page.page.reload()
        await expect(page.box).to_have_value("half a thought")


async def test_what_is_written_before_the_rest_of_the_page_comes_goes_on(browser: Browser, upstream: Upstream) -> None:
    come = asyncio.Event()

    async def holds(route: Route) -> None:
        await come.wait()
        await route.continue_()

    context = await browser.new_context(service_workers="block")
    page = ChatPage(await context.new_page())
    await page.page.route(re.compile("/assets/(lazy|panels)-"), holds)
    async with serving(upstream, api_keys=API_KEYS) as address:
        async with page.page.expect_response("**/models"):
            await page.page.goto(f"http://{address}/")
        await page.box.click()
        await page.page.keyboard.type("Half a ")
        come.set()
        await expect(page.button("Enter a token")).to_be_visible()
        await page.page.wait_for_function("() => document.querySelectorAll('dialog').length > 1")
        await page.page.keyboard.type("sentence")
        await expect(page.box).to_have_value("Half a sentence")
        await context.close()
