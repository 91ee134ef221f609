"""The AsyncAPI document of the socket: valid, and true to what a real socket takes and sends."""

import asyncio
import json
from base64 import b64encode
from collections.abc import AsyncIterator
from typing import Any, get_args

import aiohttp
import pytest
from jsonschema_rs import Draft7Validator
from playwright.async_api import Page
from support.browser import chromium
from support.client import Client, Frame, connected
from support.files import png
from support.npm import ASYNCAPI, NODE, installed
from support.serving import serving
from support.upstream import Exchange, Script, Upstream, answer, fails, says

from deltawire.api_docs.frame_examples import DOWN, RUN, UP
from deltawire.protocol.frames import FrameDown, FrameUp

UP_EXAMPLES = [(kind, name) for kind, frames in UP.items() for name in frames]
COUNTED = {"promptTokenCount": 31, "candidatesTokenCount": 6, "thoughtsTokenCount": 9, "totalTokenCount": 46}
COUNTED_SO_FAR = {"promptTokenCount": 31, "candidatesTokenCount": 2, "thoughtsTokenCount": 9, "totalTokenCount": 42}


@pytest.fixture(scope="module")
async def served() -> AsyncIterator[tuple[Upstream, str]]:
    async with Upstream() as upstream, serving(upstream, retries=0, tools="search,code") as address:
        yield upstream, address


@pytest.fixture(scope="module")
async def document(served: tuple[Upstream, str]) -> dict[str, Any]:
    async with aiohttp.ClientSession() as session, session.get(f"http://{served[1]}/schema/asyncapi.json") as response:
        assert response.content_type == "application/json"
        document: dict[str, Any] = await response.json()
        return document


async def read(*documents: dict[str, Any]) -> list[list[str]]:
    """The findings of the official parser for each document."""
    pipe = asyncio.subprocess.PIPE
    script = installed(ASYNCAPI) / "check.mjs"
    process = await asyncio.create_subprocess_exec(str(NODE), str(script), stdin=pipe, stdout=pipe)
    output, _ = await process.communicate(json.dumps(documents).encode())
    assert process.returncode == 0
    problems: list[list[str]] = json.loads(output)
    return problems


async def test_the_official_parser_finds_nothing_and_would_find_a_message_that_is_nowhere(
    document: dict[str, Any],
) -> None:
    broken = json.loads(json.dumps(document))
    del broken["components"]["messages"]["delta"]
    of_ours, of_the_broken_one = await read(document, broken)
    assert of_ours == ["3.1.0"]
    assert of_the_broken_one not in ([], ["3.1.0"])


def test_every_frame_of_the_wire_is_in_the_document_with_an_example(document: dict[str, Any]) -> None:
    for union, examples in ((FrameUp, UP), (FrameDown, DOWN)):
        kinds = {str(struct.__struct_config__.tag) for struct in get_args(union)}
        assert set(examples) == kinds
        for kind in kinds:
            shown = document["components"]["messages"][kind]["examples"]
            assert {example["name"]: example["payload"] for example in shown} == examples[kind]


def holds(document: dict[str, Any], frame: Frame) -> bool:
    """Return True if a frame has the shape that the document gives its type."""
    [schema] = [
        schema
        for schema in document["components"]["schemas"].values()
        if schema["properties"].get("type") == {"const": frame["type"]}
    ]
    validator = Draft7Validator({**schema, "components": document["components"]})
    return validator.is_valid(frame)


@pytest.mark.parametrize("kind, name", UP_EXAMPLES)
async def test_each_frame_that_the_document_shows_is_taken(
    served: tuple[Upstream, str], document: dict[str, Any], kind: str, name: str
) -> None:
    upstream, address = served
    upstream.plays(answers)
    frame = UP[kind][name]
    assert holds(document, frame)
    assert not holds(document, {**frame, "typo": 1})
    async with connected(address) as client:
        if kind == "cancel":
            upstream.plays(answers_half)
        frames: list[Frame] = []
        if "run" in frame:
            started = await started_elsewhere(address, client if kind == "cancel" else None)
            frames, frame = [started], {**frame, "run": started["run"]}
        elif kind == "cancel":
            await client.chat(id="turn-7")
            await client.receive()
        elif kind == "tool_result":
            upstream.plays(calls_a_function, answers)
            await client.send(**CALLS)
            await client.receive()
        await client.send(**frame)
        if kind == "auth":  # it ends in no turn
            await client.chat()
        frames += await client.until_end()
    assert frames[-1]["type"] == "usage"
    assert all(holds(document, sent) for sent in frames)
    if kind == "cancel":
        assert frames[-1]["finish_reason"] == "cancelled"


