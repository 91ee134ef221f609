"""Nothing that a person has written is lost, whatever happens to the page, its connection or its server."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest
from playwright.async_api import Browser, Error, expect
from support.page import ChatPage, opened
from support.process import running_over
from support.proxy import TcpProxy
from support.serving import serving
from support.upstream import Upstream, fails, is_silent, says, says_and_is_silent
from support.words import pattern_of, words_of

WORDS = "These words were written by a person, and took a while."
"""They are more than the smallest server of these tests takes."""
LONGEST = 40
STANDS = """(words) => [...document.querySelectorAll("textarea")].some((box) => box.value.includes(words))
  || [...document.querySelectorAll("[aria-label=You]")].some((question) => question.textContent.includes(words))"""

STATE_SENTENCES = re.compile(
    "error|close|lost|run_|answer_(?:broke|cut)|advice|no_answer$|unreach|handshake|chat_|newer|model_gone|stopped"
)
"""The names of sentences about what has become of something."""
SENTENCES = [(name, pattern_of(text)) for name, text in words_of("en").items() if STATE_SENTENCES.match(name)]
SAYS = """([sentences, expected]) => {
  const texts = [...document.querySelectorAll("main *, nav *")]
    .filter((element) => element.checkVisibility() && !element.closest(".sr-only"))
    .flatMap((element) => [...element.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE))
    .map((node) => node.textContent);
  const shown = sentences.filter(([, pattern]) => texts.some((text) => new RegExp(pattern).test(text)));
  const names = shown.map(([name]) => name).sort();
  return expected === null ? names : names.every((name) => expected.includes(name));
}"""
"""True if the page says no others of those sentences than these; without `expected`, the names of all it says."""


class Scene:
    """A page with a chat of one question, behind a proxy, and a server that can be ended and started again."""

    page: ChatPage
    proxy: TcpProxy

    def __init__(self, upstream: Upstream, port: int) -> None:
        self.upstream = upstream
        self.address = f"127.0.0.1:{port}"
        self._port = port
        self._server = AsyncExitStack()

    async def starts(self, models: str = "a,b", *, as_process: bool = False, **settings: object) -> None:
        """Start the server, with whatever it had stored."""
        settings = {"port": self._port, "models": models, "retries": 0, **settings}
        if as_process:
            named = {name: str(value) for name, value in settings.items()}
            await self._server.enter_async_context(running_over(self.upstream, **named))
        else:
            await self._server.enter_async_context(serving(self.upstream, **settings))

    async def stops(self) -> None:
        """End the server: kill it, if it is a process."""
        await self._server.aclose()

    async def is_connected(self) -> None:
        """Wait until the page has found the server again, which it tries ever less often."""
        now, connected = self.page.button("Connect now"), self.page.page.locator("[data-connection=open]")
        await expect(now.or_(connected).first).to_be_visible()
        with suppress(Error):  # it may have connected by itself meanwhile
            await now.click(timeout=1_000)
        await expect(connected).to_be_visible()

    async def stands(self) -> None:
        """See that the words are somewhere on the page."""
        await self.page.page.wait_for_function(STANDS, arg=WORDS)

    async def says(self, names: str) -> None:
        """Wait until the page says no others than these sentences of what has become of something."""
        try:
            await self.page.page.wait_for_function(SAYS, arg=[SENTENCES, names.split()], timeout=20_000)
        except Error:  # so that the failure says what the page does
            assert await self.page.page.evaluate(SAYS, [SENTENCES, None]) == names.split()

    async def turns_to_it(self) -> None:
        """Turn to the version before, if what was written elsewhere stands in place of the words."""
        await expect(self.page.messages).to_be_attached()
        await expect(self.page.page.get_by_role("img", name="Reading the chat")).to_have_count(0)
        elsewhere = self.page.messages.get_by_text("from the other tab")
        previous = self.page.question.get_by_role("button", name="Previous version")
        if await elsewhere.count() and await previous.count():
            await previous.click()

    async def is_deleted(self) -> None:
        """Delete the chat that is shown, elsewhere."""
        conversation = urlsplit(self.page.page.url).path.removeprefix("/c/")
        address = f"http://{self.address}/conversations/{conversation}"
        async with aiohttp.ClientSession() as session, session.delete(address) as response:
            assert response.status == 204


@asynccontextmanager
async def scene_of(browser: Browser, upstream: Upstream, port: int, **settings: Any) -> AsyncIterator[Scene]:
    scene = Scene(upstream, port)
    upstream.plays(says("One"))
    try:
        await scene.starts(**settings)
        async with TcpProxy(scene.address) as scene.proxy, opened(browser, scene.proxy.address) as scene.page:
            await scene.page.ask("first")
            await scene.page.has_ended()
            yield scene
    finally:
        await scene.stops()


async def before_the_first_word(scene: Scene) -> None:
    scene.upstream.plays(is_silent)
    await scene.page.ask(WORDS)
    await scene.upstream.wait_for_request()


async def in_mid_answer(scene: Scene) -> None:
    scene.upstream.plays(says_and_is_silent("Half of it"))
    await scene.page.ask(WORDS)
    await expect(scene.page.answer).to_have_text("Half of it")


async def after_the_end(scene: Scene) -> None:
    scene.upstream.plays(says("All of it"))
    await scene.page.ask(WORDS)
    await expect(scene.page.answer).to_contain_text("All of it")
    await scene.page.has_ended()


async def with_a_draft(scene: Scene) -> None:
    await scene.page.box.fill(WORDS)


async def with_a_refused_question(scene: Scene) -> None:
    await scene.page.ask(WORDS)
    await expect(scene.page.returned).to_contain_text(f"at most {LONGEST} characters")
    await expect(scene.page.box).to_have_value(WORDS)


async def after_a_failure(scene: Scene) -> None:
    scene.upstream.plays(fails(400, "INVALID_ARGUMENT"))
    await scene.page.ask(WORDS)
    await expect(scene.page.answer).to_contain_text("did not take this question")


async def while_it_is_edited(scene: Scene) -> None:
    await scene.page.button("Edit question").click()
    await scene.page.page.get_by_role("textbox", name="Edit your question").fill(WORDS)


async def reload(scene: Scene) -> None:
    await scene.page.page.reload()
    await scene.page.is_connected()


async def a_second_tab(scene: Scene) -> None:
    other = await scene.page.another_tab()
    await expect(other.messages.get_by_text("One", exact=True)).to_be_visible()
    if await other.button("Stop").count():  # the answer of the first tab comes here, too
        await other.button("Stop").click()
        await other.has_ended()
    scene.upstream.plays(says("Said in the other tab"))
    await other.ask("from the other tab")
    await expect(other.messages.get_by_text("Said in the other tab")).to_be_visible()
    await other.page.close()
    await scene.stands()


async def a_dead_link(scene: Scene) -> None:
    scene.proxy.freeze()
    async with scene.page.page.expect_websocket():
        await scene.page.page.evaluate("window.dispatchEvent(new Event('online'))")
    await scene.page.is_connected()
    await scene.stands()


async def a_server_that_is_killed(scene: Scene) -> None:
    await scene.stops()
    await scene.page.is_connected("Not connected")
    await expect(scene.page.page.get_by_text("What you write is kept.")).to_be_visible()
    await scene.stands()
    await scene.starts()
    await scene.is_connected()


async def a_server_with_other_models(scene: Scene) -> None:
    await scene.stops()
    await scene.page.is_connected("Not connected")
    await scene.starts(models="c,d")
    await scene.is_connected()
    await expect(scene.page.page.get_by_role("combobox", name="Model")).to_have_value("c")


async def a_chat_that_is_deleted_elsewhere(scene: Scene) -> None:
    await scene.is_deleted()
    await scene.page.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    await scene.stands()


Step = Callable[[Scene], Awaitable[None]]
TIMES: list[Step] = [
    before_the_first_word,
    in_mid_answer,
    after_the_end,
    with_a_draft,
    with_a_refused_question,
    after_a_failure,
    while_it_is_edited,
]
FAULTS: list[Step] = [
    reload,
    a_second_tab,
    a_dead_link,
    a_server_that_is_killed,
    a_server_with_other_models,
    a_chat_that_is_deleted_elsewhere,
]
TAKEN_BY_THE_READER = {
    (after_the_end, a_chat_that_is_deleted_elsewhere),
    (after_a_failure, a_chat_that_is_deleted_elsewhere),
}
"""A question that was stored whole before its chat was deleted was deleted with it."""

SENTENCES_AFTER: dict[tuple[Step, Step], tuple[str, str]] = {
    (before_the_first_word, reload): ("stopped_empty", "stopped_empty"),
    (before_the_first_word, a_second_tab): ("stopped_empty", "stopped_empty"),
    (before_the_first_word, a_dead_link): ("advice_nothing_came close_silent", "close_silent no_answer"),
    (before_the_first_word, a_server_that_is_killed): ("advice_nothing_came close_1006", "close_1006 no_answer"),
    (before_the_first_word, a_server_with_other_models): (
        "advice_cut_by_stop error_cut_by_stop",
        "advice_cut_by_stop error_cut_by_stop no_answer",
    ),
    (before_the_first_word, a_chat_that_is_deleted_elsewhere): ("", "chat_gone"),
    (in_mid_answer, reload): ("stopped", "stopped"),
    (in_mid_answer, a_second_tab): ("stopped", "stopped"),
    (in_mid_answer, a_dead_link): ("advice_again_all close_silent", "close_silent no_answer"),
    (in_mid_answer, a_server_that_is_killed): ("advice_again_all close_1006", "close_1006 no_answer"),
    (in_mid_answer, a_server_with_other_models): (
        "advice_again_all advice_cut_by_stop answer_broke_off error_cut_by_stop error_draining",
        "advice_again_all advice_cut_by_stop answer_broke_off error_cut_by_stop error_draining",
    ),
    (in_mid_answer, a_chat_that_is_deleted_elsewhere): ("", "chat_gone"),
    (after_the_end, a_chat_that_is_deleted_elsewhere): ("chat_gone", ""),
    (with_a_draft, a_second_tab): ("newer_version", ""),
    (with_a_draft, a_chat_that_is_deleted_elsewhere): ("chat_gone", "chat_gone"),
    (with_a_refused_question, a_second_tab): ("advice_shorten error_too_large_message", ""),
    (with_a_refused_question, a_dead_link): ("advice_shorten error_too_large_message", ""),
    (with_a_refused_question, a_server_that_is_killed): ("advice_shorten error_too_large_message", ""),
    (with_a_refused_question, a_server_with_other_models): ("advice_shorten error_too_large_message", ""),
    (with_a_refused_question, a_chat_that_is_deleted_elsewhere): (
        "advice_shorten chat_gone error_too_large_message",
        "chat_gone",
    ),
    (after_a_failure, reload): (
        "advice_upstream_rejected error_upstream_rejected no_answer",
        "advice_upstream_rejected error_upstream_rejected no_answer",
    ),
    (after_a_failure, a_second_tab): (
        "advice_upstream_rejected error_upstream_rejected newer_version",
        "advice_upstream_rejected error_upstream_rejected no_answer",
    ),
    (after_a_failure, a_dead_link): (
        "advice_upstream_rejected error_upstream_rejected",
        "advice_upstream_rejected error_upstream_rejected no_answer",
    ),
    (after_a_failure, a_server_that_is_killed): (
        "advice_upstream_rejected error_upstream_rejected",
        "advice_upstream_rejected error_upstream_rejected no_answer",
    ),
    (after_a_failure, a_server_with_other_models): (
        "advice_upstream_rejected error_upstream_rejected",
        "advice_upstream_rejected error_upstream_rejected no_answer",
    ),
    (after_a_failure, a_chat_that_is_deleted_elsewhere): (
        "advice_upstream_rejected chat_gone error_upstream_rejected",
        "",
    ),
    (while_it_is_edited, a_chat_that_is_deleted_elsewhere): ("chat_gone", "chat_gone"),
}
"""The sentences that the page may say after the fault, and after a reload. Elsewhere it says none of these."""


def name_of(step: Step) -> str:
    return step.__name__.replace("_", " ")


def cells() -> list[Any]:
    """The whole table. By day each time meets a fault, and each fault comes; the rest is for the night."""
    by_day = {(time, FAULTS[(at + 1) % len(FAULTS)]) for at, time in enumerate(TIMES)}
    return [
        pytest.param(
            *(time, fault),
            id=f"{name_of(time)}-{name_of(fault)}",
            marks=() if (time, fault) in by_day else pytest.mark.nightly,
        )
        for time in TIMES
        for fault in FAULTS
    ]


@pytest.mark.parametrize("time, fault", cells())
async def test_what_was_written_stands_after(
    browser: Browser, upstream: Upstream, free_port: int, time: Step, fault: Step
) -> None:
    settings: dict[str, Any] = {"as_process": fault is a_server_that_is_killed}
    if fault is not a_second_tab:
        settings["max_grace"] = 0  # answers that go on meanwhile are in test_resume.py
    if time is with_a_refused_question:
        settings["max_message_chars"] = LONGEST
    async with scene_of(browser, upstream, free_port, **settings) as scene:
        await time(scene)
        await fault(scene)
        after, reloaded = SENTENCES_AFTER.get((time, fault), ("", ""))
        if fault is a_second_tab:  # what was written there is offered, or is shown already
            after, reloaded = f"{after} newer_version", f"{reloaded} newer_version"
        await scene.says(after)
        if (time, fault) not in TAKEN_BY_THE_READER:
            await scene.stands()
            await scene.page.page.reload()
            await scene.turns_to_it()
            await scene.stands()
            await scene.says(reloaded)
