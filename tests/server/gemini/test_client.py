"""The seam with google-genai: that it is still there, and that it sends what the SDK itself would."""

import asyncio
import json
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from google import genai
from google.genai import types
from pydantic.alias_generators import to_camel
from support.functions import COUNTED
from support.upstream import Exchange, Upstream, answer, fails, says, starts_and_is_silent

from deltawire.gemini.account import Account
from deltawire.gemini.client import GeminiClient
from deltawire.gemini.events import Event, Text
from deltawire.protocol.chat_request import ChatRequest, HistoryMessage
from deltawire.protocol.errors import Failure


@asynccontextmanager
async def asking(upstream: Upstream, **account: Any) -> AsyncIterator[GeminiClient]:
    given = {"api_key": "secret", "base_url": upstream.url, "api_version": "v1beta"} | account
    async with GeminiClient(Account(**given)) as client:
        yield client


async def events_of(client: GeminiClient, request: ChatRequest) -> list[Event]:
    stream = await client.open("gemini-flash-latest", request, [])
    events = []
    while not stream.ended:
        events += await stream.read()
    return events


FULL = ChatRequest(
    message="now",
    system="be brief",
    temperature=0.5,
    top_p=0.9,
    max_output_tokens=99,
    stop=["END"],
    seed=7,
    thinking="high",
)
HISTORY = [HistoryMessage("user", "before"), HistoryMessage("model", "after")]


@pytest.mark.filterwarnings("ignore:Inheritance class AiohttpClientSession:DeprecationWarning")  # the SDK's own
@pytest.mark.parametrize(
    "model, thinking",
    [
        ("gemini-3-flash", types.ThinkingConfig(include_thoughts=True, thinking_level=types.ThinkingLevel.HIGH)),
        ("gemini-2.5-flash", types.ThinkingConfig(include_thoughts=True, thinking_budget=24_576)),
    ],
)
async def test_our_request_is_the_one_that_the_sdk_sends(
    upstream: Upstream, model: str, thinking: types.ThinkingConfig
) -> None:
    async with asking(upstream) as client:
        (await client.open(model, FULL, HISTORY)).close()
    options = types.HttpOptions(base_url=upstream.url, api_version="v1beta")
    sdk = genai.Client(api_key="secret", http_options=options)
    config = types.GenerateContentConfig(
        system_instruction="be brief",
        temperature=0.5,
        top_p=0.9,
        max_output_tokens=99,
        stop_sequences=["END"],
        seed=7,
        thinking_config=thinking,
        automatic_continuation=False,
    )
    contents = [types.Content(role=item.role, parts=[types.Part(text=item.text)]) for item in HISTORY]
    contents.append(types.Content(role="user", parts=[types.Part(text="now")]))
    async for _ in await sdk.aio.models.generate_content_stream(model=model, contents=contents, config=config):
        pass
    sdk.close()
    await sdk.aio.aclose()
    ours, theirs = upstream.exchanges
    assert ours.target == theirs.target
    system = theirs.body["systemInstruction"]
    system.pop("role")  # the SDK calls the operator a user; Google ignores it
    thoughts = theirs.body["generationConfig"]["thinkingConfig"]  # Google takes its snake case as well
    theirs.body["generationConfig"]["thinkingConfig"] = {to_camel(name): value for name, value in thoughts.items()}
    assert ours.body == theirs.body
    assert ours.headers["x-goog-api-key"] == theirs.headers["x-goog-api-key"] == "secret"


async def test_vertex_is_asked_at_its_own_path(upstream: Upstream) -> None:
    async with asking(upstream, vertex=True, api_version="v1beta1") as client:
        (await client.open("gemini-3-flash", ChatRequest(message="hi"), [])).close()
    assert upstream.exchanges[0].target == (
        "/v1beta1/publishers/google/models/gemini-3-flash:streamGenerateContent?alt=sse"
    )


