"""The chat page in a browser, by what a person sees of it."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final
from urllib.parse import urlsplit

from playwright.async_api import Browser, BrowserContext, FileChooser, Locator, Page, ViewportSize, expect

from support.paths import WEB

WIDE: Final = {"width": 1280, "height": 800}
TABLET: Final = {"width": 820, "height": 1180}
NARROW: Final = {"width": 360, "height": 740}
_ANSWER_S = 5
"""For a page that is asked what it shows, in seconds."""
_AXE = WEB / "node_modules" / "axe-core" / "axe.min.js"

COUNT_NODES = """() => {
  const walker = document.createTreeWalker(document, NodeFilter.SHOW_ALL);
  let nodes = 1;
  while (walker.nextNode()) nodes += 1;
  return nodes;
}"""


UNFIT = json.loads((WEB / "src" / "text" / "unfit-words.json").read_text())
SHOWN = """() => {
  const said = ["aria-label", "title", "placeholder", "alt"];
  const attributes = [...document.querySelectorAll("*")].flatMap((it) => said.map((name) => it.getAttribute(name)));
  return [document.body.innerText, ...attributes].filter((words) => words).join(" | ");
}"""
SHOWS = """() => ({
  words: document.body.innerText,
  elements: document.querySelectorAll("#page *").length,
  scripts: performance.getEntriesByType("resource").map(({ name, responseEnd }) => [name, responseEnd]),
})"""
_OF_COLOURS = ["color-contrast", "link-in-text-block"]
_VIOLATIONS = """async (rules) => {
  const only = rules.length ? { runOnly: rules } : {};
  const found = await axe.run({ resultTypes: ["violations"], ...only });
  return found.violations.flatMap((rule) =>
    rule.nodes.map((node) => `${rule.id}: ${node.html.slice(0, 200)} (${node.failureSummary})`));
}"""
HAS_CHANGED = """() => {
  const changes = document.getAnimations().filter((animation) => animation instanceof CSSTransition);
  return Promise.allSettled(changes.map((change) => change.finished)).then(() => {});
}"""


class ChatPage:
    """One open page. What went wrong in it, and which hosts it asked, is kept."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.errors: list[str] = []
        self.hosts: set[str] = set()
        self.has_own_clock = False
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda line: self.errors.append(line.text) if "Security" in line.text else None)
        page.on("request", lambda request: self.hosts.add(urlsplit(request.url).netloc))
        page.on("dialog", lambda dialog: self.errors.append(f"dialog: {dialog.message}"))

    @property
    def messages(self) -> Locator:
        return self.page.get_by_role("log")

    @property
    def answer(self) -> Locator:
        """The last answer."""
        return self.messages.get_by_role("article", name="Answer").last

    @property
    def question(self) -> Locator:
        """The last question."""
        return self.messages.get_by_role("article", name="You").last

    @property
    def box(self) -> Locator:
        return self.page.get_by_role("textbox", name="Message")

    def button(self, name: str | re.Pattern[str]) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    @property
    def chats(self) -> Locator:
        """The list of chats beside the one that is shown."""
        return self.page.get_by_role("navigation", name="Chats")

    def chat(self, title: str) -> Locator:
        """An entry of the list."""
        return self.chats.get_by_role("link", name=title, exact=True)

    def found(self, title: str) -> Locator:
        """An entry of the list that holds what is looked for: the line around it follows the title."""
        return self.chats.get_by_role("link", name=re.compile(rf"^{re.escape(title)}(?!\w)"))

    @property
    def returned(self) -> Locator:
        """The reason for which a question came back into its box."""
        return self.page.get_by_role("region", name="Not sent")

    async def ask(self, question: str) -> None:
        await self.box.fill(question)
        if await self.page.evaluate("matchMedia('(pointer: coarse)').matches"):
            await self.button("Send").tap()
        else:
            await self.box.press("Enter")

    async def lists_chats(self) -> None:
        """Open the drawer of chats where they do not stand beside the one that is shown."""
        if await self.button("Chats").is_visible():
            await self.button("Chats").click()

    async def opens_settings(self) -> Locator:
        """Open the settings; return their panel."""
        await self.button("Settings").click()
        panel = self.page.get_by_role("dialog", name="Settings")
        await expect(panel).to_be_visible()
        return panel

    async def has_ended(self) -> None:
        """Wait for the end of the last answer."""
        await expect(self.answer).to_have_attribute("aria-busy", "false")

    async def is_connected(self, words: str = "Connected") -> None:
        await expect(self.page.get_by_role("status").filter(has_text=re.compile(f"^{words}$"))).to_be_visible()

    async def memory_in_use(self) -> tuple[float, int, int]:
        """The heap in MB, the nodes of the document, and those that it no longer holds, once garbage is collected."""
        session = await self.page.context.new_cdp_session(self.page)
        await session.send("HeapProfiler.collectGarbage")
        heap = await session.send("Runtime.getHeapUsage")
        counters = await session.send("Memory.getDOMCounters")
        await session.detach()
        nodes = await self.page.evaluate(COUNT_NODES)
        return heap["usedSize"] / 1e6, nodes, counters["nodes"] - nodes

    async def unfit_words(self) -> list[str]:
        """Words of whoever wrote the server that are shown or read out, and that no reader should have to know."""
        shown = await self.page.evaluate(SHOWN)
        assert "Deltawire" in shown
        return [word for word in UNFIT if re.search(rf"\b{word}\b", shown, re.IGNORECASE)]

    async def takes_over_the_clock(self) -> None:
        """Load the page again, with a clock that goes as the test says. The clock stays in the context of the page."""
        self.has_own_clock = True
        await self.page.clock.install()
        await self.page.reload()

    async def in_each_scheme(self) -> AsyncIterator[str]:
        """Show the page as it stands in light, then in dark colors; the name of each."""
        for scheme in ("light", "dark"):
            await self.page.emulate_media(color_scheme=scheme)
            await self.page.evaluate(HAS_CHANGED)
            yield scheme

    async def tells(self) -> str:
        """The faults of the page and the text that it shows, for the report of a test that failed."""
        try:
            shown = await asyncio.wait_for(self.page.evaluate(SHOWS), _ANSWER_S)
        except Exception as fault:  # noqa: BLE001 - a page that has crashed, or hangs, is told of too
            shown = repr(fault)
        return f"the page's faults: {self.errors}; it shows: {shown}"

    async def another_tab(self) -> "ChatPage":
        """Another tab of the same browser, which shows the same."""
        tab = ChatPage(await self.page.context.new_page())
        await tab.page.goto(self.page.url)
        return tab

    async def resize(self, size: dict[str, int]) -> None:
        """Give the page another width and height, in pixels."""
        await self.page.set_viewport_size(ViewportSize(width=size["width"], height=size["height"]))

    async def violations(self) -> list[str]:
        """The violations that axe finds: by each of its rules in light, by those of colours in dark, too."""
        return [violation async for scheme in self.in_each_scheme() for violation in await self.violations_in(scheme)]

    async def violations_at_each_width(self) -> list[str]:
        """The same, wide and narrow."""
        found: list[str] = []
        for size in (WIDE, NARROW):
            await self.resize(size)
            found += await self.violations()
        return found

    async def violations_in(self, scheme: str) -> list[str]:
        """Violations in the scheme that is shown: each rule, and where it is broken."""
        if not await self.page.evaluate("'axe' in window"):
            await self.page.evaluate(_AXE.read_text())
        found: list[str] = await self.page.evaluate(_VIOLATIONS, [] if scheme == "light" else _OF_COLOURS)
        return [f"{scheme}: {violation}" for violation in found]

    def next_file_chooser(self) -> asyncio.Future[FileChooser]:
        """The file chooser that opens next. Call this well before a key opens it.

        Playwright does not wait until the browser knows that choosers are awaited: one that opens before is closed.
        """
        opening: asyncio.Future[FileChooser] = asyncio.get_running_loop().create_future()

        def opens(chooser: FileChooser) -> None:
            opening.set_result(chooser)

        self.page.once("filechooser", opens)
        return opening


