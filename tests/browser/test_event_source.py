"""A browser's own EventSource listens to a run: it comes back by itself, and stops when nothing is left."""

import asyncio
from typing import Any

from playwright.async_api import Browser
from support.page import opened
from support.proxy import TcpProxy
from support.serving import serving
from support.upstream import Upstream, says_when

LISTENS = """async () => {
  const options = { method: "POST", headers: { "Content-Type": "application/json", Prefer: "respond-async" } };
  const body = JSON.stringify({ message: "hi", id: "t1", grace: 60 });
  const { run } = await (await fetch("/chat", { ...options, body })).json();
  window.received = [];
  window.source = new EventSource(`/runs/${run}/events`);
  for (const type of ["started", "delta", "usage"])
    window.source.addEventListener(type, ({ data }) => window.received.push(JSON.parse(data)));
}"""


async def test_an_event_source_whose_link_breaks_hears_each_frame_once_and_stops_at_the_end(
    browser: Browser, upstream: Upstream
) -> None:
    released = asyncio.Event()
    upstream.plays(says_when(released))
    async with serving(upstream) as address, TcpProxy(address) as proxy, opened(browser, proxy.address) as page:
        await page.page.evaluate(LISTENS)
        await page.page.wait_for_function("() => window.received.length === 2")
        proxy.cut()
        released.set()
        await page.page.wait_for_function("() => window.source.readyState === EventSource.CLOSED")
        received: list[dict[str, Any]] = await page.page.evaluate("window.received")
        assert [(frame["type"], frame["seq"]) for frame in received] == [
            ("started", 1),
            ("delta", 2),
            ("delta", 3),
            ("usage", 4),
        ]
        assert len(upstream.exchanges) == 1
