"""`make bench-long`: how smoothly a chat of 500 turns types and scrolls, and what a turn leaves behind.

Each answer has a table and code. It types, scrolls at 4,800 pixels a second, and is flung at 16,000; exit
code 1 if the 95th percentile of the frames is over 20 ms in one of the first two.
"""

import os
import sys
from typing import Any

import uvloop
from playwright.async_api import Browser, CDPSession
from support.browser import chromium
from support.page import ChatPage, opened
from support.process import running
from support.upstream import Upstream, says

from bench.page import SECTION

TURNS = 500
TURNS_OF_SHORT_CHATS = 1_000
TURNS_A_CHAT = 10
FRAME_LIMIT_MS = 20.0

WATCH = """() => {
  window.frames_ = [];
  let last = performance.now();
  requestAnimationFrame(function frame(now) {
    window.frames_.push(now - last);
    last = now;
    requestAnimationFrame(frame);
  });
}"""


ENDED = """(turns) => new Promise((resolve) => {
  const look = () => {
    const answers = document.querySelectorAll("[role=log] > [aria-busy]");
    if (answers.length < turns || answers[turns - 1].ariaBusy === "true") return;
    observer.disconnect();
    resolve();
  };
  const observer = new MutationObserver(look);
  observer.observe(document.body, { subtree: true, childList: true, attributeFilter: ["aria-busy"] });
  look();
})"""


async def asks(page: ChatPage, turns: int) -> None:
    """Ask so many questions, each after the answer to the one before."""
    for turn in range(turns):
        await page.ask(f"question {turn}")
        await page.page.evaluate(ENDED, turn + 1)


async def frames_while(page: ChatPage, act: Any) -> tuple[float, float]:
    """The 95th percentile and the longest of the frames while something is done, in milliseconds."""
    await page.page.evaluate("frames_.length = 0")
    await act()
    frames = sorted(await page.page.evaluate("frames_"))
    return frames[int(len(frames) * 0.95)], frames[-1]


async def types(page: ChatPage) -> None:
    await page.page.keyboard.type("A question of some length, as people write it. " * 3, delay=25)


async def scrolls(page: ChatPage, notch: int = 120) -> None:
    """Up and half down again, 40 notches of so many pixels a second."""
    for by in (-notch,) * 60 + (notch,) * 30:
        await page.page.mouse.wheel(0, by)
        await page.page.wait_for_timeout(25)


async def flings(page: ChatPage) -> None:
    await scrolls(page, 400)


async def in_use(session: CDPSession) -> tuple[float, int]:
    """The heap in MB, and the nodes, once garbage is collected."""
    await session.send("HeapProfiler.collectGarbage")
    heap = await session.send("Runtime.getHeapUsage")
    counters = await session.send("Memory.getDOMCounters")
    return heap["usedSize"] / 1e6, counters["nodes"]


async def long_chat(browser: Browser, address: str) -> bool:
    async with opened(browser, address) as page:
        await asks(page, TURNS)
        await page.page.evaluate(WATCH)
        await page.log.hover()
        fine = True
        for name, act in (("types", types), ("scrolls", scrolls), ("flings", flings)):
            await page.box.focus()
            p95, longest = await frames_while(page, lambda act=act: act(page))
            sys.stdout.write(f"{TURNS} turns, {name}: frame p95 {p95:.0f} ms, longest {longest:.0f} ms\n")
            fine = fine and (p95 <= FRAME_LIMIT_MS or act is flings)
        return fine


async def short_chats(browser: Browser, address: str) -> None:
    async with opened(browser, address) as page:
        session = await page.page.context.new_cdp_session(page.page)
        for turn in range(0, TURNS_OF_SHORT_CHATS, TURNS_A_CHAT):
            await asks(page, TURNS_A_CHAT)
            await page.button("New chat").click()
            if (turn + TURNS_A_CHAT) % (TURNS_OF_SHORT_CHATS // 5) == 0:
                heap, nodes = await in_use(session)
                sys.stdout.write(f"{turn + TURNS_A_CHAT} turns in short chats: heap {heap:.1f} MB, {nodes} nodes\n")


async def main() -> int:
    async with Upstream() as upstream, chromium() as browser:
        upstream.plays(says(SECTION))
        environment = {"GEMINI_API_KEY": "none", "GOOGLE_GEMINI_BASE_URL": upstream.url}
        async with running(**environment) as server:
            await server.ready()
            sys.stdout.write(f"load of the machine before: {os.getloadavg()[0]:.2f}\n")
            fine = await long_chat(browser, server.address)
            if "--memory" in sys.argv:
                await short_chats(browser, server.address)
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(uvloop.run(main()))