_KEPT = "about:blank#kept"
_LONGEST_MS = 120_000
"""For a page that hangs: a busy machine has taken longer than Playwright's 30 s to load one."""
_MEDIA = ("color_scheme", "forced_colors", "reduced_motion")
"""Options that a page has by itself; with others it needs a context of its own."""


@asynccontextmanager
async def opened(browser: Browser, address: str, **options: Any) -> AsyncIterator[ChatPage]:
    """The page, connected and all there. At its end, nothing has gone wrong in it, and it has asked no other host."""
    async with visited(browser, address, **options) as page:
        await page.is_connected()
        await expect(page.messages).to_be_attached()  # with all that is loaded after the first paint
        yield page


@asynccontextmanager
async def visited(
    browser: Browser, address: str, *, viewport: dict[str, int] = WIDE, **options: Any
) -> AsyncIterator[ChatPage]:
    """The page of a server that may want to know who is there."""
    media = {name: options.pop(name) for name in _MEDIA if name in options}
    async with _fresh(browser, options) if options else _kept(browser, address) as context:
        page = ChatPage(await context.new_page())
        await page.resize(viewport)
        await page.page.emulate_media(**media)
        try:
            await page.page.goto(f"http://{address}/")
            yield page
        except Exception as fault:
            fault.add_note(await page.tells())
            raise
        if page.has_own_clock:  # which the context would give to the next page, too
            await context.close()
    assert page.errors == []
    assert page.hosts == {address}


@asynccontextmanager
async def _fresh(browser: Browser, options: dict[str, Any]) -> AsyncIterator[BrowserContext]:
    context = await _context(browser, options)
    yield context
    await context.close()


async def _context(browser: Browser, options: dict[str, Any]) -> BrowserContext:
    context = await browser.new_context(**{"viewport": WIDE, "service_workers": "block"} | options)
    context.set_default_timeout(_LONGEST_MS)
    return context


@asynccontextmanager
async def _kept(browser: Browser, address: str) -> AsyncIterator[BrowserContext]:
    """The context that the test before had, as new, if that has ended: its process reads the page in half the time.

    An empty page keeps its process. What the page of this address has stored is removed.
    """
    if browser.browser_type.name != "chromium":
        async with _fresh(browser, {}) as context:
            yield context
        return
    free = [context for context in browser.contexts if [page.url for page in context.pages] == [_KEPT]]
    context = free[0] if free else await _context(browser, {})
    keeper = context.pages[0] if free else await context.new_page()
    if not free:
        await keeper.goto(_KEPT)
    yield context
    if context not in browser.contexts:
        return
    for page in context.pages[1:]:
        await page.close()
    await context.unroute_all()
    await context.set_offline(False)
    await context.clear_permissions()
    await context.clear_cookies()
    session = await context.new_cdp_session(keeper)
    await session.send("Storage.clearDataForOrigin", {"origin": f"http://{address}", "storageTypes": "all"})
    await session.detach()
