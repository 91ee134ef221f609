"""Chats that last: the server keeps them, and whatever page comes to it shows the same."""

import asyncio
import json
import re
import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from playwright.async_api import Browser, Route, expect
from support.conversations import conversations_of
from support.page import NARROW, ChatPage, opened
from support.proxy import TcpProxy
from support.serving import serving
from support.transports import ask_rest
from support.upstream import Upstream, fails, says, says_and_is_silent, says_when


async def ended(page: ChatPage, *questions: str) -> None:
    """Ask these one after the other; wait for each answer."""
    for question in questions:
        await page.ask(question)
        await expect(page.question).to_contain_text(question)
        await page.has_ended()


async def kept(page: ChatPage, *questions: str) -> None:
    """Make a chat of each question."""
    for question in questions:
        await page.button("New chat").click()
        await ended(page, question)


async def chooses(page: ChatPage, title: str, option: str) -> None:
    """Open a chat's menu; choose from it."""
    await page.chat(title).hover()
    await page.chats.get_by_role("button", name=f"Options of {title}").click()
    await page.page.get_by_role("menuitem", name=option, exact=True).click()


async def messages_in(page: ChatPage) -> list[dict[str, object]]:
    """Return the stored messages of the chat that is shown."""
    host, conversation = re.fullmatch(r"http://([^/]+)/c/(\w+)", page.page.url).groups()  # type: ignore[union-attr]
    async with aiohttp.ClientSession() as session:
        async with session.get(f"http://{host}/conversations/{conversation}") as response:
            messages: list[dict[str, object]] = (await response.json())["messages"]
            return messages


def held(until: asyncio.Event) -> Callable[[Route], Awaitable[None]]:
    """Return a handler that holds a request of the page until the event."""

    async def holds(route: Route) -> None:
        await until.wait()
        await route.continue_()

    return holds


async def test_a_reload_shows_the_same(page: ChatPage, upstream: Upstream) -> None:
    upstream.plays(says("One"), says("Two **words**"))
    await ended(page, "first", "second")
    await expect(page.page).to_have_url(re.compile(r"/c/\w+$"))
    await page.page.reload()
    await expect(page.answer.get_by_text("words", exact=True)).to_be_visible()
    await expect(page.messages.get_by_role("article")).to_have_count(4)
    await expect(page.answer).to_contain_text("3 in / 2 out tokens")
    await expect(page.page).to_have_title("first · Deltawire")
    await expect(page.chat("first")).to_have_attribute("aria-current", "page")
    await expect(page.page.get_by_role("status", name="Last answer")).to_have_text("")
    await page.ask("third")
    assert (await upstream.wait_for_request(3)).texts == ["first", "One", "second", "Two **words**", "third"]
    await page.page.keyboard.press("Control+Shift+O")
    await page.page.keyboard.press("ArrowUp")
    await expect(page.box).to_have_value("third")


async def test_a_chat_without_a_question_is_no_chat_yet_and_its_draft_is_kept(page: ChatPage) -> None:
    await page.button("New chat").click()
    await page.box.fill("half a tho")
    await page.page.reload()
    await expect(page.chats.get_by_text("What you ask will be listed here.")).to_be_visible()
    await expect(page.box).to_have_value("half a tho")


async def test_the_branches_of_a_chat_outlive_the_page(page: ChatPage, upstream: Upstream) -> None:
    upstream.plays(says("One"), says("Two"), says("Three"), says("Four"))
    await ended(page, "a number?")
    await page.button("Regenerate").click()
    await expect(page.answer).to_contain_text("Two")
    await page.has_ended()
    await page.button("Edit question").click()
    editor = page.page.get_by_role("textbox", name="Edit your question")
    await editor.fill("another?")
    await editor.press("Enter")
    await expect(page.answer).to_contain_text("Three")
    await page.has_ended()
    await page.page.reload()
    await expect(page.answer).to_contain_text("Three")
    await expect(page.question).to_contain_text("2 / 2")
    await page.question.get_by_role("button", name="Previous version").click()
    await expect(page.answer).to_contain_text("Two")
    await page.answer.get_by_role("button", name="Previous version").click()
    await expect(page.answer).to_contain_text("One")
    await page.ask("and then?")
    assert (await upstream.wait_for_request(4)).texts == ["a number?", "One", "and then?"]
    await page.has_ended()
    parents = {message["text"]: message["parent"] for message in await messages_in(page)}
    assert parents["a number?"] is parents["another?"] is None
    assert parents["One"] == parents["Two"]


