"""The settings of a chat, and the look of the page: set, refused, and kept."""

import json
import re
from collections.abc import AsyncIterator
from typing import Literal

import pytest
from playwright.async_api import Browser, expect
from support.page import ChatPage, opened
from support.serving import serving
from support.upstream import Upstream, says


async def test_a_chat_is_asked_with_its_settings(browser: Browser, upstream: Upstream) -> None:
    async with serving(upstream, models="a,b") as address, opened(browser, address) as page:
        settings = await page.opens_settings()
        await settings.get_by_label("Model").select_option("b")
        await settings.get_by_label("System instruction").fill("Be brief.")
        await settings.get_by_label("Thinking").select_option("Much, shown")
        await settings.get_by_label("Temperature").fill("0")
        await settings.get_by_label("Top-p").fill("0.9")
        await settings.get_by_label("Longest answer").fill("256")
        await settings.get_by_label("Stop strings").fill("END\nSTOP")
        await page.page.keyboard.press("Escape")
        await page.ask("hi")
        await page.has_ended()
        exchange = await upstream.wait_for_request()
        assert exchange.model == "b"
        assert exchange.body["systemInstruction"]["parts"] == [{"text": "Be brief."}]
        config = exchange.body["generationConfig"]
        assert config.pop("thinkingConfig")["includeThoughts"] is True
        assert config == {"temperature": 0, "topP": 0.9, "maxOutputTokens": 256, "stopSequences": ["END", "STOP"]}


async def test_a_chat_keeps_its_settings_to_itself(page: ChatPage, upstream: Upstream) -> None:
    settings = await page.opens_settings()
    await settings.get_by_label("Temperature").fill("0.5")
    await page.page.keyboard.press("Escape")
    await page.ask("first")
    await page.has_ended()
    await page.button("New chat").click()
    await page.ask("second")
    await page.has_ended()
    assert "temperature" not in (await upstream.wait_for_request(2)).body.get("generationConfig", {})
    await page.chat("first").click()
    await page.opens_settings()
    await expect(settings.get_by_label("Temperature")).to_have_value("0.5")
    await settings.get_by_role("button", name="Back to the default").click()
    await expect(settings.get_by_label("Temperature")).to_have_value("")


async def test_the_settings_of_a_new_chat_stay_while_another_is_looked_at_and_after_a_reload(page: ChatPage) -> None:
    await page.ask("first")
    await page.has_ended()
    await page.button("New chat").click()
    settings = await page.opens_settings()
    await settings.get_by_label("Temperature").fill("0.5")
    await page.page.keyboard.press("Escape")
    await page.chat("first").click()
    await page.button("New chat").click()
    await page.opens_settings()
    await expect(settings.get_by_label("Temperature")).to_have_value("0.5")
    await page.page.reload()
    await page.page.goto(page.page.url)
    await page.opens_settings()
    await expect(settings.get_by_label("Temperature")).to_have_value("0.5")


async def test_the_settings_of_a_chat_are_kept_when_they_are_changed(browser: Browser, upstream: Upstream) -> None:
    async with serving(upstream) as address, opened(browser, address) as page, opened(browser, address) as other:
        await page.ask("first")
        await page.has_ended()
        settings = await page.opens_settings()
        async with page.page.expect_response(lambda response: response.request.method == "PATCH"):
            await settings.get_by_label("Temperature").fill("0.5")
        await other.page.goto(page.page.url)
        elsewhere = await other.opens_settings()
        await expect(elsewhere.get_by_label("Temperature")).to_have_value("0.5")
        await settings.get_by_label("Temperature").fill("9")
        await expect(settings.get_by_label("Temperature")).to_have_accessible_description(
            "The temperature is a number from 0 to 2."
        )
        await page.page.reload()
        await page.opens_settings()
        await expect(settings.get_by_label("Temperature")).to_have_value("9")


