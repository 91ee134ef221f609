"""A turn with tools of the provider, on every transport: its frames, what is stored of it, what it costs."""

import json
from typing import Any

import aiohttp
import pytest
from support.client import Frame, connected, text_of
from support.conversations import conversations_of
from support.serving import serving, sharing
from support.transports import TRANSPORTS, Ask, ask_socket, piece, posting
from support.upstream import Script, Upstream, answer, plays_body, says

TEXT = "Schön 😀: the sky is blue."
PAGE = {"index": 1, "title": "Wiki", "uri": "https://wiki.example/"}
CITED = {"start": 9, "end": 24, "sources": [1]}
LOOKED_FOR = {"queries": ["why is the sky blue"], "html": "<b>Suggestions</b>"}
PROGRAM = {"call": "c1", "language": "python", "code": "print(1)"}
OUTCOME = {"call": "c1", "outcome": "ok", "output": "1\n"}
USAGE = {"promptTokenCount": 1_000, "candidatesTokenCount": 1_000, "totalTokenCount": 2_000}
TOOLS = "search,url_context,code"


def searched(text: str = TEXT) -> Script:
    """An answer that ran a program and that rests on a page."""
    ran = answer("")
    ran["candidates"][0]["content"]["parts"] = [
        {"executableCode": {"language": "PYTHON", "code": "print(1)", "id": "c1"}, "thoughtSignature": "c2ln"},
        {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "1\n", "id": "c1"}},
    ]
    last = answer(text[9:], finish="STOP", usage=USAGE)
    start = len(text[:9].encode())
    segment = {"startIndex": start, "endIndex": start + 15, "text": "the sky is blue"}
    last["candidates"][0]["groundingMetadata"] = {
        "searchEntryPoint": {"renderedContent": LOOKED_FOR["html"]},
        "groundingChunks": [{"web": {"uri": PAGE["uri"], "title": PAGE["title"]}}],
        "groundingSupports": [{"segment": segment, "groundingChunkIndices": [0]}],
        "webSearchQueries": LOOKED_FOR["queries"],
    }
    events = (ran, answer(text[:9]), last)
    return plays_body(b"".join(b"data: " + json.dumps(one).encode() + b"\r\n\r\n" for one in events))


async def told_whole(address: str, message: str = "hi", **fields: Any) -> list[Frame]:
    """The parts of the answer of `POST /chat`, as the frames that they were."""
    async with posting(address, "/chat", message, **fields) as response:
        body = await response.json(content_type=None)
    lists = {"code": "code", "code_results": "code_result", "searches": "search"}
    lists |= {"sources": "source", "citations": "citation"}
    parts = [{"type": kind, "id": body["id"], **part} for name, kind in lists.items() for part in body[name]]
    return [*parts[:2], *piece("delta", body), *parts[2:], {"type": "usage", "id": body["id"], **body["usage"]}]


@pytest.mark.parametrize("ask", [TRANSPORTS["socket"], TRANSPORTS["sse"], told_whole])
async def test_the_sources_of_an_answer_are_sent_on_every_transport(upstream: Upstream, ask: Ask) -> None:
    upstream.plays(searched())
    async with sharing(upstream, tools=TOOLS) as address:
        *frames, usage = await ask(address, id="t1", tools=["search", "code"], model="gemini-flash-latest")
    deltas = [frame["text"] for frame in frames if frame["type"] == "delta"]
    assert "".join(deltas) == TEXT
    others = [frame for frame in frames if frame["type"] != "delta"]
    assert others == [
        {"type": "code", "id": "t1", **PROGRAM},
        {"type": "code_result", "id": "t1", **OUTCOME},
        {"type": "search", "id": "t1", **LOOKED_FOR},
        {"type": "source", "id": "t1", **PAGE},
        {"type": "citation", "id": "t1", **CITED},
    ]
    assert TEXT[9:24] == "the sky is blue"
    assert [frame["type"] for frame in frames[-3:]] == ["search", "source", "citation"]
    assert usage["search_queries"] == 1
    body = (await upstream.wait_for_request()).body
    assert body["tools"] == [{"googleSearch": {}}, {"codeExecution": {}}]


