"""Files in the page: into the message box in every way, out of it, asked, shown again, and refused by name."""

import asyncio
import base64
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import Browser, FilePayload, Locator, Route, expect
from support.files import PDF, png
from support.page import NARROW, ChatPage, opened
from support.serving import serving, sharing
from support.upstream import Upstream, fails

PICTURE = png(640, 400, row=b"\0" + 640 * b"\x20\x80\xa0")
HTML = b"<!doctype html><script>window.ran = 1</script>"
PHONE: dict[str, Any] = {"viewport": NARROW, "has_touch": True, "is_mobile": True}
GIVE = """async ([kind, files, selector]) => {
  const data = new DataTransfer();
  for (const [name, type, base64] of files) {
    const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
    data.items.add(new File([bytes], name, { type }));
  }
  const target = document.querySelector(selector);
  const init = { bubbles: true, cancelable: true };
  if (kind === "paste") return target.dispatchEvent(new ClipboardEvent("paste", { ...init, clipboardData: data }));
  target.dispatchEvent(new DragEvent("dragover", { ...init, dataTransfer: data }));
  if (kind === "drop") target.dispatchEvent(new DragEvent("drop", { ...init, dataTransfer: data }));
}"""
PASTE_TEXT = """([selector, text]) => {
  const box = document.querySelector(selector);
  const data = new DataTransfer();
  data.setData("text/plain", text);
  const event = new ClipboardEvent("paste", { bubbles: true, cancelable: true, clipboardData: data });
  if (box.dispatchEvent(event)) document.execCommand("insertText", false, text);
}"""
Given = tuple[str, str, bytes]


@pytest.fixture
async def page(browser: Browser, upstream: Upstream) -> AsyncIterator[ChatPage]:
    async with sharing(upstream, retries=0, max_file_bytes=50_000) as address, opened(browser, address) as page:
        yield page


async def gives(page: ChatPage, way: str, *files: Given) -> None:
    """Paste files, drag them over the page, or drop them on it."""
    coded = [(name, kind, base64.b64encode(content).decode()) for name, kind, content in files]
    await page.page.evaluate(GIVE, [way, coded, "main"])


async def chooses(page: ChatPage, *files: Given, button: str = "Add files") -> None:
    async with page.page.expect_file_chooser() as choosing:
        await page.button(button).click()
    chooser = await choosing.value
    await chooser.set_files([FilePayload(name=name, mimeType=kind, buffer=content) for name, kind, content in files])


def card(page: ChatPage, name: str) -> Locator:
    """A file in the message box."""
    return page.page.get_by_role("list", name="Files of your message").get_by_role("listitem").filter(has_text=name)


async def is_there(page: ChatPage, name: str) -> None:
    """Wait until the server has a file of the message box."""
    await expect(card(page, name)).to_contain_text(re.compile(r"\d (bytes|kB)$"))


async def parts_asked(upstream: Upstream, times: int = 1) -> list[Any]:
    """The parts of the last question: the types of the files, and the text."""
    exchange = await upstream.wait_for_request(times)
    parts = exchange.body["contents"][-1]["parts"]
    return [part["inlineData"]["mimeType"] if "inlineData" in part else part["text"] for part in parts]


@pytest.mark.parametrize("kind", ["paste", "drop", "button"])
async def test_files_come_into_the_box_are_asked_and_are_shown_again(
    page: ChatPage, upstream: Upstream, kind: str
) -> None:
    files: list[Given] = [("sea.png", "image/png", PICTURE), ("report.pdf", "application/pdf", PDF)]
    await (chooses(page, *files) if kind == "button" else gives(page, kind, *files))
    for name in ("sea.png", "report.pdf"):
        await is_there(page, name)
    await expect(card(page, "sea.png").locator("img")).to_be_visible()
    await page.ask("What is this?")
    await page.has_ended()
    assert await parts_asked(upstream) == ["image/png", "application/pdf", "What is this?"]
    await expect(card(page, "sea.png")).to_have_count(0)
    for again in (False, True):
        if again:
            await page.page.reload()
        picture = page.question.get_by_role("button", name="Open sea.png")
        await expect(picture.locator("img")).to_be_visible()
        await picture.click()
        dialog = page.page.get_by_role("dialog", name="sea.png")
        await expect(dialog.get_by_role("img", name="sea.png")).to_have_js_property("naturalWidth", 640)
        await page.page.keyboard.press("Escape")
        await expect(dialog).to_have_count(0)
        async with page.page.expect_download() as saving:
            await page.question.get_by_role("button", name="report.pdf").click()
        assert (await (await saving.value).path()).read_bytes() == PDF