async def test_a_default_outlives_the_page(page: ChatPage, upstream: Upstream) -> None:
    settings = await page.opens_settings()
    await settings.get_by_label("System instruction").fill("Be brief.")
    await settings.get_by_role("button", name="Use for new chats").click()
    await expect(settings.get_by_role("status")).to_have_text("New chats begin with these.")
    await page.page.reload()
    await page.ask("hi")
    assert (await upstream.wait_for_request()).body["systemInstruction"]["parts"] == [{"text": "Be brief."}]


async def test_what_is_kept_and_cannot_be_read_stops_nothing(page: ChatPage) -> None:
    kept = {"version": 1, "theme": 7, "defaults": {"temperature": [], "system": "Be brief."}}
    for text in ("{", json.dumps(kept)):
        await page.page.evaluate("text => localStorage.setItem('deltawire', text)", text)
        await page.page.reload()
        await page.is_connected()
    settings = await page.opens_settings()
    await expect(settings.get_by_label("System instruction")).to_have_value("Be brief.")


@pytest.fixture(scope="module")
async def page_of_short_messages(
    browser: Browser, session_upstream: Upstream, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[ChatPage]:
    folder = tmp_path_factory.mktemp("chats")
    async with serving(session_upstream, max_message_chars=50, data_dir=folder) as address:
        async with opened(browser, address) as page:
            yield page


@pytest.mark.usefixtures("upstream")
@pytest.mark.parametrize(
    "label, value, sentence",
    [
        ("Temperature", "3", "The temperature is a number from 0 to 2."),
        ("Top-p", "-0.5", "Top-p is a number from 0 to 1."),
        ("Longest answer", "1.5", "The longest answer is a whole number of tokens, and at least 1."),
        ("Stop strings", "1\n2\n3\n4\n5\n6", "There may be up to five stop texts, one in a line."),
        ("System instruction", "x" * 51, "The instruction may hold at most 50 characters."),
    ],
)
async def test_a_refused_value_is_told_at_its_field(
    page_of_short_messages: ChatPage, label: str, value: str, sentence: str
) -> None:
    page = page_of_short_messages
    await page.button("New chat").click()
    settings = await page.opens_settings()
    field = settings.get_by_label(label)
    await field.fill(value)
    await page.page.keyboard.press("Escape")
    await page.ask("hi")
    await expect(page.returned).to_contain_text(f"{sentence} Change it in the settings, then ask again.")
    await page.button("Open settings").click()
    await expect(field).to_be_focused()
    await expect(field).to_have_accessible_description(sentence)
    await expect(field).to_have_attribute("aria-invalid", "true")
    await field.fill("1")
    await expect(field).to_have_attribute("aria-invalid", "false")
    await page.page.keyboard.press("Escape")
    await page.button("Retry").click()
    await expect(page.answer).to_contain_text("Hello world")


async def test_a_theme_overrules_the_system_and_outlives_the_page(browser: Browser, upstream: Upstream) -> None:
    async with serving(upstream) as address, opened(browser, address, color_scheme="light") as page:
        background = "getComputedStyle(document.documentElement).backgroundColor"
        light = await page.page.evaluate(background)
        settings = await page.opens_settings()
        await settings.get_by_text("Dark").click()
        await expect(settings.get_by_role("radio", name="Dark")).to_be_checked()
        dark = await page.page.evaluate(background)
        assert dark != light
        await page.page.reload()
        await page.is_connected()
        assert await page.page.evaluate(background) == dark
        await page.opens_settings()
        await settings.get_by_text("System", exact=True).click()
        assert await page.page.evaluate(background) == light
        await page.page.emulate_media(color_scheme="dark")
        assert await page.page.evaluate(background) == dark


async def test_code_is_coloured_for_the_chosen_theme(browser: Browser, upstream: Upstream) -> None:
    upstream.plays(says("```python\ndef f(): ...\n```"))
    async with serving(upstream) as address, opened(browser, address) as page:
        await page.ask("hi")
        keyword = page.answer.locator("[data-language=python] span", has_text=re.compile("^def$"))
        settings = await page.opens_settings()
        schemes: dict[Literal["dark", "light"], tuple[str, str]] = {
            "dark": ("Light", "rgb(207, 34, 46)"),
            "light": ("Dark", "rgb(255, 123, 114)"),
        }
        for scheme, (theme, colour) in schemes.items():
            await page.page.emulate_media(color_scheme=scheme)
            await settings.get_by_text(theme).click()
            await expect(keyword).to_have_css("color", colour)


async def test_the_panel_tells_what_is_left(browser: Browser, upstream: Upstream) -> None:
    usage = {"promptTokenCount": 30, "candidatesTokenCount": 20, "totalTokenCount": 50}
    upstream.plays(says("Hello", usage=usage))
    limits = {"turns_per_minute": 2, "tokens_per_day": 1000}
    async with serving(upstream, models="gemini-2.5-flash", **limits) as address, opened(browser, address) as page:
        await page.ask("hi")
        await page.has_ended()
        await expect(page.answer).to_contain_text("$0.00006")
        settings = await page.opens_settings()
        today = settings.get_by_role("region", name="Today")
        await expect(today).to_contain_text("1 question · 50 tokens · $0.00006")
        await expect(today).to_contain_text(re.compile(r"1 of 2 left, more in [0-9]+ s"))
        await expect(today.get_by_label("Tokens a day")).to_have_attribute("value", "950")
        await expect(today).to_contain_text(re.compile(r"950 of 1,000 left, more in [0-9]+ (h|min|s)"))
        assert await page.violations() == []


async def test_who_is_over_a_limit_sees_when_to_ask_again(browser: Browser, upstream: Upstream) -> None:
    async with serving(upstream, turns_per_minute=1) as address, opened(browser, address) as page:
        for question in ("hi", "again"):
            await page.ask(question)
            await page.has_ended()
        await expect(page.returned).to_contain_text("You may ask 1 question a minute.")
        await expect(page.button(re.compile("^Retry in [0-9]+ s$"))).to_be_disabled()


async def test_who_has_used_up_a_day_sees_the_hours_until_the_next(browser: Browser, upstream: Upstream) -> None:
    async with serving(upstream, tokens_per_day=5) as address, opened(browser, address) as page:
        for question in ("hi", "again"):
            await page.ask(question)
            await page.has_ended()
        await expect(page.returned).to_contain_text("Your 5 tokens a day are used up. There is more at midnight, UTC.")
        await expect(page.button(re.compile("^Retry in "))).to_be_disabled()


async def test_a_selection_that_ends_beside_a_panel_leaves_it_open(page: ChatPage) -> None:
    settings = await page.opens_settings()
    instruction = settings.get_by_label("System instruction")
    await instruction.fill("Be brief.")
    field, panel = await instruction.bounding_box(), await settings.bounding_box()
    assert field
    assert panel
    beside = (panel["x"] / 2, panel["y"] + panel["height"] / 2)
    mouse = page.page.mouse
    for begin, end in (((field["x"] + 9, field["y"] + 9), beside), (beside, (field["x"] + 9, field["y"] + 9))):
        await mouse.move(*begin)
        await mouse.down()
        await mouse.move(*end)
        await mouse.up()
        await expect(instruction).to_have_value("Be brief.")
    await mouse.click(*beside)
    await expect(settings).to_have_count(0)


async def test_a_model_that_was_typed_answers_and_the_page_says_nothing_else(
    browser: Browser, upstream: Upstream
) -> None:
    async with serving(upstream, models="*") as address, opened(browser, address) as page:
        await page.button("About the models").click()
        await page.page.get_by_role("textbox", name="Another model").fill("my-model")
        await page.button("Use").click()
        settings = await page.opens_settings()
        await expect(settings.get_by_label("Model").locator("option:checked")).to_have_text("my-model")
        await page.page.keyboard.press("Escape")
        await expect(page.page.get_by_text("is not offered at the moment")).to_have_count(0)
        await page.ask("hi")
        await page.has_ended()
        assert (await upstream.wait_for_request()).model == "my-model"