async def test_another_tab_learns_at_once_what_was_said(browser: Browser, upstream: Upstream) -> None:
    upstream.plays(says("One"), says("Two"))
    async with serving(upstream) as address, opened(browser, address) as page:
        await ended(page, "first")
        other = await page.another_tab()
        await expect(other.answer).to_contain_text("One")
        await ended(page, "second")
        await expect(other.answer).to_contain_text("Two")
        await kept(page, "elsewhere")
        await expect(other.chat("elsewhere")).to_be_visible()
        await expect(other.answer).to_contain_text("Two")


async def test_a_branch_that_is_read_stays_and_what_another_tab_has_written_is_offered(
    browser: Browser, upstream: Upstream
) -> None:
    upstream.plays(says("One"), says("Two"), says("Three"))
    async with serving(upstream) as address, opened(browser, address) as page:
        await ended(page, "first", "second")
        other = await page.another_tab()
        await expect(other.answer).to_contain_text("Two")
        await other.button("Regenerate").last.click()
        await expect(other.answer).to_contain_text("Three")
        news = page.page.get_by_role("status", name="News")
        await expect(news).to_contain_text("There is a newer version of this chat, written elsewhere.")
        await expect(page.answer).to_contain_text("Two")
        await news.get_by_role("button", name="Show it").click()
        await expect(page.answer).to_contain_text("Three")
        await expect(news).to_have_text("")


async def test_a_chat_that_is_being_read_takes_a_question_already(page: ChatPage, upstream: Upstream) -> None:
    upstream.plays(says("One"), says("Two"))
    await ended(page, "first")
    read = asyncio.Event()
    await page.page.route(re.compile(r"/conversations/\w+$"), held(read))
    await page.page.reload()
    await page.is_connected()
    await page.ask("second")
    await expect(page.question).to_contain_text("second")
    assert len(upstream.exchanges) == 1
    read.set()
    await expect(page.answer).to_contain_text("Two")
    assert (await upstream.wait_for_request(2)).texts == ["first", "One", "second"]
    await expect(page.messages.get_by_role("article")).to_have_count(4)


async def test_a_chat_that_is_gone_takes_a_question_into_a_new_one(page: ChatPage, upstream: Upstream) -> None:
    await page.page.goto(f"{page.page.url}c/nothing")
    await expect(page.page.get_by_text("What you write below begins a new one.")).to_be_visible()
    await ended(page, "hi")
    await expect(page.answer).to_contain_text("Hello world")
    await expect(page.chat("hi")).to_have_attribute("aria-current", "page")


async def test_the_chats_of_today_are_those_of_yesterday_after_midnight(page: ChatPage) -> None:
    await page.takes_over_the_clock()
    await ended(page, "first")
    await expect(page.chats.get_by_role("list", name="Today").get_by_role("link")).to_have_count(1)
    await page.page.clock.fast_forward("24:00:00")
    await expect(page.chats.get_by_role("list", name="Yesterday").get_by_role("link")).to_have_count(1)


async def test_whoever_comes_back_sees_what_another_browser_has_said(browser: Browser, upstream: Upstream) -> None:
    upstream.plays(says("One"), says("Two"))
    async with serving(upstream) as address, opened(browser, address) as page, opened(browser, address) as other:
        await ended(page, "first")
        await other.page.goto(page.page.url)
        await ended(other, "second")
        await page.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        await expect(page.answer).to_contain_text("Two")
        await expect(page.messages.get_by_role("article")).to_have_count(4)


async def test_an_address_shows_its_chat_and_back_and_forward_lead_through_them(
    page: ChatPage, upstream: Upstream
) -> None:
    upstream.plays(says("One"), says("Two"))
    await ended(page, "first")
    first = page.page.url
    await kept(page, "second")
    await expect(page.page).to_have_title("second · Deltawire")
    await page.chat("first").click()
    await expect(page.page).to_have_url(first)
    await page.page.go_back()
    await expect(page.answer).to_contain_text("Two")
    await expect(page.page).to_have_title("second · Deltawire")
    await page.page.go_back()
    await expect(page.answer).to_contain_text("One")
    await page.page.go_forward()
    await expect(page.answer).to_contain_text("Two")
    await page.page.goto(first)
    await expect(page.answer).to_contain_text("One")


async def test_an_address_of_no_chat_says_so(page: ChatPage) -> None:
    address = page.page.url
    await page.page.goto(f"{address}c/nothing")
    await expect(page.messages.locator("..").get_by_text("There is no chat at this address")).to_be_visible()
    await page.messages.locator("..").get_by_role("button", name="New chat").click()
    await expect(page.page).to_have_url(address)
    await ended(page, "hi")
    await expect(page.answer).to_contain_text("Hello world")