async def started_elsewhere(address: str, client: Client | None) -> Frame:
    """The first frame of a run of this client's, or of one who leaves it."""
    if client is not None:
        await client.chat(id="turn-7", grace=5)
        return await client.receive()
    async with connected(address) as other:
        await other.chat(id="turn-7", grace=5)
        started = await other.receive()
        await other.until_end()
    return started


answers = says(DOWN["delta"]["a piece"]["text"], thoughts=[DOWN["thought"]["a piece"]["text"]], usage=COUNTED)


async def rests_on_a_page(exchange: Exchange) -> None:
    """An answer with a program, its outcome, a search, a source and a citation."""
    program, outcome = DOWN["code"]["a program"], DOWN["code_result"]["its outcome"]
    page, search, text = DOWN["source"]["a page"], DOWN["search"]["a search"], DOWN["delta"]["a piece"]["text"]
    ran = answer("")
    ran["candidates"][0]["content"]["parts"] = [
        {"executableCode": {"id": program["call"], "language": "PYTHON", "code": program["code"]}},
        {"codeExecutionResult": {"id": outcome["call"], "outcome": "OUTCOME_OK", "output": outcome["output"]}},
    ]
    ended = answer(text, finish="STOP", usage=COUNTED)
    ended["candidates"][0]["groundingMetadata"] = {
        "searchEntryPoint": {"renderedContent": search["html"]},
        "groundingChunks": [{"web": {"uri": page["uri"], "title": page["title"]}}],
        "groundingSupports": [{"segment": {"endIndex": len(text), "text": text}, "groundingChunkIndices": [0]}],
        "webSearchQueries": search["queries"],
    }
    await exchange.start()
    for event in (ran, ended):
        await exchange.event(event)
    await exchange.finish()


async def calls_a_function(exchange: Exchange) -> None:
    called = DOWN["tool_call"]["a call"]
    made = answer("", finish="STOP", usage=COUNTED)
    call = {"id": called["call"], "name": called["name"], "args": called["arguments"]}
    made["candidates"][0]["content"]["parts"] = [{"functionCall": call}]
    await exchange.start()
    await exchange.event(made)
    await exchange.finish()


def makes_a_picture(named: Frame) -> Script:
    """An answer of a picture of this type and size."""

    async def script(exchange: Exchange) -> None:
        data = png(more=bytes(named["size"] - len(png(more=b"x")) + 1))
        made = answer("", finish="STOP", usage=COUNTED)
        inline = {"mimeType": named["media_type"], "data": b64encode(data).decode()}
        made["candidates"][0]["content"]["parts"] = [{"inlineData": inline}]
        await exchange.start()
        await exchange.event(made)
        await exchange.finish()

    return script


async def answers_half(exchange: Exchange) -> None:
    await exchange.start()
    await exchange.text(DOWN["delta"]["a piece"]["text"], usage=COUNTED_SO_FAR)