async def test_what_is_dragged_over_the_page_is_told_where_to_go(page: ChatPage) -> None:
    await gives(page, "over", ("sea.png", "image/png", PICTURE))
    await expect(page.page.get_by_text("Drop files to add them to your message")).to_be_visible()


async def test_text_that_comes_with_a_picture_of_it_is_pasted_as_text(page: ChatPage) -> None:
    await page.box.focus()
    await page.page.evaluate(PASTE_TEXT, ["#message", "a\tb"])
    await expect(page.box).to_have_value("a\tb")
    await expect(page.page.get_by_role("list", name="Files of your message")).to_have_count(0)


async def test_a_file_is_refused_where_it_stands_with_the_limit_and_another_is_asked(
    page: ChatPage, upstream: Upstream
) -> None:
    await chooses(
        page,
        ("large.png", "image/png", png(2, 2, bytes(60_000))),
        ("page.html", "text/html", HTML),
        ("lie.png", "image/png", HTML),
        ("empty.txt", "text/plain", b""),
        ("sea.png", "image/png", PICTURE),
    )
    await expect(card(page, "large.png")).to_contain_text("It has 59 kB: a file may have at most 49 kB.")
    await expect(card(page, "page.html")).to_contain_text("Files of this type are not taken here.")
    await expect(card(page, "lie.png")).to_contain_text("It is damaged, or it is not what its name says.")
    await expect(card(page, "empty.txt")).to_contain_text("It is empty.")
    await is_there(page, "sea.png")
    await page.ask("What is this?")
    await expect(page.page.get_by_role("status", name="Notice")).to_contain_text("Not sent: a file was not taken.")
    for name in ("large.png", "page.html", "lie.png", "empty.txt"):
        await page.button(f"Remove {name}").click()
    await page.box.press("Enter")
    await page.has_ended()
    assert await parts_asked(upstream) == ["image/png", "What is this?"]


async def test_the_server_s_own_limit_is_named_where_the_page_does_not_know_it(
    browser: Browser, upstream: Upstream
) -> None:
    async def without_limit(route: Route) -> None:
        await route.fulfill(json={"default": "a", "models": ["a"]}, headers={"Max-File-Bytes": "1000000000"})

    async with sharing(upstream, retries=0, max_file_bytes=50_000) as address, opened(browser, address) as page:
        await page.page.route("**/models", without_limit)
        await page.page.reload()
        await chooses(page, ("large.png", "image/png", png(2, 2, bytes(60_000))))
        await expect(card(page, "large.png")).to_contain_text("a file may have at most 49 kB.")


async def test_a_question_takes_so_many_files_and_no_more(page: ChatPage) -> None:
    await chooses(page, *((f"{number}.txt", "text/plain", b"words") for number in range(17)))
    await expect(card(page, "16.txt")).to_contain_text("A question takes at most 16 files.")
    await is_there(page, "15.txt")


async def test_a_message_waits_for_its_files(page: ChatPage, upstream: Upstream) -> None:
    goes = asyncio.Event()

    async def slow(route: Route) -> None:
        await goes.wait()
        await route.continue_()

    await page.page.route("**/files?*", slow)
    await gives(page, "paste", ("sea.png", "image/png", PICTURE))
    await expect(page.page.get_by_role("progressbar", name="Sending sea.png")).to_be_visible()
    await page.ask("What is this?")
    await expect(page.page.get_by_text("Your message is sent as soon as its files are.")).to_be_visible()
    assert upstream.exchanges == []
    goes.set()
    await page.has_ended()
    assert await parts_asked(upstream) == ["image/png", "What is this?"]