async def test_a_chat_is_renamed_in_its_place(page: ChatPage) -> None:
    keyboard = page.page.keyboard
    await ended(page, "first")
    await chooses(page, "first", "Rename")
    await expect(page.chats.get_by_role("textbox", name="Title")).to_be_focused()
    await keyboard.type("A better one")
    await keyboard.press("Enter")
    await expect(page.chat("A better one")).to_be_focused()
    await expect(page.page).to_have_title("A better one · Deltawire")
    await keyboard.press("F2")
    await keyboard.type("No")
    await keyboard.press("Escape")
    await expect(page.chat("A better one")).to_be_focused()
    await page.page.reload()
    await expect(page.chat("A better one")).to_be_visible()


async def test_a_deleted_chat_can_be_brought_back(page: ChatPage) -> None:
    await ended(page, "first")
    await chooses(page, "first", "Delete")
    await expect(page.chat("first")).to_have_count(0)
    await expect(page.page.get_by_text("What would you like to know?")).to_be_visible()
    await expect(page.button("Undo")).to_be_focused()
    await page.page.keyboard.press("Enter")
    await expect(page.answer).to_contain_text("Hello world")
    await page.page.reload()
    await expect(page.answer).to_contain_text("Hello world")


async def test_a_deleted_chat_is_gone_once_the_page_is_left(page: ChatPage) -> None:
    await ended(page, "first")
    await kept(page, "second")
    await chooses(page, "first", "Delete")
    await expect(page.button("Undo")).to_be_visible()
    await page.page.reload()
    await expect(page.chat("second")).to_be_visible()
    await expect(page.chat("first")).to_have_count(0)


async def test_to_delete_a_second_chat_ends_the_time_for_the_first(page: ChatPage) -> None:
    await kept(page, "first", "second")
    async with page.page.expect_response(lambda response: response.request.method == "DELETE") as deletion:
        await chooses(page, "first", "Delete")
        await chooses(page, "second", "Delete")
    assert (await deletion.value).status == 204
    await page.button("Undo").click()
    await expect(page.chat("second")).to_be_visible()
    await expect(page.chat("first")).to_have_count(0)


async def test_to_delete_a_chat_stops_its_answer(page: ChatPage, upstream: Upstream) -> None:
    upstream.plays(says_and_is_silent("Hello"))
    await page.ask("hi")
    await expect(page.answer).to_have_text("Hello")
    await chooses(page, "hi", "Delete")
    await (await upstream.wait_for_request()).closes()


async def test_a_chat_is_found_by_the_keyboard(page: ChatPage, upstream: Upstream) -> None:
    upstream.plays(says("About whales"), says("About otters"), says("About sea otters"))
    await kept(page, "first", "second", "third")
    keyboard = page.page.keyboard
    await keyboard.press("Control+k")
    search = page.chats.get_by_role("searchbox", name="Search the chats")
    await expect(search).to_be_focused()
    await keyboard.type("otters")
    await expect(page.found("first")).to_have_count(0)
    await keyboard.press("ArrowDown")
    await expect(page.found("third")).to_be_focused()
    await keyboard.press("ArrowDown")
    await expect(page.found("second")).to_be_focused()
    await keyboard.press("Enter")
    await expect(page.answer).to_contain_text("About otters")
    await expect(page.box).to_be_focused()
    await expect(page.chat("first")).to_be_visible()

    await keyboard.press("Control+k")
    await keyboard.type("whal")
    await expect(page.found("second")).to_have_count(0)
    await keyboard.press("Enter")
    await expect(page.answer).to_contain_text("About whales")

    await keyboard.press("Control+k")
    await keyboard.type("nobody said this")
    await expect(page.chats.get_by_text("No chat holds these words.")).to_be_visible()
    await keyboard.press("Escape")
    await expect(page.box).to_be_focused()
    await expect(search).to_have_value("")
    await expect(page.chat("second")).to_be_visible()

    await keyboard.press("Control+k")
    await expect(search).to_be_focused()
    await keyboard.press("Escape")
    await expect(page.box).to_be_focused()


async def test_enter_chooses_what_is_found_once_it_is(page: ChatPage, upstream: Upstream) -> None:
    upstream.plays(says("About whales"), says("About otters"))
    await kept(page, "first", "second")
    await page.page.keyboard.press("Control+k")
    await page.page.keyboard.type("whales")
    await page.page.keyboard.press("Enter")
    await expect(page.answer).to_contain_text("About whales")
    await expect(page.box).to_be_focused()


