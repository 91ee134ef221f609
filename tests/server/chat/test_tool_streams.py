"""Streams with all kinds of parts, drawn at random, on each transport: each says what a plain reader finds."""

from random import Random
from typing import Any

import pytest
from support.client import Frame, connected
from support.serving import sharing
from support.tool_streams import Reading, drawn, plainly_read
from support.transports import events, posting
from support.upstream import Upstream, plays_body, says

OPTIONS: dict[str, Any] = {
    "tools": ["search", "url_context", "code", {"name": "weather"}, {"name": "clock"}, {"name": "default_api:look.up"}],
    "model": "gemini-flash-latest",
    "thinking": "low",
}
LISTS = {
    "sources": "source",
    "citations": "citation",
    "searches": "search",
    "code": "code",
    "code_results": "code_result",
    "tool_calls": "tool_call",
    "files": "file",
}
"""The lists of a whole answer, and the frames that they are made of."""
SEEDS = [21, 103, 119, 132, 137]
"""Streams with much in them."""


async def over_a_socket(address: str) -> dict[str, Any]:
    frames: list[Frame] = []
    async with connected(address, max_size=None) as client:
        await client.chat(id="t1", **OPTIONS)
        while not frames or frames[-1]["type"] not in ("usage", "error"):
            frames.append(await client.receive())
            if frames[-1]["type"] == "tool_call":
                await client.send(type="tool_result", id="t1", call=frames[-1]["call"], result=1)
    return joined(frames)


async def over_sse(address: str) -> dict[str, Any]:
    async with posting(address, "/chat/stream", **OPTIONS) as response:
        return joined([frame async for frame in events(response)])


async def over_rest(address: str) -> dict[str, Any]:
    async with posting(address, "/chat", **OPTIONS) as response:
        whole: dict[str, Any] = await response.json()
    return {name: [] for name in LISTS} | whole


def joined(frames: list[Frame]) -> dict[str, Any]:
    """Frames as the whole answer that they are."""
    whole: dict[str, Any] = {name: [frame for frame in frames if frame["type"] == kind] for name, kind in LISTS.items()}
    for name, kind in (("text", "delta"), ("thoughts", "thought")):
        whole[name] = "".join(frame["text"] for frame in frames if frame["type"] == kind)
    return whole | {"usage": frames[-1]}


def says_what_is_there(whole: dict[str, Any], plain: Reading, *, goes_on: bool) -> None:
    """See that an answer says what the plain reader has found."""
    ending = "Done." if goes_on and plain.calls else ""
    assert (whole["text"], whole["thoughts"]) == (plain.text + ending, plain.thoughts)
    sources = {one["index"]: one["uri"] for one in whole["sources"]}
    assert {one["uri"]: one["title"] for one in whole["sources"]} == plain.sources
    cited: dict[tuple[int, int], set[str]] = {}
    for one in whole["citations"]:
        cited.setdefault((one["start"], one["end"]), set()).update(sources[index] for index in one["sources"])
    assert {(start, end, frozenset(uris)) for (start, end), uris in cited.items()} == plain.citations
    searched = whole["searches"][-1] if whole["searches"] else {"queries": [], "html": None}
    assert (searched["queries"], searched["html"]) == (plain.queries, plain.html)
    assert [(one["language"], one["code"]) for one in whole["code"]] == plain.code
    names = [one["call"] for one in whole["code"]]
    results = [(one["outcome"], one["output"], names.index(one["call"])) for one in whole["code_results"]]
    assert results == plain.outcomes
    called = [(one["name"], one["arguments"]) for one in whole["tool_calls"]]
    assert called == [(name, arguments) for _, name, arguments in plain.calls]
    assert [one["size"] for one in whole["files"]] == [len(data) for _, data in plain.files]
    ends = ("stop" if goes_on else "tool_calls") if plain.calls else plain.finish
    assert whole["usage"]["finish_reason"] == ends
    assert whole["usage"].get("search_queries", 0) == len(plain.queries)
    if not ending:
        assert whole["usage"]["output_tokens"] == plain.usage["candidatesTokenCount"]


@pytest.mark.parametrize("seed", [*SEEDS, *(pytest.param(seed, marks=pytest.mark.nightly) for seed in range(200, 240))])
async def test_every_transport_says_what_is_in_a_stream(upstream: Upstream, seed: int) -> None:
    chance = Random(seed)
    body = drawn(chance)
    plain = plainly_read(body)
    async with sharing(upstream, tools="search,url_context,code") as address:
        for ask in (over_a_socket, over_sse, over_rest):
            upstream.plays(plays_body(body, chance.choice((7, 100, 2**20))), says("Done.", thoughts=[]))
            says_what_is_there(await ask(address), plain, goes_on=ask is over_a_socket)