async def test_an_error_body_is_read_within_bounds_and_its_status_kept(upstream: Upstream) -> None:
    async def endless(exchange: Exchange) -> None:
        await exchange.start(503, {"Content-Type": "application/json"})
        while True:
            await exchange.send(b"x" * 4096)

    upstream.plays(endless)
    async with asking(upstream) as client:
        with pytest.raises(Failure) as failure:
            await client.open("m", ChatRequest(message="hi"), [])
        assert (failure.value.code, failure.value.cause) == ("upstream_unavailable", "503")


@pytest.mark.parametrize(
    "body, content_type",
    [(b"<html>Bad gateway</html>", "text/html"), (b"not json", "application/json"), (b"\xff[[", "application/json")],
)
async def test_an_error_body_that_is_not_what_it_claims_keeps_its_status(
    upstream: Upstream, body: bytes, content_type: str
) -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.respond(429, body, content_type, **{"Retry-After": "7"})

    upstream.plays(script)
    async with asking(upstream) as client:
        with pytest.raises(Failure) as failure:
            await client.open("m", ChatRequest(message="hi"), [])
        assert (failure.value.code, failure.value.retry_after) == ("upstream_rate_limited", 7.0)


async def test_an_error_in_an_array_is_read(upstream: Upstream) -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.respond(403, b'[{"error": {"code": 403, "status": "PERMISSION_DENIED"}}]')

    upstream.plays(script)
    async with asking(upstream) as client:
        with pytest.raises(Failure) as failure:
            await client.open("m", ChatRequest(message="hi"), [])
        assert failure.value.cause == "403 PERMISSION_DENIED"


async def test_a_redirect_is_refused_and_the_key_goes_nowhere(upstream: Upstream) -> None:
    async with Upstream() as elsewhere:

        async def redirects(exchange: Exchange) -> None:
            await exchange.respond(307, b"elsewhere", Location=elsewhere.url)

        upstream.plays(redirects)
        async with asking(upstream) as client:
            with pytest.raises(Failure, match="upstream_rejected"):
                await client.open("m", ChatRequest(message="hi"), [])
        assert elsewhere.exchanges == []


async def test_closing_a_stream_wakes_whoever_reads_it(upstream: Upstream) -> None:
    upstream.plays(starts_and_is_silent)
    async with asking(upstream) as client:
        stream = await client.open("m", ChatRequest(message="hi"), [])
        reading = asyncio.create_task(stream.read())
        await asyncio.sleep(0)
        stream.close()
        with pytest.raises(Failure):
            await reading
        await upstream.exchanges[0].closes()
        stream.close()


@pytest.mark.parametrize("coding", ["identity", "gzip"])
async def test_a_body_that_is_larger_than_what_is_held_for_a_reader_arrives_whole(
    upstream: Upstream, coding: str
) -> None:
    texts = [f"{number} " * 50 for number in range(5000)]

    async def sends(exchange: Exchange) -> None:
        zipper = zlib.compressobj(wbits=31)
        await exchange.start(headers={"Content-Type": "text/event-stream", "Content-Encoding": coding})
        for text in texts:
            event = b"data: " + json.dumps(answer(text, finish="STOP")).encode() + b"\r\n\r\n"
            if coding == "gzip":
                event = zipper.compress(event) + zipper.flush(zlib.Z_SYNC_FLUSH)
            await exchange.send(event)
        await exchange.finish()

    upstream.plays(sends)
    async with asking(upstream) as client:
        events = await asyncio.wait_for(events_of(client, ChatRequest(message="hi")), 20)
    assert "".join(event.text for event in events if isinstance(event, Text)) == "".join(texts)


def event(text: str, **more: Any) -> bytes:
    return b"data: " + json.dumps(answer(text, **more)).encode()


