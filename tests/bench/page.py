"""`make bench-page`: how smoothly the page draws a 32 kB answer that comes in 2,900 frames.

A real Chromium, a server in a process of its own, an upstream at 500 events a second. Writes
docs/measurements/page.md; exit code 1 if a task took over 50 ms, or the 95th percentile of the frames over 20 ms.
"""

import asyncio
import os
import statistics
import sys
from itertools import cycle, islice
from typing import Any

import uvloop
from playwright.async_api import Browser, expect
from support.browser import chromium
from support.page import ChatPage, opened
from support.paths import MEASUREMENTS
from support.process import running
from support.upstream import Exchange, Upstream

PAGE = MEASUREMENTS / "page.md"
ROUNDS = 3
FRAMES = 2_900
CHARS = 32_000
FRAMES_A_SECOND = 500
TASK_LIMIT_MS = 50.0
FRAME_LIMIT_MS = 20.0

SECTION = """\
## What the section is about

A paragraph with **strong** words, some `code` in a line, and [a link](https://example.org/page) to somewhere. It goes
on for a while, as an answer does, so that there is something to lay out and to read.

1. The first thing to know, in a sentence of its own.
2. The second, which is *a little* longer than the first and breaks its line on most screens that people use.
3. The third.

| name | what it is | since |
| --- | --- | --- |
| `delta` | the next piece of the answer | 1 |
| `usage` | the end, and what was spent | 1 |

```python
def pieces(text: str, count: int) -> list[str]:
    size = max(1, len(text) // count)
    return [text[start : start + size] for start in range(0, len(text), size)]
```

> What somebody said about it, in a few words.

"""

RECORD = """
  const watch = { tasks: [], frames: [] };
  new PerformanceObserver((list) => watch.tasks.push(...list.getEntries().map((task) => task.duration)))
    .observe({ type: "longtask" });
  let last = performance.now();
  requestAnimationFrame(function frame(now) {
    watch.frames.push(now - last);
    last = now;
    requestAnimationFrame(frame);
  });
"""
"""JavaScript that records the durations of long tasks and of frames."""
WATCH = (
    "() => {"
    + RECORD
    + """
  window.watch = new Promise((resolve) => {
    new MutationObserver((_, observer) => {
      const answers = document.querySelectorAll("[role=log] [aria-busy]");
      if (answers.length < 2 || answers[1].ariaBusy === "true") return;
      observer.disconnect();
      resolve(watch);
    }).observe(document.body, { subtree: true, childList: true, attributeFilter: ["aria-busy"] });
  });
}"""
)


async def streams(exchange: Exchange) -> None:
    """The answer, in so many pieces, at that pace."""
    text = "".join(islice(cycle(SECTION), CHARS))
    cuts = [CHARS * index // FRAMES for index in range(FRAMES + 1)]
    await exchange.start()
    clock = asyncio.get_running_loop().time
    began = clock()
    for index in range(FRAMES):
        await exchange.text(text[cuts[index] : cuts[index + 1]])
        await asyncio.sleep(began + (index + 1) / FRAMES_A_SECOND - clock())
    await exchange.text("", finish="STOP")
    await exchange.finish()


async def measure(browser: Browser, address: str) -> dict[str, float]:
    """One answer in a fresh page."""
    load = os.getloadavg()[0]
    async with opened(browser, address) as page:
        await _warm(page)
        metrics = await page.page.context.new_cdp_session(page.page)
        await metrics.send("Performance.enable")
        before = await metrics.send("Performance.getMetrics")
        await page.page.evaluate(WATCH)
        await page.ask("A long answer, please.")
        watch = await page.page.evaluate("window.watch")  # one wait: to look again and again takes the page's time
        after = await metrics.send("Performance.getMetrics")
    frames = sorted(watch["frames"])
    return {
        "script s": _script_seconds(after) - _script_seconds(before),
        "longest task ms": max(watch["tasks"], default=0.0),
        "tasks over 50 ms": float(len(watch["tasks"])),
        "frame median ms": statistics.median(frames),
        "frame p95 ms": frames[int(len(frames) * 0.95)],
        "frame p99 ms": frames[int(len(frames) * 0.99)],
        "longest frame ms": frames[-1],
        "load of the machine before": load,
    }


async def _warm(page: ChatPage) -> None:
    """The reader's second question: what is loaded when it is first needed is there."""
    await page.ask("hi")
    await expect(page.answer).to_have_attribute("aria-busy", "false")
    await expect(page.answer.locator("[data-language=python] span").first).to_be_visible()


def _script_seconds(metrics: dict[str, Any]) -> float:
    return next(float(metric["value"]) for metric in metrics["metrics"] if metric["name"] == "ScriptDuration")


async def _short(exchange: Exchange) -> None:
    await exchange.start()
    await exchange.text(SECTION, finish="STOP")
    await exchange.finish()


async def main() -> int:
    async with Upstream() as upstream, chromium() as browser:
        environment = {"GEMINI_API_KEY": "none", "GOOGLE_GEMINI_BASE_URL": upstream.url}
        async with running(**environment) as server:
            await server.ready()
            rounds = []
            for _ in range(ROUNDS):
                upstream.plays(_short, streams)
                rounds.append(await measure(browser, server.address))
    rows = "\n".join(_row(name, [figures[name] for figures in rounds]) for name in rounds[0])
    PAGE.write_text(TEXT.format(rows=rows))
    sys.stdout.write(rows + "\n")
    fine = all(r["longest task ms"] <= TASK_LIMIT_MS and r["frame p95 ms"] <= FRAME_LIMIT_MS for r in rounds)
    return 0 if fine else 1


def _row(name: str, figures: list[float]) -> str:
    places = 0 if name.endswith("ms") else 2
    return f"| {name} | " + " | ".join(f"{figure:.{places}f}" for figure in figures) + " |"


TEXT = f"""\
# How smoothly the chat page draws

An answer of {CHARS:,} characters (headings, lists, tables, code, quotes) comes in {FRAMES:,} frames,
{FRAMES_A_SECOND} a second, into a Chromium without a graphics card. `make bench-page` repeats it, {ROUNDS} times,
in a fresh page that has shown one short answer before; a task over {TASK_LIMIT_MS:.0f} ms or a 95th percentile of
the frames over {FRAME_LIMIT_MS:.0f} ms fails it. The measurement waits inside the page, because a test that polls it
would take a third of its time.

| | {" | ".join(f"round {number}" for number in range(1, ROUNDS + 1))} |
| --- |{" --- |" * ROUNDS}
{{rows}}

A frame is the time between two drawings; at 60 a second it is 17 ms. A browser does not report tasks of 50 ms or
less: the longest is 0 when there was none over that. A load over {os.cpu_count()}, the number of cores, means that
other processes kept them busy, and browser, server and upstream had to wait.
"""

if __name__ == "__main__":
    sys.exit(uvloop.run(main()))
