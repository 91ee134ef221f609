"""The page in the language of its reader: nothing that it says is English, and no other language is loaded."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, Request, Route, expect
from support.serving import serving, sharing
from support.upstream import Upstream, fails, says
from support.words import pattern_of, words_of

LANGUAGES = ["ar", "de", "es", "fr", "ja", "zh"]
SHOWN = """() => {
  const read = ["aria-label", "title", "placeholder", "alt"];
  const found = [];
  for (const element of document.body.querySelectorAll("*")) {
    if (!element.checkVisibility() || element.closest("[data-said]")) continue;
    for (const node of element.childNodes) if (node.nodeType === Node.TEXT_NODE) found.push(node.textContent.trim());
    for (const name of read) found.push(element.getAttribute(name)?.trim());
  }
  return found.filter(Boolean);
}"""
"""All that is shown or read out, each text by itself."""


def english_in(shown: list[str], language: str) -> list[str]:
    """Return what is shown as in English, although this language has other words for it."""
    english, own = words_of("en"), words_of(language)
    patterns = [pattern_of(text) for name, text in english.items() if len(text) > 1 and text != own[name]]
    own_texts = set(own.values())
    return [
        text for text in shown if text not in own_texts and any(re.fullmatch(pattern, text) for pattern in patterns)
    ]


@asynccontextmanager
async def reading(browser: Browser, address: str, language: str) -> AsyncIterator[Page]:
    context = await browser.new_context(locale=language, service_workers="block")
    page = await context.new_page()
    await page.goto(f"http://{address}/")
    await expect(page.get_by_role("heading", name=words_of(language)["welcome"])).to_be_visible()
    yield page
    await context.close()


async def sees_no_english(page: Page, language: str) -> None:
    assert english_in(await page.evaluate(SHOWN), language) == []


@pytest.mark.parametrize(
    "language",
    [language if language == "de" else pytest.param(language, marks=pytest.mark.nightly) for language in LANGUAGES],
)
async def test_nothing_that_the_page_says_is_english(browser: Browser, upstream: Upstream, language: str) -> None:
    own = words_of(language)
    async with (
        serving(upstream, retries=0, max_message_chars=60, turns_per_minute=20) as address,
        reading(browser, address, language) as page,
    ):
        box = page.get_by_role("textbox", name=own["message"])
        await sees_no_english(page, language)
        upstream.plays(says("- [ ] 1\n\n| 2 |\n| - |\n\n```\n3\n```\n\n> [!NOTE]\n> 4\n"))
        await box.fill("1")
        await box.press("Enter")
        await expect(page.get_by_role("button", name=own["regenerate"])).to_be_visible()
        await sees_no_english(page, language)
        upstream.plays(fails(400, "INVALID_ARGUMENT"))
        await box.fill("2")
        await box.press("Enter")
        await expect(page.get_by_role("article").get_by_text(own["error_upstream_rejected"])).to_be_visible()
        await box.fill("3" * 70)
        await box.press("Enter")
        await expect(page.get_by_role("region", name=own["not_sent"])).to_be_visible()
        await sees_no_english(page, language)
        for panel in ("settings", "shortcuts"):
            await page.get_by_role("button", name=own[panel], exact=True).click()
            await expect(page.get_by_role("dialog", name=own[panel])).to_be_visible()
            await sees_no_english(page, language)
            await page.keyboard.press("Escape")


def _names_into(names: list[str]) -> Callable[[Request], None]:
    return lambda request: names.append(Path(request.url).name)


async def test_only_the_words_of_the_readers_language_are_loaded(browser: Browser, upstream: Upstream) -> None:
    async with sharing(upstream, retries=0) as address:
        for language in ("de-AT", "en-GB"):
            context = await browser.new_context(locale=language, service_workers="block")
            page = await context.new_page()
            names: list[str] = []
            page.on("request", _names_into(names))
            await page.goto(f"http://{address}/", wait_until="networkidle")
            await expect(page.locator("html")).to_have_attribute("lang", language[:2])
            words = {
                name.partition("-")[0] for name in names if re.match(r"(?:ar|de|en|es|fr|ja|zh)-[\w-]+\.js$", name)
            }
            assert words == {language[:2]}
            await context.close()


@pytest.mark.parametrize("path, script", [("/", "en"), ("/s/abc", "shared")])
async def test_a_page_whose_words_or_chat_do_not_come_says_so(
    browser: Browser, upstream: Upstream, path: str, script: str
) -> None:
    async with sharing(upstream, retries=0) as address:
        context = await browser.new_context(service_workers="block")
        page = await context.new_page()
        await page.route(f"**/assets/{script}-*.js", lambda route: route.abort())
        await page.goto(f"http://{address}{path}")
        await expect(page.get_by_text("The page could not be loaded.")).to_be_visible()
        await page.unroute_all()
        await page.get_by_role("button", name="Reload").click()
        await expect(page.get_by_role("main")).not_to_contain_text("could not be loaded")
        await context.close()


async def test_a_page_that_fails_at_its_start_says_so(browser: Browser, upstream: Upstream) -> None:
    async with sharing(upstream, retries=0) as address:
        context = await browser.new_context(service_workers="block")
        page = await context.new_page()
        await page.add_init_script("crypto.getRandomValues = () => { throw new Error('none here'); }")
        await page.goto(f"http://{address}/")
        await expect(page.get_by_text("The page could not be loaded.")).to_be_visible()
        await context.close()


@pytest.mark.parametrize("language", ["en", "de"])
async def test_in_the_few_colours_of_a_system_a_question_has_a_border_in_each_language(
    browser: Browser, upstream: Upstream, language: str
) -> None:
    async with sharing(upstream, retries=0) as address, reading(browser, address, language) as page:
        await page.emulate_media(forced_colors="active")
        await page.locator("textarea").fill("hi")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("log").get_by_text("hi", exact=True)).to_have_css("border-top-width", "1px")


async def test_what_the_reader_writes_before_the_words_come_stands(browser: Browser, upstream: Upstream) -> None:
    async with sharing(upstream, retries=0) as address:
        context = await browser.new_context(service_workers="block")
        page = await context.new_page()
        held: asyncio.Future[Route] = asyncio.get_running_loop().create_future()

        def hold(route: Route) -> None:
            held.set_result(route)

        await page.route(re.compile(r"/assets/en-[\w-]+\.js$"), hold)
        await page.goto(f"http://{address}/")
        await page.locator("textarea").fill("early")
        await (await held).continue_()
        await expect(page.get_by_role("textbox", name="Message")).to_have_value("early")
        await context.close()


async def test_the_arrow_of_the_models_stands_behind_their_names_in_each_direction(
    browser: Browser, upstream: Upstream
) -> None:
    for language in ("ar", "en"):
        async with (
            sharing(upstream, models="gemini-flash-latest,gemini-2.5-pro") as address,
            reading(browser, address, language) as page,
        ):
            at = await page.locator("header select").evaluate("(it) => getComputedStyle(it).backgroundPositionX")
            assert at.startswith("calc(100% - "), (language, at)