async def test_what_lies_unread_while_a_slow_client_is_sent_to_is_no_silence(upstream: Upstream) -> None:
    has_read = asyncio.Event()

    async def sends(exchange: Exchange) -> None:
        await exchange.start()
        await exchange.text("Hello ", finish="STOP", usage=COUNTED)
        await has_read.wait()
        await exchange.text("world", finish="STOP", usage=COUNTED)
        await exchange.finish()

    upstream.plays(sends)
    account = Account(api_key="secret", base_url=upstream.url, api_version="v1beta")
    async with GeminiClient(account, end_silence=0.01) as client:
        stream = await client.open("m", ChatRequest(message="hi"), [])
        assert await stream.read() == [Text("Hello ")]
        has_read.set()
        await asyncio.sleep(0.2)  # as long as it takes to send to a slow client
        assert await stream.read() == [Text("world")]
        while not stream.ended:
            assert await stream.read() == []
        stream.close()


@pytest.mark.parametrize("leave", [Exchange.cut, Exchange.reset])
@pytest.mark.parametrize("end", [b"", b"\r", b"\r\n", b"\r\n\r"])
async def test_a_last_event_without_its_blank_line_is_read_when_the_connection_is_cut(
    upstream: Upstream, end: bytes, leave: Callable[[Exchange], None]
) -> None:
    async def sends(exchange: Exchange) -> None:
        await exchange.start()
        await exchange.text("Hello ")
        await exchange.send(event("world", finish="STOP", usage=COUNTED) + end)
        await asyncio.sleep(0.1)  # a reset drops what the other side has not read from its socket
        leave(exchange)

    upstream.plays(sends)
    async with asking(upstream) as client:
        stream = await client.open("m", ChatRequest(message="hi"), [])
        events: list[Event] = []
        while not stream.ended:
            events += await stream.read()
        stream.close()
    assert "".join(event.text for event in events if isinstance(event, Text)) == "Hello world"
    assert (stream.finish_reason, stream.counts.total) == ("stop", COUNTED["totalTokenCount"])


async def test_an_error_whose_connection_is_cut_is_told_by_its_own_name(upstream: Upstream) -> None:
    async def sends(exchange: Exchange) -> None:
        await exchange.start()
        await exchange.send(b'{"error":{"code":429,"status":"RESOURCE_EXHAUSTED","message":"x"}}')
        exchange.cut()

    upstream.plays(sends)
    async with asking(upstream) as client:
        stream = await client.open("m", ChatRequest(message="hi"), [])
        events: list[Event] = []
        while not events:
            events += await stream.read()
        stream.close()
    assert [event.code for event in events if isinstance(event, Failure)] == ["upstream_rate_limited"]


@pytest.mark.parametrize("leave", [Exchange.cut, Exchange.reset])
async def test_what_has_come_compressed_is_read_before_the_connection_is_said_to_be_cut(
    upstream: Upstream, leave: Callable[[Exchange], None]
) -> None:
    has_left = asyncio.Event()

    async def sends(exchange: Exchange) -> None:
        zipper = zlib.compressobj(wbits=31)
        await exchange.start(headers={"Content-Type": "text/event-stream", "Content-Encoding": "gzip"})
        text = event("Hello world", finish="STOP", usage=COUNTED) + b"\r\n\r\n"
        await exchange.send(zipper.compress(text) + zipper.flush(zlib.Z_SYNC_FLUSH))
        await asyncio.sleep(0.1)  # a reset drops what the other side has not read from its socket
        leave(exchange)
        has_left.set()

    upstream.plays(sends)
    async with asking(upstream) as client:
        stream = await client.open("m", ChatRequest(message="hi"), [])
        await has_left.wait()
        await asyncio.sleep(0.1)  # until the cut has come
        assert await stream.read() == [Text("Hello world")]
        while not stream.ended:
            assert await stream.read() == []
        stream.close()


async def test_a_stream_that_was_read_to_its_end_leaves_no_connection_in_use(upstream: Upstream) -> None:
    upstream.plays(says("x"))
    async with asking(upstream) as client:
        assert await events_of(client, ChatRequest(message="hi"))
        await upstream.exchanges[0].closes()


async def test_one_fault_is_asked_about_once(upstream: Upstream) -> None:
    upstream.plays(fails(503))
    async with asking(upstream) as client:
        with pytest.raises(Failure):
            await client.open("m", ChatRequest(message="hi"), [])
    assert len(upstream.exchanges) == 1
