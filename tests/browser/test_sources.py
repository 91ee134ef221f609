"""Sources, search and code in the page. Whatever the provider sends, nothing of it runs."""

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from playwright.async_api import Browser, Locator, expect
from support.page import ChatPage, opened
from support.serving import serving
from support.upstream import Exchange, Script, Upstream, says

ELSEWHERE = "http://203.0.113.7"
CITED = "Grüße 👩‍💻 **aus Köln.**"
TEXT = f"{CITED} Und `mehr`. Das Ende."
SUGGESTIONS = '<style>.container { color: red }</style><div class="container"><a class="chip" href="https://g.example/s">k</a></div>'
PAGES = [("A page", "https://one.example/a"), ("two.example", "https://two.example/b")]
READ_HTML = """async () => {
  const [item] = await navigator.clipboard.read();
  return (await item.getType("text/html")).text();
}"""


def grounding(
    pages: list[tuple[str, str]], cited: str = CITED, html: str = SUGGESTIONS, of: tuple[int, ...] = (0, 1)
) -> dict[str, Any]:
    """Return Google's metadata of an answer that begins with `cited`."""
    segment = {"endIndex": len(cited.encode()), "text": cited}
    return {
        "webSearchQueries": ["köln"],
        "searchEntryPoint": {"renderedContent": html},
        "groundingChunks": [{"web": {"title": title, "uri": uri}} for title, uri in pages],
        "groundingSupports": [{"segment": segment, "groundingChunkIndices": list(of)}],
    }


def finds(metadata: dict[str, Any], text: str = TEXT) -> Script:
    """A script for an answer that rests on these pages."""

    async def script(exchange: Exchange) -> None:
        await exchange.start()
        await exchange.text(text)
        candidate = {"content": {"parts": [{"text": ""}], "role": "model"}, "finishReason": "STOP"}
        usage = {"promptTokenCount": 3, "candidatesTokenCount": 2, "totalTokenCount": 5}
        await exchange.event({"candidates": [candidate | {"groundingMetadata": metadata}], "usageMetadata": usage})
        await exchange.finish()

    return script


async def runs_code(exchange: Exchange) -> None:
    await exchange.start()
    parts = [
        {"executableCode": {"language": "PYTHON", "code": "print(6 * 7)\n"}},
        {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "42\n"}},
        {"text": "It is 42."},
    ]
    await exchange.event({"candidates": [{"content": {"parts": parts, "role": "model"}, "finishReason": "STOP"}]})
    await exchange.finish()


@asynccontextmanager
async def searching(browser: Browser, upstream: Upstream) -> AsyncIterator[ChatPage]:
    async with (
        serving(upstream, models="gemini-2.5-flash", retries=0, tools="search,code") as address,
        opened(browser, address) as page,
    ):
        yield page


@pytest.fixture(scope="module")
async def module_page(browser: Browser, session_upstream: Upstream) -> AsyncIterator[ChatPage]:
    """One for all of a table; what runs in one of its tests would be seen by those that follow."""
    async with searching(browser, session_upstream) as page:
        yield page


@pytest.fixture
def page(used_page: ChatPage) -> ChatPage:
    """The page of all tests here: each begins a chat of its own."""
    return used_page


async def searched(page: ChatPage, upstream: Upstream, metadata: dict[str, Any]) -> None:
    """Ask with search, and get an answer that rests on these pages."""
    upstream.plays(finds(metadata))
    await page.button("Search").click()
    await page.ask("hi")
    await page.has_ended()


def sources(page: ChatPage) -> Locator:
    return page.answer.get_by_role("list", name="Sources")


