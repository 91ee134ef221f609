"""What an answer looks like."""

import re

from playwright.async_api import expect
from support.page import ChatPage
from support.upstream import Upstream, says

MEBIBYTE = 2**20

TABLE = "| a | b |\n| --- | --- |\n| 1 | 2 |\n"
CODE = "```python\ndef f() -> int:\n    return 1\n```\n"


async def test_a_table_is_a_table(page: ChatPage, upstream: Upstream) -> None:
    upstream.plays(says(TABLE[:12], TABLE[12:]))
    await page.ask("hi")
    await page.has_ended()
    await expect(page.answer.get_by_role("cell", name="2")).to_be_visible()


async def test_code_is_highlighted_and_copied(page: ChatPage, upstream: Upstream) -> None:
    await page.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    upstream.plays(says(*CODE.split(" ")[:1], CODE[len(CODE.split(" ", maxsplit=1)[0]) :]))
    await page.ask("hi")
    await page.has_ended()
    await expect(page.answer.locator("[data-language=python] span", has_text=re.compile("^def$"))).to_have_css(
        "color", "rgb(207, 34, 46)"
    )
    await page.answer.get_by_role("button", name="Copy code").click()
    copied = await page.page.evaluate("navigator.clipboard.readText()")
    assert copied.strip() == CODE.removeprefix("```python\n").removesuffix("```\n").strip()


async def test_an_answer_is_copied_as_it_was_written(page: ChatPage, upstream: Upstream) -> None:
    await page.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    upstream.plays(says("**Bold** words"))
    await page.ask("hi")
    await page.has_ended()
    await page.button("Copy answer").click()
    await expect(page.button("Copied")).to_be_visible()
    assert await page.page.evaluate("navigator.clipboard.readText()") == "**Bold** words"


async def test_an_answer_of_8_mb_is_shown_to_its_end(page: ChatPage, upstream: Upstream) -> None:
    piece = ("A line of some length, as a model would write it.\n" * 400)[: 2**14]
    pieces = 8 * MEBIBYTE // len(piece)
    upstream.plays(says(*[piece] * pieces, "The very last word."))
    await page.ask("hi")
    await expect(page.answer).to_have_attribute("aria-busy", "false", timeout=60_000)
    last = page.answer.locator(".answer > div").last
    await expect(last).to_contain_text("The very last word.")
    assert await last.evaluate("element => element.getBoundingClientRect().bottom <= innerHeight")
    shown = await page.answer.locator(".answer").evaluate("element => element.textContent.length")
    assert shown == pieces * len(piece) + len("The very last word.")
