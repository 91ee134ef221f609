"""The tasks of every day, each without a manual: the list, and a test for each task, wide and on a phone.

`TASKS` is the list. A task whose test is elsewhere names it. The others are done one after the other on one server and
one page for each size, so that they stay cheap: some go on with what the task before has left.
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final

import aiohttp
import pytest
from playwright.async_api import Browser, FilePayload, expect
from support.files import files_of, png
from support.page import NARROW, ChatPage, opened
from support.paths import ROOT
from support.serving import sharing
from support.upstream import Upstream, says, says_and_is_silent, says_when

Task = Callable[[ChatPage, Upstream], Awaitable[None]]
HERE: Final[dict[str, Task]] = {}
TASKS: Final = {
    "begin with a starter": "here",
    "ask the first question": "here",
    "see how a chat is called": "here",
    "see when something was said": "here",
    "read the facts of an answer": "here",
    "stop an answer": "tests/browser/test_page.py::test_the_stop_button_closes_the_upstream",
    "go on after a stop": "here",
    "ask again": "tests/browser/test_page.py::test_regenerate_asks_the_same_and_keeps_the_answer_before",
    "change a question": "tests/browser/test_page.py::test_an_edited_question_is_asked_without_what_it_replaces",
    "copy an answer": "tests/browser/test_copy.py::test_an_answer_is_copied_as_rich_text_and_as_markdown",
    "choose a model by what is known of it": "here",
    "use a model that is not listed": "here",
    "change how it answers": "here",
    "rename a chat": "here",
    "pin a chat": "here",
    "take a pin away": "here",
    "make a folder": "here",
    "put a chat into a folder": "here",
    "rename a folder": "here",
    "take a chat out of its folder": "here",
    "delete a folder and keep its chats": "here",
    "archive a chat": "here",
    "bring an archived chat back": "here",
    "delete a chat, and think better of it": "here",
    "delete several chats": "here",
    "find a chat, and open it at the word": "here",
    "do something by searching for it": "here",
    "keep a prompt": "here",
    "use a prompt by its command": "here",
    "change and delete a prompt": "here",
    "share a chat": "here",
    "take a link back": "here",
    "chat without a trace": "here",
    "take everything out": "here",
    "bring chats in from an export": "here",
    "bring chats in from ChatGPT": "here",
    "delete everything": "here",
    "be told of an answer that is done": "here",
    "choose dark or light": "here",
    "make room by folding the chats": "here",
}


NOTIFICATIONS: Final = """() => {
  window.notifications = [];
  window.Notification = class {
    static permission = "granted";
    static requestPermission = async () => "granted";
    constructor(...all) { window.notifications.push(all); }
  };
}"""
"""A browser that allows them: a headless one does not."""


HIDES: Final = """() => {
  const draw = window.requestAnimationFrame;
  const waiting = [];
  Object.defineProperty(document, "hidden", { get: () => true, configurable: true });
  window.requestAnimationFrame = (callback) => waiting.push(callback);
  window.reveal = () => {
    delete document.hidden;
    window.requestAnimationFrame = draw;
    waiting.forEach((callback) => draw(callback));
    document.dispatchEvent(new Event("visibilitychange"));
  };
}"""
"""A tab in the background, which is not drawn: a headless browser never hides one."""


def task(name: str) -> Callable[[Task], Task]:
    """Declare the test of a task."""

    def declare(does: Task) -> Task:
        HERE[name] = does
        return does

    return declare


@pytest.fixture(params=["wide", pytest.param("phone", marks=pytest.mark.nightly)])
async def page(request: pytest.FixtureRequest, browser: Browser, upstream: Upstream) -> AsyncIterator[ChatPage]:
    """The page of a server of its own chats, in either size."""
    phone: dict[str, Any] = {"viewport": NARROW, "has_touch": True, "is_mobile": True}
    settings = {"retries": 0, "models": "gemini-flash-latest,gemini-2.5-pro,*", "public_shares": True}
    async with sharing(upstream, **settings) as address:
        options = phone if request.param == "phone" else {}
        async with opened(browser, address, **options) as page:
            yield page
            # A page asks before it deletes several things: that is no complaint.
            page.errors = [it for it in page.errors if not it.startswith("dialog: Delete")]


async def test_the_tasks_of_every_day(page: ChatPage, upstream: Upstream) -> None:
    for name, where in TASKS.items():
        if where != "here":
            continue
        upstream.plays(says("An answer."))
        try:
            await HERE[name](page, upstream)
        except BaseException as fault:
            fault.add_note(f"the task: {name}")
            raise


def test_there_are_forty_tasks_and_each_has_its_test() -> None:
    assert len(TASKS) == 40
    assert set(HERE) == {name for name, where in TASKS.items() if where == "here"}
    for where in TASKS.values():
        if where != "here":
            file, name = where.split("::")
            assert f"def {name}(" in (ROOT / file).read_text(), where


def is_phone(page: ChatPage) -> bool:
    return page.page.viewport_size == NARROW


async def new_chat(page: ChatPage, question: str) -> None:
    """A chat of one question and its answer."""
    await show_list(page)
    await page.page.get_by_role("button", name="New chat", exact=True).locator("visible=true").last.click()
    await page.ask(question)
    await expect(page.question).to_contain_text(question)
    await page.has_ended()
    await expect(page.page).to_have_url(re.compile(r"/c/\w+$"))


async def show_list(page: ChatPage) -> None:
    """Show the list of chats: on a phone it is a drawer."""
    if is_phone(page) and await page.page.locator("dialog[open]").count() == 0:
        await page.button("Chats").click()


async def leave_list(page: ChatPage) -> None:
    if await page.page.locator("dialog[open]").count():
        await page.page.keyboard.press("Escape")
        await expect(page.page.locator("dialog[open]")).to_have_count(0)


def entry(page: ChatPage, title: str) -> Any:
    return page.page.get_by_role("link", name=title).locator("visible=true")


async def choose(page: ChatPage, title: str, option: str) -> None:
    """Choose from the menu of a chat."""
    await show_list(page)
    await entry(page, title).hover()
    await page.page.get_by_role("button", name=f"Options of {title}").locator("visible=true").click()
    await page.page.get_by_role("menuitem", name=option, exact=True).click()


async def opens(page: ChatPage, panel: str) -> Any:
    """Open a panel from the bar below the chats; return it."""
    await show_list(page)
    await page.page.get_by_role("button", name=panel, exact=True).locator("visible=true").click()
    dialog = page.page.get_by_role("dialog", name=panel, exact=True)
    await expect(dialog).to_be_visible()
    return dialog


async def confirms(page: ChatPage) -> None:
    """Say yes to the next question of the page."""
    page.page.once("dialog", lambda dialog: asyncio.ensure_future(dialog.accept()))


@task("begin with a starter")
async def _(page: ChatPage, _: Upstream) -> None:
    await expect(page.page.get_by_role("heading", name="What would you like to know?")).to_be_visible()
    await page.button("Collect ideas").click()
    await expect(page.box).to_have_value("Give me ten ideas, from the obvious to the unusual, for ")
    await page.box.fill("")


@task("ask the first question")
async def _(page: ChatPage, _: Upstream) -> None:
    await page.ask("How do tides work?")
    await page.has_ended()
    await expect(page.answer).to_contain_text("An answer.")


@task("see how a chat is called")
async def _(page: ChatPage, _: Upstream) -> None:
    await expect(page.page.get_by_role("banner").get_by_role("heading", name="How do tides work?")).to_be_visible()
    await expect(page.page).to_have_title("How do tides work? · Deltawire")


@task("see when something was said")
async def _(page: ChatPage, _: Upstream) -> None:
    for message in (page.question, page.answer):
        await expect(message.locator("time")).to_have_attribute("data-time", re.compile(r"\d"))


@task("read the facts of an answer")
async def _(page: ChatPage, _: Upstream) -> None:
    facts = page.answer.get_by_role("list", name="About this answer")
    if is_phone(page):
        await page.answer.get_by_role("button", name="More").click()
    await expect(facts).to_contain_text("tokens")
    if is_phone(page):
        await page.answer.get_by_role("button", name="Less").click()


@task("go on after a stop")
async def _(page: ChatPage, upstream: Upstream) -> None:
    upstream.plays(says_and_is_silent("The beginning"), says(" and the end."))
    await page.ask("Tell me more")
    await expect(page.answer).to_contain_text("The beginning")
    await page.button("Stop").click()
    await page.has_ended()
    await page.answer.get_by_role("button", name="Continue").click()
    await expect(page.question).to_contain_text("Go on exactly where you stopped.")
    await expect(page.answer).to_contain_text("and the end.")
    await page.has_ended()


@task("choose a model by what is known of it")
async def _(page: ChatPage, _: Upstream) -> None:
    await page.button("About the models").click()
    menu = page.page.get_by_role("dialog", name="About the models")
    await expect(menu).to_contain_text("$1.25 in, $10.00 out for a million tokens")
    await menu.get_by_role("button", name="gemini-2.5-pro").click()
    await expect(menu).to_be_hidden()
    await page.button("About the models").click()
    await expect(menu.get_by_role("button", name="gemini-2.5-pro")).to_have_attribute("aria-pressed", "true")


@task("use a model that is not listed")
async def _(page: ChatPage, upstream: Upstream) -> None:
    menu = page.page.get_by_role("dialog", name="About the models")
    await menu.get_by_label("Another model").fill("gemini-3-pro-preview")
    await menu.get_by_role("button", name="Use").click()
    await page.ask("Which are you?")
    await page.has_ended()
    await expect(page.answer.get_by_role("list", name="About this answer")).to_contain_text("gemini-3-pro-preview")


@task("change how it answers")
async def _(page: ChatPage, _: Upstream) -> None:
    panel = await page.opens_settings()
    await panel.get_by_label("System instruction").fill("Be brief.")
    await page.page.keyboard.press("Escape")
    await page.opens_settings()
    await expect(panel.get_by_label("System instruction")).to_have_value("Be brief.")
    await page.page.keyboard.press("Escape")


@task("rename a chat")
async def _(page: ChatPage, _: Upstream) -> None:
    await new_chat(page, "Name me")
    await choose(page, "Name me", "Rename")
    await page.page.get_by_role("textbox", name="Title").fill("Named")
    await page.page.keyboard.press("Enter")
    await expect(entry(page, "Named")).to_be_visible()
    await leave_list(page)


@task("pin a chat")
async def _(page: ChatPage, _: Upstream) -> None:
    await choose(page, "Named", "Pin")
    pinned = page.page.get_by_role("list", name="Pinned").locator("visible=true")
    await expect(pinned.get_by_role("link", name="Named")).to_be_visible()
    await leave_list(page)


@task("take a pin away")
async def _(page: ChatPage, _: Upstream) -> None:
    await choose(page, "Named", "Unpin")
    await expect(page.page.get_by_role("list", name="Pinned").locator("visible=true")).to_have_count(0)
    await leave_list(page)


@task("make a folder")
async def _(page: ChatPage, _: Upstream) -> None:
    await show_list(page)
    await page.page.get_by_role("button", name="New folder").locator("visible=true").click()
    await page.page.get_by_role("textbox", name="Name of the folder").locator("visible=true").fill("Trips")
    await page.page.keyboard.press("Enter")
    await expect(page.page.get_by_role("button", name="Trips", exact=True).locator("visible=true")).to_be_visible()
    await expect(page.page.get_by_role("button", name="New folder").locator("visible=true")).to_be_focused()
    await leave_list(page)


@task("put a chat into a folder")
async def _(page: ChatPage, _: Upstream) -> None:
    await choose(page, "Named", "Move to Trips")
    await expect(entry(page, "Named")).to_have_count(0)
    await page.page.get_by_role("button", name="Trips", exact=True).locator("visible=true").click()
    await expect(page.page.get_by_role("list", name="Trips").locator("visible=true")).to_contain_text("Named")
    await leave_list(page)


@task("rename a folder")
async def _(page: ChatPage, _: Upstream) -> None:
    await show_list(page)
    folder = page.page.get_by_role("button", name="Trips", exact=True).locator("visible=true")
    await folder.hover()
    await page.page.get_by_role("button", name="Rename the folder: Trips").locator("visible=true").click()
    await page.page.get_by_role("textbox", name="Name of the folder").locator("visible=true").fill("Journeys")
    await page.page.keyboard.press("Enter")
    await expect(page.page.get_by_role("button", name="Journeys", exact=True).locator("visible=true")).to_be_visible()
    await leave_list(page)


@task("take a chat out of its folder")
async def _(page: ChatPage, _: Upstream) -> None:
    await show_list(page)
    folder = page.page.get_by_role("button", name="Journeys", exact=True).locator("visible=true")
    if await folder.get_attribute("aria-expanded") == "false":
        await folder.click()
    await choose(page, "Named", "Take out of its folder")
    today = page.page.get_by_role("list", name="Today").locator("visible=true")
    await expect(today.get_by_role("link", name="Named")).to_be_visible()
    await choose(page, "Named", "Move to Journeys")
    await leave_list(page)


@task("delete a folder and keep its chats")
async def _(page: ChatPage, _: Upstream) -> None:
    await show_list(page)
    await page.page.get_by_role("button", name="Journeys", exact=True).locator("visible=true").hover()
    await confirms(page)
    await page.page.get_by_role("button", name="Delete the folder: Journeys").locator("visible=true").click()
    await expect(page.page.get_by_role("button", name="Journeys", exact=True)).to_have_count(0)
    await expect(entry(page, "Named")).to_be_visible()
    await leave_list(page)


@task("archive a chat")
async def _(page: ChatPage, _: Upstream) -> None:
    await new_chat(page, "Put me away")
    await choose(page, "Put me away", "Archive")
    await expect(entry(page, "Put me away")).to_have_count(0)
    await leave_list(page)


@task("bring an archived chat back")
async def _(page: ChatPage, _: Upstream) -> None:
    panel = await opens(page, "Archived chats")
    row = panel.get_by_role("listitem").filter(has_text="Put me away")
    await row.get_by_role("button", name="Bring back").click()
    await expect(panel).to_contain_text("No chat is archived.")
    await page.page.keyboard.press("Escape")
    await show_list(page)
    await expect(entry(page, "Put me away")).to_be_visible()
    await leave_list(page)


@task("delete a chat, and think better of it")
async def _(page: ChatPage, _: Upstream) -> None:
    await new_chat(page, "Stay here")
    await choose(page, "Stay here", "Delete")
    await expect(entry(page, "Stay here")).to_have_count(0)
    await page.page.get_by_role("button", name="Undo").locator("visible=true").click()
    await expect(entry(page, "Stay here")).to_be_visible()
    await leave_list(page)


@task("delete several chats")
async def _(page: ChatPage, _: Upstream) -> None:
    for question in ("First of several", "Second of several"):
        await new_chat(page, question)
    await show_list(page)
    await page.page.get_by_role("button", name="Select several").locator("visible=true").click()
    for question in ("First of several", "Second of several"):
        await page.page.get_by_role("checkbox", name=question).locator("visible=true").check()
    bar = page.page.get_by_role("toolbar", name="Select several").locator("visible=true")
    await expect(bar).to_contain_text("2 selected")
    await confirms(page)
    await bar.get_by_role("button", name="Delete").click()
    await expect(page.page.get_by_role("link", name="of several").locator("visible=true")).to_have_count(0)
    await leave_list(page)


@task("find a chat, and open it at the word")
async def _(page: ChatPage, upstream: Upstream) -> None:
    upstream.plays(says("one\n\n" * 40 + "The quokka is small.\n\n" + "two\n\n" * 60))
    await new_chat(page, "Long story")
    upstream.plays(says("An answer."))
    await new_chat(page, "Something else")
    await show_list(page)
    await page.page.get_by_role("searchbox").locator("visible=true").fill("quokka")
    found = entry(page, "Long story")
    await expect(found).to_contain_text("The quokka is small.")
    await found.click()
    await expect(page.messages.get_by_text("The quokka is small.")).to_be_in_viewport()


@task("do something by searching for it")
async def _(page: ChatPage, _: Upstream) -> None:
    await page.page.keyboard.press("Control+k")
    await page.page.get_by_role("searchbox").locator("visible=true").fill("shared li")
    await page.page.get_by_role("list", name="Actions").locator("visible=true").get_by_role("button").click()
    panel = page.page.get_by_role("dialog", name="Shared links")
    await expect(panel).to_contain_text("Nothing is shared.")
    await page.page.keyboard.press("Escape")


@task("keep a prompt")
async def _(page: ChatPage, _: Upstream) -> None:
    panel = await opens(page, "Your prompts")
    await panel.get_by_role("button", name="New prompt").click()
    await panel.get_by_label("Name, without spaces").fill("shorter")
    await panel.get_by_label("Text").fill("Say it again, shorter.")
    await panel.get_by_role("button", name="Save").click()
    await expect(panel.get_by_role("listitem")).to_contain_text("/shorter")
    await page.page.keyboard.press("Escape")


@task("use a prompt by its command")
async def _(page: ChatPage, _: Upstream) -> None:
    await page.box.fill("/sh")
    option = page.page.get_by_role("option", name="/shorter")
    await expect(option).to_be_visible()
    await page.box.press("Escape")
    await expect(option).to_have_count(0)
    await expect(page.box).to_have_value("/sh")
    await page.box.fill("")
    await page.box.fill("/sh")
    await expect(option).to_be_visible()
    if is_phone(page):
        await option.tap()
    else:
        await page.box.press("Enter")
    await expect(page.box).to_have_value("Say it again, shorter.")
    await page.box.fill("")


@task("change and delete a prompt")
async def _(page: ChatPage, _: Upstream) -> None:
    panel = await opens(page, "Your prompts")
    await panel.get_by_role("button", name="Edit").click()
    await panel.get_by_label("Text").fill("Shorter!")
    await panel.get_by_role("button", name="Save").click()
    await expect(panel.get_by_role("listitem")).to_contain_text("Shorter!")
    await panel.get_by_role("button", name="Delete").click()
    await expect(panel).to_contain_text("You have no prompts yet.")
    await page.page.keyboard.press("Escape")


@task("share a chat")
async def _(page: ChatPage, _: Upstream) -> None:
    await new_chat(page, "Read this")
    await page.page.get_by_role("banner").get_by_role("button", name="Share").click()
    panel = page.page.get_by_role("dialog", name="Share")
    await panel.get_by_label("Days until it ends").fill("7")
    await panel.get_by_role("button", name="Make a link").click()
    link = await panel.get_by_label(
        "Whoever has this link can read the chat up to here. It is shown only now."
    ).input_value()
    await expect(panel.get_by_role("textbox")).to_be_focused()
    await page.page.keyboard.press("Escape")
    other = await page.page.context.new_page()
    await other.goto(link)
    await expect(other.get_by_role("heading", name="Read this")).to_be_visible()
    await expect(other.get_by_role("article", name="Answer")).to_contain_text("An answer.")
    await expect(other.get_by_role("textbox")).to_have_count(0)
    assert await other.locator("meta[name=robots]").get_attribute("content") == "noindex, nofollow"
    await other.close()


@task("take a link back")
async def _(page: ChatPage, _: Upstream) -> None:
    panel = await opens(page, "Shared links")
    await panel.get_by_role("listitem").filter(has_text="Read this").get_by_role("button", name="Take back").click()
    await expect(panel).to_contain_text("Nothing is shared.")
    await expect(panel.get_by_role("button", name="Close")).to_be_focused()
    await page.page.keyboard.press("Escape")
    await leave_list(page)


@task("chat without a trace")
async def _(page: ChatPage, _: Upstream) -> None:
    await show_list(page)
    await page.page.get_by_role("button", name="New chat", exact=True).locator("visible=true").last.click()
    await page.button("Temporary chat").click()
    await page.ask("Between us")
    await page.has_ended()
    await page.ask("And this")
    await page.has_ended()
    assert "/c/" not in page.page.url
    host = page.page.url.split("/")[2]
    async with aiohttp.ClientSession(f"http://{host}") as http, http.get("/conversations?q=between") as found:
        assert (await found.json())["conversations"] == []
    assert "Between us" not in await page.page.evaluate("JSON.stringify({...localStorage, ...sessionStorage})")
    await show_list(page)
    await expect(entry(page, "Between us")).to_have_count(0)
    await leave_list(page)


@task("take everything out")
async def _(page: ChatPage, _: Upstream) -> None:
    await new_chat(page, "Take me with you")
    panel = await opens(page, "Chats and data")
    async with page.page.expect_download() as download:
        await panel.get_by_role("button", name="Export everything").click()
    exported = json.loads((await (await download.value).path()).read_text())
    assert "Take me with you" in [each["title"] for each in exported["conversations"]]
    page.exported = exported  # type: ignore[attr-defined]
    await page.page.keyboard.press("Escape")


async def import_file(page: ChatPage, content: Any) -> Any:
    panel = await opens(page, "Chats and data")
    file = {"name": "conversations.json", "mimeType": "application/json", "buffer": json.dumps(content).encode()}
    await panel.get_by_label("Import").set_input_files(file)
    return panel


@task("bring chats in from an export")
async def _(page: ChatPage, _: Upstream) -> None:
    message = {"id": "1", "parent": None, "role": "user", "text": "From far away"}
    panel = await import_file(page, {"version": 1, "conversations": [{"title": "Brought in", "messages": [message]}]})
    await expect(panel).to_contain_text("1 chat was imported.")
    await page.page.keyboard.press("Escape")
    await show_list(page)
    await entry(page, "Brought in").click()
    await expect(page.question).to_contain_text("From far away")


@task("bring chats in from ChatGPT")
async def _(page: ChatPage, _: Upstream) -> None:
    def node(name: str, parent: str | None, role: str, text: str) -> dict[str, Any]:
        content = {"content_type": "text", "parts": [text]}
        return {"id": name, "parent": parent, "message": {"author": {"role": role}, "content": content}}

    mapping = {"a": node("a", None, "user", "Hi there"), "b": node("b", "a", "assistant", "Hello from elsewhere")}
    panel = await import_file(page, [{"title": "x"}])
    await expect(panel).to_contain_text("This file could not be imported")
    await panel.get_by_label("Import").set_input_files(
        {
            "name": "conversations.json",
            "mimeType": "application/json",
            "buffer": json.dumps([{"title": "Elsewhere", "mapping": mapping}, {"title": "x"}]).encode(),
        }
    )
    await expect(panel).to_contain_text("1 chat was imported. Not imported: x")
    await page.page.keyboard.press("Escape")
    await show_list(page)
    await entry(page, "Elsewhere").click()
    await expect(page.answer).to_contain_text("Hello from elsewhere")


@task("delete everything")
async def _(page: ChatPage, _: Upstream) -> None:
    await new_chat(page, "The last one")
    panel = await opens(page, "Chats and data")
    await confirms(page)
    await panel.get_by_role("button", name="Delete all chats").click()
    await leave_list(page)
    await show_list(page)
    await expect(page.page.get_by_text("What you ask will be listed here.").locator("visible=true")).to_be_visible()
    await leave_list(page)


@task("be told of an answer that is done")
async def _(page: ChatPage, upstream: Upstream) -> None:
    await page.page.evaluate(NOTIFICATIONS)
    panel = await page.opens_settings()
    await panel.get_by_role("switch", name="Tell me when an answer is done").click()
    await expect(panel.get_by_role("switch", name="Tell me when an answer is done")).to_be_checked()
    await page.page.keyboard.press("Escape")
    may_end = asyncio.Event()
    upstream.plays(says_when(may_end, "Soon", " done"))
    await page.ask("Take your time")
    await expect(page.answer).to_contain_text("Soon")
    await page.page.evaluate(HIDES)
    may_end.set()
    await expect(page.page).to_have_title("✓ Answer ready · Take your time · Deltawire")
    assert (await page.page.evaluate("window.notifications"))[0][1]["body"] == "Take your time"
    await page.page.evaluate("reveal()")
    await expect(page.page).to_have_title("Take your time · Deltawire")


@task("choose dark or light")
async def _(page: ChatPage, _: Upstream) -> None:
    panel = await page.opens_settings()
    for theme in ("Dark", "System"):
        await panel.get_by_text(theme, exact=True).click()
    await page.page.keyboard.press("Escape")


@task("make room by folding the chats")
async def _(page: ChatPage, _: Upstream) -> None:
    if is_phone(page):
        await show_list(page)
        await leave_list(page)
        await expect(page.box).to_be_visible()
        return
    await page.button("Hide the chats").click()
    await expect(page.chats).to_have_count(0)
    await page.button("Show the chats").click()
    await expect(page.chats).to_be_visible()


async def test_axe_finds_nothing_in_what_is_kept_beside_the_chats(page: ChatPage, upstream: Upstream) -> None:
    upstream.plays(says("An answer."))
    await new_chat(page, "Look at me")
    await show_list(page)
    await page.page.get_by_role("button", name="New folder").locator("visible=true").click()
    await page.page.keyboard.type("Trips")
    await page.page.keyboard.press("Enter")
    await expect(page.page.get_by_role("button", name="Trips", exact=True).locator("visible=true")).to_be_visible()
    await leave_list(page)
    for panel in ("Archived chats", "Your prompts", "Shared links", "Chats and data"):
        await opens(page, panel)
        assert (panel, await page.violations(), await page.unfit_words()) == (panel, [], [])
        await page.page.keyboard.press("Escape")
        await leave_list(page)
    await page.page.get_by_role("banner").get_by_role("button", name="Share").click()
    await expect(page.page.get_by_role("dialog", name="Share")).to_be_visible()
    assert await page.violations() == []
    await page.page.keyboard.press("Escape")
    await page.button("About the models").click()
    assert await page.violations() == []
    await page.page.keyboard.press("Escape")
    await show_list(page)
    await page.page.get_by_role("button", name="Select several").locator("visible=true").click()
    assert await page.violations() == []


async def test_a_temporary_chat_is_asked_with_its_files_and_stopped_and_they_are_removed_when_it_is_left(
    browser: Browser, upstream: Upstream
) -> None:
    upstream.plays(says_and_is_silent("The beginning"))
    async with sharing(upstream, retries=0) as address, opened(browser, address) as page:
        await page.button("Temporary chat").click()
        picture = FilePayload(name="sea.png", mimeType="image/png", buffer=png(4, 4))
        await page.page.locator("input[type=file]").first.set_input_files(picture)
        await page.ask("Between us")
        await expect(page.answer).to_contain_text("The beginning")
        exchange = await upstream.wait_for_request()
        assert ["inlineData" in part for part in exchange.body["contents"][-1]["parts"]] == [True, False]
        await expect(page.page).to_have_title("Temporary chat · Deltawire")
        await page.page.get_by_role("button", name="New chat", exact=True).locator("visible=true").first.click()
        await exchange.closes()
        await expect(page.page).to_have_title("Deltawire")
        async with files_of(address) as files, asyncio.timeout(60):
            while b"sea.png" in (await files.get())[1]:  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.01)


async def test_scripts_in_what_is_shared_do_not_run(browser: Browser, upstream: Upstream) -> None:
    attack = (
        "<script>window.pwned = 1</script><img src=x onerror='window.pwned = 2'> "
        "[run](javascript:window.pwned=3) <svg onload='window.pwned = 4'></svg>"
    )
    upstream.plays(says(attack))
    async with sharing(upstream, retries=0, public_shares=True) as address:
        async with aiohttp.ClientSession(f"http://{address}") as http:
            made = await (await http.post("/conversations", json={"title": attack[:200]})).json()
            async with http.post("/chat", json={"message": attack, "conversation": made["id"]}) as response:
                message = (await response.json())["usage"]["message"]
            async with http.post(f"/conversations/{made['id']}/shares", json={"message": message}) as link:
                token = (await link.json())["token"]
        context = await browser.new_context(service_workers="block")
        page = await context.new_page()
        hosts: set[str] = set()
        page.on("request", lambda request: hosts.add(request.url.split("/")[2]))
        await page.goto(f"http://{address}/s/{token}")
        await expect(page.get_by_role("article", name="Answer")).to_contain_text("window.pwned")
        assert await page.evaluate("window.pwned") is None
        assert await page.locator("article a[href^=javascript], article img, article script").count() == 0
        assert hosts == {address}
        await context.close()


@pytest.mark.parametrize(
    "locale, words, direction",
    [
        ("de-DE", "Was möchtest du wissen?", "ltr"),
        ("ar", "ماذا تريد أن تعرف؟", "rtl"),
        ("ja-JP", "何を知りたいですか\uff1f", "ltr"),
    ],
)
async def test_the_page_speaks_the_language_of_the_browser(
    browser: Browser, upstream: Upstream, locale: str, words: str, direction: str
) -> None:
    async with sharing(upstream, retries=0) as address:
        context = await browser.new_context(locale=locale, service_workers="block")
        page = await context.new_page()
        await page.goto(f"http://{address}/")
        await expect(page.get_by_role("heading", name=words)).to_be_visible()
        html = page.locator("html")
        await expect(html).to_have_attribute("dir", direction)
        await expect(html).to_have_attribute("lang", locale.partition("-")[0])
        await context.close()


async def test_the_page_is_installable_and_opens_without_its_server(browser: Browser, upstream: Upstream) -> None:
    async with sharing(upstream, retries=0) as address:
        async with aiohttp.ClientSession(f"http://{address}") as http, http.get("/manifest.webmanifest") as answer:
            assert answer.content_type == "application/manifest+json"
            icons = (await answer.json(content_type=None))["icons"]
            for icon in icons:
                async with http.get(icon["src"]) as file:
                    assert file.status == 200
        context = await browser.new_context()
        page = await context.new_page()
        await page.goto(f"http://{address}/")
        await page.evaluate("navigator.serviceWorker.ready.then(() => {})")
        await page.reload()  # through the worker, which keeps what comes
        await expect(page.get_by_role("heading", name="What would you like to know?")).to_be_visible()
        kept = await page.evaluate(
            "caches.keys().then((names) => caches.open(names[0])).then((cache) => cache.keys())"
            ".then((keys) => keys.map(({ url }) => new URL(url).pathname))"
        )
        assert all(path == "/" or path.startswith("/assets/") for path in kept), kept
        await context.set_offline(True)
        await page.reload()
        await expect(page.get_by_role("textbox", name="Message")).to_be_visible()
        await context.close()