async def test_an_answer_shows_what_it_rests_on_after_a_reload_too(page: ChatPage, upstream: Upstream) -> None:
    await searched(page, upstream, grounding(PAGES))
    assert (await upstream.wait_for_request()).body["tools"] == [{"googleSearch": {}}]
    for again in (False, True):
        if again:
            await page.page.reload()
        cited = page.answer.locator("p", has=page.page.get_by_role("link", name="Source 1: A page"))
        await expect(cited).to_have_text("Grüße 👩‍💻 aus Köln.1 2 Und mehr. Das Ende.")
        await expect(page.answer.locator("strong")).to_have_text("aus Köln.")
        await expect(page.button("Search")).to_have_attribute("aria-pressed", "true")
        assert await sources(page).get_by_role("listitem").all_inner_texts() == [
            "1\nA page\none.example",
            "2\ntwo.example",
        ]
        for name, uri in (("Source 1: A page", PAGES[0][1]), ("A page one.example", PAGES[0][1])):
            link = page.answer.get_by_role("link", name=name, exact=True)
            await expect(link).to_have_attribute("href", uri)
            await expect(link).to_have_attribute("target", "_blank")
            await expect(link).to_have_attribute("rel", "noopener noreferrer")
        chip = page.answer.frame_locator("iframe").get_by_role("link", name="k")
        await expect(chip).to_have_attribute("href", "https://g.example/s")


async def test_the_switch_is_not_there_where_nothing_is_allowed(browser: Browser, upstream: Upstream) -> None:
    async with serving(upstream) as address, opened(browser, address) as page:
        await expect(page.button("Add files")).to_be_visible()
        await expect(page.button("Search")).to_have_count(0)


async def test_sources_are_copied_behind_the_text(page: ChatPage, upstream: Upstream) -> None:
    await page.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await searched(
        page, upstream, grounding([("A [page]", "https://one.example/a_(b)"), ("Bad", "javascript:alert(1)")])
    )
    listed = "Sources:\n\n1. [A \\[page\\]](https://one.example/a_%28b%29)\n2. Bad\n"
    await page.answer.get_by_role("button", name="Copy as Markdown").click()
    await expect(page.answer.get_by_role("button", name="Copied")).to_be_visible()
    assert await page.page.evaluate("navigator.clipboard.readText()") == f"{TEXT}\n\n{listed}"
    await page.answer.get_by_role("button", name="Copy answer").click()
    await expect(page.answer.get_by_role("button", name="Copied")).to_have_count(2)
    html = await page.page.evaluate(READ_HTML)
    assert '<a href="https://one.example/a_%28b%29">A [page]</a>' in html
    assert "javascript" not in html


LOADS = f"""
<img src="{ELSEWHERE}/a"><link rel=stylesheet href="{ELSEWHERE}/b"><iframe src="{ELSEWHERE}/c"></iframe>
<style>@import '{ELSEWHERE}/d'; div {{ background: url({ELSEWHERE}/e) }}</style>
<div style="background: url({ELSEWHERE}/f)">x</div><svg><image href="{ELSEWHERE}/g"/></svg>
<meta http-equiv=refresh content="0; url={ELSEWHERE}/h"><base href="{ELSEWHERE}/">
<form action="{ELSEWHERE}/i"><button>x</button></form><object data="{ELSEWHERE}/j"></object>
<video poster="{ELSEWHERE}/k"></video>
"""
HOSTILE = {
    "a title of HTML": (("<img src=x onerror=window.ran=1><b>t</b>", "https://one.example/"), SUGGESTIONS),
    "a title that overrides its direction": (("\u202egro.elgoog", "https://one.example/"), SUGGESTIONS),
    "a script for an address": (("t", "javascript:window.ran=1"), SUGGESTIONS),
    "a page for an address": (("t", "data:text/html,<script>opener.ran=1</script>"), SUGGESTIONS),
    "a script, disguised": (("t", " java\tscript:window.ran=1"), SUGGESTIONS),
    "a script": (PAGES[0], "<script>parent.ran=1; top.location='about:blank'</script>x"),
    "handlers": (
        PAGES[0],
        '<svg onload="parent.ran=1"><a href="javascript:parent.ran=1">x</a></svg><b onclick=x>x</b>',
    ),
    "what loads": (PAGES[0], LOADS),
    "what closes the frame": (
        PAGES[0],
        '"></iframe><script>parent.ran=1</script></body></html><script>parent.ran=1</script>',
    ),
}