async def test_a_message_that_waits_for_its_files_is_sent_while_another_chat_is_shown(
    page: ChatPage, upstream: Upstream
) -> None:
    goes = asyncio.Event()

    async def slow(route: Route) -> None:
        await goes.wait()
        await route.continue_()

    await page.ask("first")
    await page.has_ended()
    await page.page.route("**/files?*", slow)
    await gives(page, "paste", ("sea.png", "image/png", PICTURE))
    await expect(page.page.get_by_role("progressbar", name="Sending sea.png")).to_be_visible()
    await page.ask("What is this?")
    await page.button("New chat").click()
    await page.box.fill("a draft")
    goes.set()
    assert await parts_asked(upstream, 2) == ["image/png", "What is this?"]
    await expect(page.box).to_have_value("a draft")
    await page.chat("first").click()
    await expect(page.question).to_contain_text("What is this?")
    await page.has_ended()
    await expect(page.box).to_have_value("")


async def test_what_did_not_arrive_is_sent_again(page: ChatPage, upstream: Upstream) -> None:
    await page.page.route("**/files?*", lambda route: route.abort())
    await gives(page, "drop", ("sea.png", "image/png", PICTURE))
    await expect(card(page, "sea.png")).to_contain_text("It was not sent: the server cannot be reached.")
    await page.page.unroute("**/files?*")
    await page.button("Try sea.png again").click()
    await is_there(page, "sea.png")


async def test_by_keyboard_alone(page: ChatPage, upstream: Upstream) -> None:
    choosing = page.next_file_chooser()
    await page.box.focus()
    await page.page.keyboard.press("Tab")
    await expect(page.button("Add files")).to_be_focused()
    await page.page.keyboard.press("Enter")
    given = [FilePayload(name=name, mimeType="image/png", buffer=PICTURE) for name in ("one.png", "two.png")]
    await (await choosing).set_files(given)
    await is_there(page, "two.png")
    await expect(page.box).to_be_focused()
    await page.page.keyboard.press("Shift+Tab")
    await expect(page.button("Remove two.png")).to_be_focused()
    await page.page.keyboard.press("Enter")
    await expect(card(page, "two.png")).to_have_count(0)
    await expect(page.box).to_be_focused()
    await page.page.keyboard.type("What is this?")
    await page.page.keyboard.press("Enter")
    await page.has_ended()
    assert await parts_asked(upstream) == ["image/png", "What is this?"]
    await page.question.get_by_role("button", name="Open one.png").focus()
    await page.page.keyboard.press("Enter")
    await expect(page.page.get_by_role("dialog", name="one.png")).to_be_visible()
    await page.page.keyboard.press("Escape")
    await expect(page.question.get_by_role("button", name="Open one.png")).to_be_focused()


async def test_a_long_text_that_is_pasted_can_be_a_file(page: ChatPage, upstream: Upstream) -> None:
    text = "words and more words\n" * 600
    await page.box.fill("Sum up: ")
    await page.page.evaluate(PASTE_TEXT, ["#message", text])
    await expect(page.page.get_by_text("You have pasted 12,600 characters.")).to_be_visible()
    await page.button("Make it a file").click()
    await expect(page.box).to_have_value("Sum up: ")
    await expect(card(page, "pasted-text.txt")).to_contain_text("12 kB")
    await page.ask("Sum up:")
    await page.has_ended()
    assert await parts_asked(upstream) == ["text/plain", "Sum up:"]


async def test_a_draft_keeps_its_files_over_a_reload(page: ChatPage) -> None:
    await gives(page, "paste", ("sea.png", "image/png", PICTURE))
    await is_there(page, "sea.png")
    await page.page.reload()
    await is_there(page, "sea.png")
    await expect(card(page, "sea.png").locator("img")).to_be_visible()


