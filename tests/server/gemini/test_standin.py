"""The stand-in: what somebody without a key meets."""

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
