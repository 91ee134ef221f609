"""The stand-in: what somebody without a key meets."""

import json
from collections.abc import AsyncIterator

import aiohttp
import pytest
from support.client import Client, connected, text_of
from support.log import Log
from support.serving import serving

from deltawire.gemini.standin.server import StandIn


@pytest.fixture(scope="module")
async def address() -> AsyncIterator[str]:
    async with serving(None) as address:
        yield address


@pytest.fixture
async def client(address: str) -> AsyncIterator[Client]:
    async with connected(address) as client:
        yield client


async def test_it_answers_at_a_human_pace_and_says_what_it_is(client: Client) -> None:
    frames = await client.ask("hi there")
    answer, usage = text_of(frames), frames[-1]
    assert "no real model is behind it" in answer
    assert "hi there" in answer
    assert "| part |" in answer
    assert "```python" in answer
    assert usage["model"] == "offline"
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]
    assert len(frames) > 20
    assert 200 < usage["first_delta_ms"] < usage["duration_ms"]


async def test_it_shows_that_the_first_message_is_remembered(client: Client) -> None:
    await client.chat("My name is Ada.", id="t1")
    await client.receive()
    await client.send(type="cancel", id="t1")
    await client.until_end("t1")
    assert "My name is Ada." in text_of(await client.ask("Who am I?"))


async def test_it_ends_where_it_was_told_to(client: Client) -> None:
    frames = await client.ask("hi", max_output_tokens=3)
    assert (frames[-1]["finish_reason"], frames[-1]["output_tokens"]) == ("max_tokens", 3)
    frames = await client.ask("hi", stop=["no real model"])
    assert frames[-1]["finish_reason"] == "stop"
    assert text_of(frames).endswith("stand-in**: ")


async def test_it_thinks_when_asked(client: Client) -> None:
    frames = await client.ask("hi", thinking="low")
    assert text_of(frames, "thought").startswith("**Reading the question**")
    assert frames[-1]["thought_tokens"] > 0


async def test_its_log_shows_that_a_stream_was_closed(address: str, log: Log) -> None:
    async with connected(address) as client:
        await client.chat()
        await client.receive()
    await log.line("stand-in: stream closed by its reader")


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"contents": []}', b'{"contents": [{"parts": 1}]}'])
async def test_it_refuses_what_gemini_would(body: bytes) -> None:
    async with StandIn() as standin, aiohttp.ClientSession() as session:
        url = f"{standin.url}/v1beta/models/offline:streamGenerateContent?alt=sse"
        async with session.post(url, data=body) as response:
            assert response.status == 400
            assert (await response.json())["error"]["status"] == "INVALID_ARGUMENT"


@pytest.fixture(scope="module")
async def with_tools() -> AsyncIterator[str]:
    async with serving(None, tools="search,url_context,code") as address:
        yield address


async def test_it_shows_sources_and_code_when_it_is_given_tools(with_tools: str) -> None:
    async with connected(with_tools) as client:
        frames = await client.ask("hi", tools=["search", "code"])
    text = text_of(frames)
    by_type = {frame["type"]: frame for frame in frames}
    assert list(by_type)[:2] == ["code", "code_result"]
    assert by_type["code_result"]["output"] == "1024\n"
    assert by_type["search"]["queries"] == ["hi"]
    assert [frame["index"] for frame in frames if frame["type"] == "source"] == [1, 2]
    cited = [text[frame["start"] : frame["end"]] for frame in frames if frame["type"] == "citation"]
    assert cited == ["no real model is behind it", "It streams like the real one"]


async def test_it_answers_in_json_of_a_schema(client: Client) -> None:
    schema = {
        "type": "object",
        "properties": {
            "name": {"type": ["string", "null"]},
            "sizes": {"type": "array", "items": {"type": "integer", "minimum": 7}, "minItems": 2},
            "next": {"anyOf": [{"$ref": "#/$defs/Colour"}, {"type": "null"}]},
        },
        "$defs": {"Colour": {"enum": ["blue", "red"]}},
    }
    text = text_of(await client.ask("hi", response_schema=schema))
    assert json.loads(text) == {"name": "text", "sizes": [7, 7], "next": "blue"}


async def test_it_calls_a_function_and_quotes_its_result(client: Client) -> None:
    parameters = {"type": "object", "properties": {"city": {"type": "string"}}}
    await client.chat("hi", id="t1", tools=[{"name": "weather", "parameters": parameters}])
    called = await client.receive()
    assert (called["type"], called["name"], called["arguments"]) == ("tool_call", "weather", {"city": "text"})
    await client.send(type="tool_result", id="t1", call=called["call"], result={"sky": "blue"})
    assert '`weather`: `{"sky":"blue"}`' in text_of(await client.until_end("t1"))