async def test_a_refused_question_gives_its_files_back(browser: Browser, upstream: Upstream) -> None:
    async with serving(upstream, max_message_chars=40) as address, opened(browser, address) as page:
        await gives(page, "paste", ("sea.png", "image/png", PICTURE))
        await is_there(page, "sea.png")
        await page.ask("x" * 41)
        await expect(page.returned).to_contain_text("at most 40 characters")
        await is_there(page, "sea.png")
        await page.ask("What is this?")
        assert await parts_asked(upstream) == ["image/png", "What is this?"]
        await page.has_ended()


async def test_an_edited_question_and_one_asked_again_keep_their_files(page: ChatPage, upstream: Upstream) -> None:
    await gives(page, "paste", ("sea.png", "image/png", PICTURE))
    await is_there(page, "sea.png")
    await page.ask("What is this?")
    await page.has_ended()
    await page.button("Regenerate").click()
    await upstream.wait_for_request(2)
    await page.has_ended()
    assert await parts_asked(upstream, 2) == ["image/png", "What is this?"]
    await page.button("Edit question").click()
    await page.page.get_by_role("textbox", name="Edit your question").fill("And where?")
    await page.page.keyboard.press("Enter")
    assert await parts_asked(upstream, 3) == ["image/png", "And where?"]
    await page.has_ended()
    await expect(page.question.get_by_role("button", name="Open sea.png")).to_be_visible()


async def test_a_failed_question_asks_with_its_files_after_a_reload(page: ChatPage, upstream: Upstream) -> None:
    upstream.plays(fails(503, "UNAVAILABLE"))
    await gives(page, "paste", ("sea.png", "image/png", PICTURE))
    await is_there(page, "sea.png")
    await page.ask("What is this?")
    await page.has_ended()
    await page.page.reload()
    await expect(page.question.get_by_role("button", name="Open sea.png")).to_be_visible()
    await page.button("Ask again").click()
    assert await parts_asked(upstream, 2) == ["image/png", "What is this?"]
    await page.has_ended()


async def test_on_a_phone_a_photo_is_a_tap_away(browser: Browser, upstream: Upstream) -> None:
    async with serving(upstream) as address, opened(browser, address, **PHONE) as page:
        async with page.page.expect_file_chooser() as choosing:
            await page.button("Take a photo").tap()
        chooser = await choosing.value
        assert await chooser.element.get_attribute("capture") == "environment"
        await chooser.set_files([FilePayload(name="photo.png", mimeType="image/png", buffer=PICTURE)])
        await is_there(page, "photo.png")
        for name in ("Add files", "Take a photo", "Remove photo.png"):
            box = await page.button(name).bounding_box()
            assert box is not None
            assert min(box["width"], box["height"]) >= 44
        overflow = "document.documentElement.scrollWidth - innerWidth"
        assert await page.page.evaluate(overflow) <= 0


async def test_axe_finds_nothing(browser: Browser, upstream: Upstream) -> None:
    async with serving(upstream, retries=0) as address, opened(browser, address) as page:
        await gives(page, "paste", ("sea.png", "image/png", PICTURE), ("report.pdf", "application/pdf", PDF))
        await is_there(page, "sea.png")
        await is_there(page, "report.pdf")
        await page.ask("What is this?")
        await page.has_ended()
        await chooses(page, ("sea.png", "image/png", PICTURE), ("page.html", "text/html", HTML))
        await is_there(page, "sea.png")
        await expect(card(page, "page.html")).to_contain_text("not taken")
        assert await page.unfit_words() == []
        assert await page.violations_at_each_width() == []
        await page.question.get_by_role("button", name="Open sea.png").click()
        await expect(page.page.get_by_role("dialog", name="sea.png")).to_be_visible()
        assert await page.violations_at_each_width() == []