async def test_a_turn_that_asks_for_no_tools_sees_the_wire_of_before(upstream: Upstream) -> None:
    upstream.plays(searched())
    async with sharing(upstream, tools=TOOLS) as address:
        *frames, usage = await ask_socket(address, tools=[])
    assert {frame["type"] for frame in frames} == {"delta"}
    assert "search_queries" not in usage


@pytest.mark.parametrize("ask", TRANSPORTS.values())
async def test_a_tool_that_is_not_offered_is_refused_before_anything_is_asked(upstream: Upstream, ask: Ask) -> None:
    async with sharing(upstream) as address:
        [error] = await ask(address, tools=["search"])
    assert (error["code"], error["field"]) == ("invalid_frame", "tools")
    assert upstream.exchanges == []


async def test_a_search_is_part_of_the_cost(upstream: Upstream) -> None:
    costs = []
    async with sharing(upstream, tools=TOOLS) as address:
        for script in (says("blue", usage=USAGE), searched()):
            upstream.plays(script)
            costs.append((await ask_socket(address, tools=["search"]))[-1]["cost_usd"])
    assert costs[1] == pytest.approx(costs[0] + 0.014)


async def test_a_search_without_a_known_price_has_no_cost(upstream: Upstream) -> None:
    upstream.plays(searched())
    async with sharing(upstream, tools=TOOLS, models="mine", prices="mine=1/1") as address:
        usage = (await ask_socket(address, tools=["search"]))[-1]
    assert (usage["cost_usd"], usage["search_queries"]) == (None, 1)


async def test_the_sources_of_an_answer_are_stored_with_it(upstream: Upstream) -> None:
    upstream.plays(searched())
    async with sharing(upstream, tools=TOOLS) as address, conversations_of(address) as conversations:
        conversation = await conversations.create(settings={"tools": ["search"]})
        usage = (await ask_socket(address, conversation=conversation))[-1]
        question, stored = await conversations.messages(conversation)
        _, document = await conversations.call("GET", f"/{conversation}/export")
    assert "sources" not in question
    kept = {name: stored[name] for name in ("sources", "citations", "searches", "code", "code_results")}
    assert kept == {
        "sources": [PAGE],
        "citations": [CITED],
        "searches": [LOOKED_FOR],
        "code": [PROGRAM],
        "code_results": [OUTCOME],
    }
    assert stored["usage"]["search_queries"] == usage["search_queries"] == 1
    assert "1. [Wiki](<https://wiki.example/>)" in document
    assert "c2ln" not in json.dumps(stored) + document


async def test_a_kept_tool_that_is_no_longer_offered_does_not_stop_its_conversation(upstream: Upstream) -> None:
    async with serving(upstream, tools="search") as address, conversations_of(address) as conversations:
        conversation = await conversations.create(settings={"tools": ["search", "code"]})
        assert (await ask_socket(address, conversation=conversation))[-1]["type"] == "usage"
        refused = await conversations.call("POST", body={"settings": {"tools": [{"name": "f"}]}})
    assert (await upstream.wait_for_request()).body["tools"] == [{"googleSearch": {}}]
    assert (refused[0], refused[1]["field"]) == (400, "settings.tools[0]")


async def test_the_models_route_names_the_tools_on_offer(upstream: Upstream) -> None:
    async with aiohttp.ClientSession() as http, sharing(upstream, tools="code,search") as address:
        async with http.get(f"http://{address}/models") as response:
            assert (await response.json())["tools"] == ["code", "search"]