async def test_enter_does_nothing_where_it_leads_to(page: ChatPage, upstream: Upstream) -> None:
    keyboard = page.page.keyboard
    upstream.plays(says("About whales"))
    await kept(page, "first")
    await keyboard.press("Control+k")
    await keyboard.type("whales")
    await expect(page.found("first")).to_contain_text("whales")
    await keyboard.press("Enter")
    await expect(page.box).to_be_focused()
    await keyboard.type("more")
    await expect(page.box).to_have_value("more")

    await keyboard.press("Control+k")
    await keyboard.type("settings")
    await expect(page.chats.get_by_text("No chat holds these words.")).to_be_visible()
    await keyboard.press("Enter")
    panel = page.page.get_by_role("dialog", name="Settings")
    await expect(panel).to_be_visible()
    await keyboard.press("Escape")  # which would close the list of the models, had Enter opened it
    await expect(panel).to_be_hidden()


async def test_found_words_stay_marked_when_the_text_around_them_is_drawn_anew(
    page: ChatPage, upstream: Upstream
) -> None:
    paragraph = f"{'Nothing is said here. ' * 20}\n\n"
    upstream.plays(says(f"A **narwhal** is a whale.\n\n{paragraph * 60}"))
    await kept(page, "first")
    await page.button("New chat").click()
    await page.page.reload()
    await page.is_connected()
    await page.page.keyboard.press("Control+k")
    await page.page.keyboard.type("narwhal")
    await expect(page.found("first")).to_contain_text("narwhal")
    await page.found("first").click()
    word = page.answer.get_by_text("narwhal", exact=True)
    await expect(word).to_be_in_viewport()
    assert await word.evaluate("element => element.tagName") != "P"  # bold: its markdown is drawn
    marked = "() => [...(CSS.highlights.get('found') ?? [])].map((range) => range.toString()).join()"
    await page.page.wait_for_function(f"() => ({marked})() !== ''")
    assert await page.page.evaluate(marked) == "narwhal"


async def test_a_question_that_comes_back_leaves_its_chat_in_sight(page: ChatPage, upstream: Upstream) -> None:
    upstream.plays(says("Once said."))
    await kept(page, "first")
    conversation = urlsplit(page.page.url)
    async with aiohttp.ClientSession(f"http://{conversation.netloc}") as session:
        await session.delete(f"/conversations/{conversation.path.rpartition('/')[2]}")
    await page.ask("second")
    await expect(page.returned).to_contain_text("deleted elsewhere")
    await expect(page.box).to_have_value("second")
    await expect(page.answer.get_by_text("Once said.")).to_be_in_viewport()


async def test_enter_is_forgotten_with_the_words_that_it_was_pressed_after(page: ChatPage, upstream: Upstream) -> None:
    upstream.plays(says("About whales"), says("About otters"))
    await kept(page, "first", "second")
    found = asyncio.Event()
    await page.page.route("**/conversations?*q=*", held(found))
    await page.page.keyboard.press("Control+k")
    for key in (*"whales", "Enter", "Backspace", "s"):
        await page.page.keyboard.press(key)
    found.set()
    await expect(page.chat("second")).to_have_count(0)
    await expect(page.answer).to_contain_text("About otters")


async def test_a_question_that_is_edited_in_one_chat_is_not_in_another(page: ChatPage) -> None:
    await kept(page, "first", "second")
    await page.button("Edit question").click()
    await page.page.get_by_role("textbox", name="Edit your question").fill("for the second only")
    await page.chat("first").click()
    await expect(page.question).to_contain_text("first")
    await expect(page.page.get_by_role("textbox", name="Edit your question")).to_have_count(0)


async def test_on_a_narrow_screen_too_what_is_typed_next_is_looked_for(browser: Browser, upstream: Upstream) -> None:
    async with serving(upstream) as address, opened(browser, address, viewport=NARROW) as page:
        # In one go, as the next letter may come before the browser has painted anything.
        focused = await page.page.evaluate("""() => {
          document.dispatchEvent(new KeyboardEvent("keydown", {key: "k", ctrlKey: true}));
          return document.activeElement.ariaLabel;
        }""")
        assert focused == "Search the chats"