@pytest.mark.parametrize("given", HOSTILE.values(), ids=HOSTILE)
async def test_nothing_of_the_provider_runs_and_nothing_leaves(page: ChatPage, upstream: Upstream, given: Any) -> None:
    """A request to another host, or one that breaks the page's policy, is a complaint of the page's."""
    source, html = given
    await searched(page, upstream, grounding([source], html=html, of=(0,)))
    await expect(sources(page).get_by_role("listitem")).to_have_count(1)
    frame = page.answer.locator("iframe")
    await expect(frame).to_have_attribute("sandbox", "allow-popups allow-popups-to-escape-sandbox")
    await expect(page.answer.frame_locator("iframe").locator("body")).to_be_attached()
    inside = (
        await page.answer.frame_locator("iframe")
        .locator("body")
        .evaluate("body => [...body.querySelectorAll('*')].map(({ localName }) => localName)")
    )
    assert set(inside) <= {"div", "a", "svg", "span", "path"}
    for link in await page.answer.get_by_role("link").all():
        assert re.match("https://", await link.get_attribute("href") or "")
    for number in await sources(page).get_by_role("listitem").all():
        assert "<b>" not in await number.inner_html()
    assert await page.page.evaluate("window.ran") is None


async def test_a_suggestion_opens_a_page_that_learns_nothing_of_this_one(page: ChatPage, upstream: Upstream) -> None:
    await page.page.context.route("https://g.example/**", lambda route: route.fulfill(body="found"))
    await searched(page, upstream, grounding(PAGES))
    async with page.page.context.expect_page() as opening:
        await page.answer.frame_locator("iframe").get_by_role("link", name="k").click()
    found = await opening.value
    await expect(found.get_by_text("found")).to_be_visible()
    assert await found.evaluate("[document.referrer, window.opener]") == ["", None]
    await found.close()


async def test_code_and_its_output_are_folded_away(page: ChatPage, upstream: Upstream) -> None:
    upstream.plays(runs_code)
    await page.button("Run code").click()
    await page.ask("hi")
    await page.has_ended()
    for again in (False, True):
        if again:
            await page.page.reload()
        folded = page.answer.get_by_role("group").filter(has_text="Code that was run")
        await expect(folded.get_by_text("print(6 * 7)")).to_be_hidden()
        await page.answer.get_by_text("Code that was run").click()
        await expect(folded.get_by_text("print(6 * 7)")).to_be_visible()
        await expect(folded.get_by_text("42", exact=True)).to_be_visible()


async def test_an_answer_of_json_is_shown_as_code(page: ChatPage, upstream: Upstream) -> None:
    value = {"city": "Köln", "ticks": "```"}
    upstream.plays(says(json.dumps(value, ensure_ascii=False)))
    await page.ask("hi")
    await page.has_ended()
    await expect(page.answer.locator("pre[data-language=json]")).to_have_text(json.dumps(value, ensure_ascii=False))


async def test_what_a_model_does_not_take_together_is_said_above_the_box(browser: Browser, upstream: Upstream) -> None:
    async with searching(browser, upstream) as page:
        await page.page.route(
            "**/models",
            lambda route: route.fulfill(
                json={"default": "gemini-2.5-flash", "models": ["gemini-2.5-flash"], "tools": ["url_context"]}
            ),
        )
        await page.page.reload()
        await page.button("Read links").click()
        await page.ask("hi")
        await expect(page.returned).to_contain_text("The model cannot use what is switched on below the message.")
        await expect(page.box).to_have_value("hi")
        assert upstream.exchanges == []


async def test_axe_finds_nothing(browser: Browser, upstream: Upstream) -> None:
    async with searching(browser, upstream) as page:
        await searched(page, upstream, grounding(PAGES))
        upstream.plays(runs_code)
        await page.button("Run code").click()
        await page.ask("and now?")
        await page.has_ended()
        await page.answer.get_by_text("Code that was run").click()
        await expect(page.messages.locator("iframe")).to_be_attached()
        assert await page.unfit_words() == []
        assert await page.violations_at_each_width() == []
