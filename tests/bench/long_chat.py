"""`make bench-long`: how smoothly a chat of 500 turns and an answer of 1 MB are drawn, and what a turn leaves behind.

Writes docs/measurements/long-chat.md; exit code 1 if the 95th percentile of the frames is over 20 ms while
it types or scrolls.
"""

import os
import sys
from functools import partial
from itertools import count
from typing import Any

import uvloop
from playwright.async_api import Browser
from support.browser import chromium
from support.page import ChatPage, opened
from support.paths import MEASUREMENTS
from support.process import running
from support.upstream import Exchange, Script, Upstream, says

from bench.long_answer import (
    CHARS,
    DELTA_CHARS,
    DELTAS_A_SECOND,
    ENDED,
    KEYS_A_SECOND,
    drawn,
    long_text,
    own_section,
    streams,
)
from bench.page import SECTION

PAGE = MEASUREMENTS / "long-chat.md"
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


async def long_chat(browser: Browser, address: str) -> dict[str, tuple[float, float]]:
    """The 95th percentile and the longest of the frames of each act, after so many turns."""
    async with opened(browser, address) as page:
        await asks(page, TURNS)
        await page.page.evaluate(WATCH)
        await page.messages.hover()
        figures = {}
        for act in (types, scrolls, flings):
            await page.box.focus()
            figures[act.__name__] = await frames_while(page, partial(act, page))
        return figures


def own_answers() -> Script:
    """A script whose every answer has words of its own, so that nothing can be kept once for all of them."""
    numbers = count(1)

    async def script(exchange: Exchange) -> None:
        await says(own_section(next(numbers)))(exchange)

    return script


async def short_chats(browser: Browser, address: str) -> list[tuple[int, float, int, int]]:
    """The turns so far, the heap, the nodes and those that are no longer shown, five times on the way."""
    figures = []
    async with opened(browser, address) as page:
        for turns in range(TURNS_A_CHAT, TURNS_OF_SHORT_CHATS + 1, TURNS_A_CHAT):
            await asks(page, TURNS_A_CHAT)
            await page.button("New chat").click()
            if turns % (TURNS_OF_SHORT_CHATS // 5) == 0:
                figures.append((turns, *await page.memory_in_use()))
    return figures


async def main() -> int:
    load = os.getloadavg()[0]
    text = long_text()
    async with Upstream() as upstream, chromium() as browser:
        environment = {"GEMINI_API_KEY": "none", "GOOGLE_GEMINI_BASE_URL": upstream.url}
        async with running(**environment) as server:
            await server.ready()
            upstream.plays(own_answers())
            frames = await long_chat(browser, server.address)
            memory = await short_chats(browser, server.address)
            streamed = await drawn(browser, server.address, upstream, streams(text))
            at_once = await drawn(browser, server.address, upstream, says(text))
    acts = "\n".join(f"| {act} | {p95:.0f} | {longest:.0f} |" for act, (p95, longest) in frames.items())
    rows = "\n".join(f"| {turns:,} | {heap:.1f} | {nodes:,} | {gone} |" for turns, heap, nodes, gone in memory)
    answer = _answer_rows({"in deltas": streamed, "in one delta": at_once})
    turns, heap, nodes = (memory[-1][column] - memory[0][column] for column in range(3))
    growth = {"kb": heap / turns * 1_000, "nodes": nodes / turns * TURNS_A_CHAT}
    PAGE.write_text(TEXT.format(acts=acts, rows=rows, answer=answer, growth=growth, load=load))
    sys.stdout.write(f"{acts}\n{rows}\n{answer}\n")
    return 0 if all(frames[act][0] <= FRAME_LIMIT_MS for act in ("types", "scrolls")) else 1


def _answer_rows(measured: dict[str, dict[str, dict[str, float]]]) -> str:
    return "\n".join(
        f"| {way}, {phase} | " + " | ".join(f"{figure:,.0f}" for figure in figures.values()) + " |"
        for way, phases in measured.items()
        for phase, figures in phases.items()
    )


TEXT = f"""\
# A long chat

A chat of {TURNS} turns, each answer with headings, lists, a table and code, in a Chromium without a graphics card:
a user types 40 characters a second, scrolls 4,800 pixels a second, and then 16,000. A 95th percentile of
the frames over {FRAME_LIMIT_MS:.0f} ms in one of the first two fails `make bench-long`, which wrote this page.

| | frame p95 ms | longest frame ms |
| --- | --- | --- |
{{acts}}

Then {TURNS_OF_SHORT_CHATS:,} turns in chats of {TURNS_A_CHAT}, one chat shown at a time. Memory and nodes in use
after a garbage collection, and the nodes that are no longer shown but still kept:

| turns | heap MB | nodes | kept |
| --- | --- | --- | --- |
{{rows}}

The nodes are those of the list of chats: {{growth[nodes]:.0f}} for each. The heap grows by {{growth[kb]:.1f}} kB a
turn: {len(SECTION) / 1_000:.1f} kB of text, what is known of the turn, and the colours of its code. The highlighter
keeps those of the newest 300,000 tokens.

Then one answer of {CHARS:,} characters, in deltas of {DELTA_CHARS}, {DELTAS_A_SECOND} a second, and in a single one,
while a user types {KEYS_A_SECOND} characters a second. The slowest key is the time from the press to the drawing. A
browser does not report a task of 50 ms or less, nor a key of 16 ms or less: then the value is 0.

| | frame p95 ms | longest task ms | slowest key ms | heap MB | nodes |
| --- | --- | --- | --- | --- | --- |
{{answer}}

The load of the machine was {{load:.2f}} before, on {os.cpu_count()} cores that server, upstream and browser share.
"""

if __name__ == "__main__":
    sys.exit(uvloop.run(main()))