async def test_an_answer_to_words_that_were_typed_before_is_not_shown(page: ChatPage, upstream: Upstream) -> None:
    upstream.plays(says("About whales"), says("About otters"))
    await kept(page, "first", "second")
    late = asyncio.Event()
    await page.page.route("**/conversations?*q=whales*", held(late))
    search = page.chats.get_by_role("searchbox", name="Search the chats")
    async with page.page.expect_request("**/conversations?*q=whales*") as request:
        await search.fill("whales")
    await search.fill("otters")
    await expect(page.found("first")).to_have_count(0)
    late.set()
    await (await request.value).response()
    await expect(page.found("first")).to_have_count(0)
    await expect(page.found("second")).to_be_visible()


def texts_in(file: Path) -> list[str]:
    """The texts of an exported chat."""
    content = file.read_text()
    if content.startswith("{"):
        return [message["text"] for message in json.loads(content)["messages"]]
    return [text for text in ("first", "Hello world") if text in content]


async def test_a_chat_is_exported(page: ChatPage) -> None:
    await ended(page, "first")
    for option, suffix in (("Export as Markdown", ".md"), ("Export as JSON", ".json")):
        async with page.page.expect_download() as download:
            await chooses(page, "first", option)
        file = await download.value
        assert file.suggested_filename.endswith(suffix)
        assert texts_in(await file.path()) == ["first", "Hello world"]


async def test_chats_are_listed_page_by_page(browser: Browser, upstream: Upstream) -> None:
    async with serving(upstream) as address:
        async with aiohttp.ClientSession() as session:
            for number in range(90):
                async with session.post(f"http://{address}/conversations", json={"title": f"chat {number}"}) as made:
                    assert made.status == 201
        async with opened(browser, address) as page:
            await expect(page.chat("chat 89")).to_be_visible()
            assert 0 < await page.chats.get_by_role("link").count() <= 40
            for number in (50, 10):
                await page.chats.get_by_role("link").last.scroll_into_view_if_needed()
                await expect(page.chat(f"chat {number}")).to_be_attached()
            await page.chats.get_by_role("link").last.scroll_into_view_if_needed()
            await expect(page.chat("chat 0")).to_be_visible()
            await expect(page.chats.get_by_role("link")).to_have_count(90)


async def test_the_settings_of_a_chat_outlive_the_page(page: ChatPage, upstream: Upstream) -> None:
    settings = await page.opens_settings()
    await settings.get_by_label("Temperature").fill("0.5")
    await settings.get_by_label("Stop strings").fill("END\n\\n\\n")
    await page.page.keyboard.press("Escape")
    await ended(page, "first")
    await page.page.reload()
    await expect(page.answer).to_contain_text("Hello world")
    await page.opens_settings()
    await expect(settings.get_by_label("Temperature")).to_have_value("0.5")
    await expect(settings.get_by_label("Stop strings")).to_have_value("END\n\\n\\n")
    await settings.get_by_label("Temperature").fill("")
    await page.page.keyboard.press("Escape")
    await ended(page, "second")
    config = (await upstream.wait_for_request(2)).body["generationConfig"]
    assert config == {"stopSequences": ["END", "\n\n"]}


async def test_where_the_store_is_away_the_page_says_so_and_keeps_what_was_asked(
    browser: Browser, upstream: Upstream, tmp_path: Path
) -> None:
    async with serving(upstream) as address, opened(browser, address) as page:
        other = sqlite3.connect(tmp_path / "conversations.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")  # nobody else writes until it ends
        await page.ask("hi")
        await expect(page.returned).to_contain_text("The chats cannot be reached")
        await expect(page.box).to_have_value("hi")
        assert upstream.exchanges == []
        other.execute("ROLLBACK")
        other.close()
        await page.button("Retry").click()
        await expect(page.answer).to_contain_text("Hello world")
        await page.page.reload()
        await expect(page.answer).to_contain_text("Hello world")


async def test_what_cannot_be_read_says_so_and_comes_when_the_store_is_back(
    browser: Browser, upstream: Upstream, tmp_path: Path
) -> None:
    async with serving(upstream) as address, opened(browser, address) as page:
        await ended(page, "first")
        path = urlsplit(page.page.url).path
    store = sqlite3.connect(tmp_path / "conversations.db", isolation_level=None)
    async with serving(upstream) as address:
        store.execute("ALTER TABLE conversations RENAME TO away")
        async with opened(browser, address) as page:
            await page.page.goto(f"http://{address}{path}")
            await expect(page.page.get_by_text("This chat could not be read. The chats cannot")).to_be_visible()
            await expect(page.chats.get_by_text("The chats cannot be reached")).to_be_visible()
            await page.box.fill("and then?")
            await page.button("Send").click()
            await expect(page.returned).to_contain_text("The chats cannot be reached")
            await expect(page.box).to_have_value("and then?")
            store.execute("ALTER TABLE away RENAME TO conversations")
            await page.chats.get_by_role("button", name="Try again").click()
            await expect(page.answer).to_contain_text("Hello world")
            await expect(page.chat("first")).to_be_visible()
            await page.button("Send").click()
            assert (await upstream.wait_for_request(2)).texts == ["first", "Hello world", "and then?"]
    store.close()


