"""`useChat` in a page of another origin, as the guide sets it up, bundled by Vite and driven in Chromium."""

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from aiohttp import web
from playwright.async_api import Browser, Page, expect
from support.files import png
from support.functions import call, calls, came_back_byte_for_byte
from support.recipes import ADDRESS, built, recipe, written
from support.serving import serving
from support.upstream import Upstream, fails, says, says_and_breaks_off, says_and_is_silent
from support.web_app import started

INDEX = '<title>Chat</title><main></main><script type="module" src="main.tsx"></script>'
MAIN = """
import { createRoot } from "react-dom/client";
import { Chat } from "./chat";

createRoot(document.querySelector("main")).render(<Chat />);
"""
TYPES = {".html": "text/html", ".js": "text/javascript"}


@pytest.fixture(scope="module")
async def google() -> AsyncIterator[Upstream]:
    async with Upstream() as upstream:
        yield upstream


@pytest.fixture(scope="module")
async def origin(google: Upstream, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """The origin of the guide's chat, whose server lets it in."""
    folder = tmp_path_factory.mktemp("use_chat")
    files: dict[str, bytes] = {}

    async def file(request: web.Request) -> web.Response:
        path = "/index.html" if request.path == "/" else request.path
        return web.Response(body=files[path], content_type=TYPES[Path(path).suffix])

    app = web.Application()
    app.router.add_get("/{path:.*}", file)
    runner = web.AppRunner(app)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(runner.cleanup)
        origin = await started(runner)
        address = await stack.enter_async_context(serving(google, retries=0, allowed_origins=origin, data_dir=folder))
        written(folder, "transport.ts", recipe("ai-sdk.md", "useChat", 0).replace(ADDRESS, address))
        written(folder, "chat.tsx", recipe("ai-sdk.md", "useChat", 1))
        written(folder, "main.tsx", MAIN)
        written(folder, "index.html", INDEX)
        files.update(built(folder))
        yield origin


@pytest.fixture
async def chat(browser: Browser, origin: str) -> AsyncIterator[Page]:
    page = await browser.new_page()
    await page.goto(origin)
    yield page
    await page.close()


async def asks(chat: Page, text: str) -> None:
    await chat.get_by_label("Message").fill(text)
    await chat.get_by_role("button", name="Send").click()


async def test_use_chat_shows_an_answer_and_the_next_question_brings_the_conversation(
    chat: Page, google: Upstream
) -> None:
    google.plays(says("Hello", " world", thoughts=["Hm."]), says("Yes."), says("Red."), fails(400))
    answer = chat.get_by_label("assistant")
    await asks(chat, "one")
    await expect(answer.last.locator("p")).to_have_text("Hello world")
    await expect(answer.last.locator("em")).to_have_text("Hm.")
    await asks(chat, "two")
    await expect(answer.last.locator("p")).to_have_text("Yes.")
    assert google.exchanges[1].texts == ["one", "Hello world", "two"]
    picture = {"name": "red.png", "mimeType": "image/png", "buffer": png()}
    await chat.get_by_label("Files").set_input_files(picture)  # type: ignore[arg-type]
    await asks(chat, "Which colour?")
    await expect(answer.last.locator("p")).to_have_text("Red.")
    [shown] = [part for part in google.exchanges[2].body["contents"][-1]["parts"] if "inlineData" in part]
    assert shown["inlineData"]["mimeType"] == "image/png"
    await asks(chat, "away")
    problem = await chat.get_by_role("alert").text_content()
    assert json.loads(problem or "")["code"] == "upstream_rejected"


async def test_use_chat_stops_an_answer_and_keeps_what_came_before_a_cut(chat: Page, google: Upstream) -> None:
    google.plays(says_and_is_silent("first"), says_and_breaks_off("half"))
    answer = chat.get_by_label("assistant")
    await asks(chat, "stop")
    await expect(answer.last.locator("p")).to_have_text("first")
    await chat.get_by_role("button", name="Stop").click()
    await google.exchanges[0].closes()
    await asks(chat, "cut")
    await expect(answer.last.locator("p")).to_have_text("half")
    await expect(chat.get_by_role("alert")).to_have_text("The answer broke off before its end.")


async def test_use_chat_answers_two_calls_at_once_over_three_rounds_in_one_message(
    chat: Page, google: Upstream
) -> None:
    rounds = [
        [call("weather", {"city": f"{side}{number}"}, signature=f"s{number}") for side in "ab"] for number in range(3)
    ]
    google.plays(*(calls(*parts) for parts in rounds), says("Sunny."))
    await asks(chat, "How is it?")
    await expect(chat.get_by_label("assistant").locator("p")).to_have_text("Sunny.")
    assert await chat.get_by_role("article").count() == 2
    contents = came_back_byte_for_byte(google.exchanges[3], rounds)
    answered = [part["functionResponse"]["response"] for content in contents[2::2] for part in content["parts"]]
    assert answered == [{"city": f"{side}{number}", "sky": "blue"} for number in range(3) for side in "ab"]