USAGE_BY_MODALITY = {
    **COUNTED,
    "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 7}, {"modality": "AUDIO", "tokenCount": 24}],
    "candidatesTokensDetails": [{"modality": "TEXT", "tokenCount": 6}],
}
ASKS = {"type": "chat", "message": "hi", "id": "turn-7", "thinking": "low"}
CANCELS = {"type": "cancel", "id": "turn-7"}
CALLS = {**ASKS, "tools": [{"name": DOWN["tool_call"]["a call"]["name"]}]}
GRACE = {**ASKS, "grace": 5}
SEARCHES = {**ASKS, "tools": ["search", "code"]}
SHOWN: dict[tuple[str, str], tuple[Script, list[Frame]]] = {
    ("thought", "a piece"): (answers, [ASKS]),
    ("delta", "a piece"): (answers, [ASKS]),
    ("started", "a turn with grace"): (answers, [GRACE]),
    ("delta", "a piece of a turn with grace"): (answers, [{**GRACE, "grace": 6}]),
    ("error", "a run that is forgotten"): (says("no"), [{"type": "resume", "run": RUN}]),
    ("source", "a page"): (rests_on_a_page, [SEARCHES]),
    ("citation", "a piece of the answer"): (rests_on_a_page, [SEARCHES]),
    ("search", "a search"): (rests_on_a_page, [SEARCHES]),
    ("code", "a program"): (rests_on_a_page, [SEARCHES]),
    ("code_result", "its outcome"): (rests_on_a_page, [SEARCHES]),
    ("file", "a picture"): (makes_a_picture(DOWN["file"]["a picture"]), [ASKS]),
    ("tool_call", "a call"): (calls_a_function, [CALLS]),
    ("usage", "answered"): (answers, [ASKS]),
    ("usage", "answered, with a sound in the question"): (says("hi", usage=USAGE_BY_MODALITY), [ASKS]),
    ("usage", "cancelled"): (answers_half, [ASKS, CANCELS]),
    ("error", "a turn that failed"): (fails(503), [ASKS]),
    ("error", "a turn that was refused"): (says("no"), [{**ASKS, "model": "gemini-9"}]),
    ("error", "a frame that names no turn"): (says("no"), [{**CANCELS, "id": "turn-9"}]),
}


def test_each_frame_that_the_document_shows_is_asked_for_here() -> None:
    assert set(SHOWN) == {(kind, name) for kind, frames in DOWN.items() for name in frames}


@pytest.mark.parametrize("kind, name", SHOWN)
async def test_each_frame_that_the_document_shows_is_sent(
    served: tuple[Upstream, str], document: dict[str, Any], kind: str, name: str
) -> None:
    upstream, address = served
    script, frames = SHOWN[kind, name]
    upstream.plays(script)
    received: list[Frame] = []
    async with connected(address) as client:
        for frame in frames:
            await client.send(**frame)
            received.append(await client.receive())
        while timeless(DOWN[kind][name]) not in map(timeless, received):
            received.append(await client.receive())
    assert all(holds(document, frame) for frame in received)


def timeless(frame: Frame) -> Frame:
    """Without what is another each time, or when prices change; a run and a file have a new name each time."""
    ours = ("cost_usd", "run", "file")
    return {key: value for key, value in frame.items() if not key.endswith("_ms") and key not in ours}


@pytest.fixture(scope="module")
async def page(served: tuple[Upstream, str]) -> AsyncIterator[Page]:
    async with chromium() as browser:
        page = await browser.new_page()
        errors: list[str] = []
        page.on("console", lambda message: errors.append(message.text))
        response = await page.goto(f"http://{served[1]}/schema/socket")
        assert response is not None
        assert "unsafe" not in response.headers["content-security-policy"]
        yield page
        assert errors == []


async def test_a_page_shows_each_frame_with_its_fields_and_examples(page: Page, document: dict[str, Any]) -> None:
    for kind, message in document["components"]["messages"].items():
        section = page.locator(f"#{kind}")
        schema = document["components"]["schemas"][message["payload"]["$ref"].rpartition("/")[2]]
        assert await section.locator("tbody td:first-child").all_inner_texts() == list(schema["properties"])
        shown = [json.loads(text) for text in await section.locator("pre").all_inner_texts()]
        assert shown == [example["payload"] for example in message["examples"]]


async def test_the_page_has_its_style_from_here_and_leads_to_the_document(page: Page) -> None:
    assert await page.evaluate("getComputedStyle(document.querySelector('table')).borderCollapse") == "collapse"
    links = page.get_by_role("link")
    assert [await link.get_attribute("href") for link in await links.all()] == ["/schema/asyncapi.json", "/schema"]