async def test_a_question_without_an_answer_is_asked_again(page: ChatPage, upstream: Upstream) -> None:
    upstream.plays(fails(400, "INVALID_ARGUMENT"), says("At last"))
    await ended(page, "hi")
    await page.page.reload()
    await expect(page.messages.get_by_text("This question has no answer.")).to_be_visible()
    await expect(page.messages.get_by_text("provider did not take this question")).to_be_visible()
    await page.button("Ask again").click()
    await expect(page.answer).to_contain_text("At last")
    await page.has_ended()
    assert [message["text"] for message in await messages_in(page)] == ["hi", "At last"]


async def test_an_answer_that_a_broken_connection_has_cut_is_found_again(browser: Browser, upstream: Upstream) -> None:
    upstream.plays(says_and_is_silent("The first half"), says("All of it"))
    async with (
        serving(upstream, max_grace=0) as address,
        TcpProxy(address) as proxy,
        opened(browser, proxy.address) as page,
    ):
        await page.ask("hi")
        await expect(page.answer).to_have_text("The first half")
        proxy.cut()
        await page.is_connected()
        await page.button("Retry").click()
        await expect(page.answer).to_contain_text("All of it")
        await page.has_ended()
        await expect(page.answer).to_contain_text("2 / 2")
        texts = [message["text"] for message in await messages_in(page)]
        assert texts == ["hi", "The first half", "All of it"]


async def test_an_answer_that_is_stored_a_little_later_is_looked_for(browser: Browser, upstream: Upstream) -> None:
    released = asyncio.Event()
    upstream.plays(says_when(released))
    async with serving(upstream) as address, opened(browser, address) as page, conversations_of(address) as client:
        conversation = await client.create()
        asking = asyncio.create_task(ask_rest(address, conversation=conversation))
        await upstream.wait_for_request()
        await page.page.goto(f"{page.page.url}c/{conversation}")
        await expect(page.button("Ask again")).to_be_visible()
        released.set()
        await asking
        await expect(page.answer).to_be_visible()


async def test_on_a_phone_a_chat_is_opened_to_be_read_without_a_keyboard_over_it(
    browser: Browser, upstream: Upstream
) -> None:
    phone: dict[str, Any] = {"viewport": NARROW, "has_touch": True, "is_mobile": True}
    async with serving(upstream) as address, opened(browser, address, **phone) as page:
        await expect(page.box).to_be_visible()
        await expect(page.box).not_to_be_focused()
        await ended(page, "first")
        await page.box.evaluate("(box) => box.blur()")
        await page.button("Chats").tap()
        await page.page.get_by_role("dialog", name="Chats").get_by_role("link", name="first").tap()
        await expect(page.page.get_by_role("dialog", name="Chats")).to_be_hidden()
        await expect(page.box).not_to_be_focused()


async def test_on_a_narrow_screen_the_drawer_has_all_of_it(browser: Browser, upstream: Upstream) -> None:
    async with serving(upstream) as address, opened(browser, address, viewport=NARROW) as page:
        await ended(page, "first")
        await page.page.keyboard.press("Control+k")
        drawer = page.page.get_by_role("dialog", name="Chats")
        await expect(drawer.get_by_role("searchbox", name="Search the chats")).to_be_focused()
        await page.page.keyboard.type("first")
        await drawer.get_by_role("button", name="Options of first").press("Enter")
        await page.page.get_by_role("menuitem", name="Rename").press("Enter")
        await page.page.keyboard.type("renamed")
        await page.page.keyboard.press("Enter")
        await drawer.get_by_role("button", name="Options of renamed").press("Enter")
        await page.page.get_by_role("menuitem", name="Delete").press("Enter")
        await drawer.get_by_role("button", name="Undo").press("Enter")
        await drawer.get_by_role("link", name="renamed").press("Enter")
        await expect(drawer).to_be_hidden()
        await expect(page.answer).to_contain_text("Hello world")