async def test_a_structured_answer_streams_as_text_and_says_when_it_was_cut(upstream: Upstream) -> None:
    schema = {"type": "object", "properties": {"city": {"type": "string"}}}
    upstream.plays(says('{"city": "Ky', finish="MAX_TOKENS"))
    async with sharing(upstream) as address:
        async with posting(address, "/chat", response_schema=schema, max_output_tokens=4) as response:
            body = await response.json()
        [error] = await ask_socket(address, response_schema={"properties": {"city": {"pattern": "K"}}})
    assert (body["text"], body["usage"]["finish_reason"]) == ('{"city": "Ky', "max_tokens")
    config = (await upstream.wait_for_request()).body["generationConfig"]
    assert config == {"maxOutputTokens": 4, "responseMimeType": "application/json", "responseJsonSchema": schema}
    assert (error["code"], error["field"]) == ("invalid_frame", "response_schema.properties.city.pattern")


async def test_a_run_sends_its_sources_again_with_their_numbers(upstream: Upstream) -> None:
    upstream.plays(searched())
    async with sharing(upstream, tools=TOOLS) as address:
        async with posting(address, "/chat/stream", tools=["search"], grace=5) as response:
            frames = [json.loads(line[6:]) async for line in response.content if line.startswith(b"data: ")]
        path = f"/runs/{frames[0]['run']}/events"
        async with aiohttp.ClientSession() as http, http.get(f"http://{address}{path}") as again:
            received = [json.loads(line[6:]) async for line in again.content if line.startswith(b"data: ")]
    assert [frame["seq"] for frame in frames] == list(range(1, len(frames) + 1))
    kinds = ("code", "code_result", "search", "source", "citation")
    assert [f for f in received if f["type"] in kinds] == [f for f in frames if f["type"] in kinds]
    assert len({frame["type"] for frame in received}) == 8


def grounded(text: str, cited: str, *pages: str, called: bool = False) -> Script:
    """An answer with a text that rests on pages, and maybe a call of a function."""
    last = answer(text, finish="STOP", usage=USAGE)
    candidate = last["candidates"][0]
    if called:
        candidate["content"]["parts"].append({"functionCall": {"name": "f", "args": {}}, "thoughtSignature": "c2ln"})
    start = len(text[: text.index(cited)].encode())
    segment = {"startIndex": start, "endIndex": start + len(cited.encode()), "text": cited}
    candidate["groundingMetadata"] = {
        "groundingChunks": [{"web": {"uri": page}} for page in pages],
        "groundingSupports": [{"segment": segment, "groundingChunkIndices": list(range(len(pages)))}],
    }
    return plays_body(b"data: " + json.dumps(last).encode() + b"\r\n\r\n")


async def test_the_rounds_of_a_turn_have_one_list_of_sources_and_one_text(upstream: Upstream) -> None:
    a, b, c = (f"https://{name}.example/" for name in "abc")
    upstream.plays(grounded("Ä first. ", "first", a, b, called=True), grounded("And ö second.", "ö second", c, b))
    frames: list[Frame] = []
    async with sharing(upstream, tools=TOOLS) as address, connected(address) as client:
        await client.chat(id="t1", tools=["search", {"name": "f"}])
        while not frames or frames[-1]["type"] not in ("usage", "error"):
            frames.append(await client.receive())
            if frames[-1]["type"] == "tool_call":
                await client.send(type="tool_result", id="t1", call=frames[-1]["call"], result=1)
    text = text_of([frame for frame in frames if frame["type"] == "delta"])
    assert [(f["index"], f["uri"]) for f in frames if f["type"] == "source"] == [(1, a), (2, b), (3, c)]
    cited = [(text[f["start"] : f["end"]], f["sources"]) for f in frames if f["type"] == "citation"]
    assert cited == [("first", [1, 2]), ("ö second", [2, 3])]
    first, second = upstream.exchanges
    for exchange in (first, second):
        assert exchange.body["tools"][0] == {"googleSearch": {}}
        assert exchange.body["toolConfig"] == {
            "functionCallingConfig": {"mode": "VALIDATED"},
            "includeServerSideToolInvocations": True,
        }
