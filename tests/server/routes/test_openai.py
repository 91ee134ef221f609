"""`/v1` as the real client of OpenAI's API sees it."""

import asyncio
import contextlib
import json
import sys
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any, Literal

import aiohttp
import openai
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openai import AsyncOpenAI
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from pydantic import BaseModel
from support.bodies import EVERY_COUNT, OURS, recordings
from support.identity import API_KEYS, KEYS
from support.log import Log
from support.openai_client import openai_client
from support.openai_wire import FORMS, ask_form
from support.paths import DOCS
from support.serving import serving, sharing
from support.transports import ask_rest, post
from support.upstream import (
    Exchange,
    Upstream,
    fails,
    is_silent,
    plays_body,
    says,
    says_and_breaks_off,
    says_and_is_silent,
    says_when,
)

from deltawire.api_docs.openai_operations import COMPLETIONS, RESPONSES
from deltawire.protocol.errors import TABLE
from deltawire.protocol.openai.chat_request import FIELDS
from deltawire.protocol.openai.response_request import RESPONSE_FIELDS
from deltawire.routes import sse

PATH = "/v1/chat/completions"
MODEL = "gemini-flash-latest"
HI: Any = [{"role": "user", "content": "hi"}]
BLOCKED = {"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": {"promptTokenCount": 8, "totalTokenCount": 8}}


def text_of(chunks: list[ChatCompletionChunk]) -> str:
    return "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)


async def blocks(exchange: Exchange) -> None:
    """A script for a prompt that is refused."""
    await exchange.start()
    await exchange.event(BLOCKED)
    await exchange.finish()


async def test_the_client_gets_a_whole_answer(upstream: Upstream, client: AsyncOpenAI) -> None:
    upstream.plays(says("Hello", " world", thoughts=["Hm."], usage=EVERY_COUNT))
    answer = await client.chat.completions.create(
        model=MODEL,
        messages=[
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "one"},
            {"role": "assistant", "content": "two"},
            {"role": "user", "content": [{"type": "text", "text": "three"}]},
        ],
        max_completion_tokens=99,
        stop=["END"],
        seed=7,
        reasoning_effort="low",
    )
    [choice] = answer.choices
    assert (choice.index, choice.message.role, choice.message.content) == (0, "assistant", "Hello world")
    assert (choice.finish_reason, choice.message.reasoning_content) == ("stop", "Hm.")
    assert answer.usage is not None
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens, answer.usage.total_tokens) == (16, 3, 19)
    assert (answer.model, bool(answer._request_id)) == (MODEL, True)
    body = upstream.exchanges[0].body
    assert upstream.exchanges[0].texts == ["one", "two", "three"]
    assert body["systemInstruction"] == {"parts": [{"text": "Be brief."}]}
    config = body["generationConfig"]
    assert (config["maxOutputTokens"], config["stopSequences"], config["seed"]) == (99, ["END"], 7)


@pytest.mark.parametrize("counted", [True, False])
async def test_the_client_gets_a_stream(upstream: Upstream, client: AsyncOpenAI, *, counted: bool) -> None:
    upstream.plays(says("Hello", " world", thoughts=["Hm."]))
    stream = await client.chat.completions.create(
        model=MODEL,
        messages=HI,
        stream=True,
        reasoning_effort="high",
        stream_options={"include_usage": True} if counted else openai.omit,
    )
    chunks = [chunk async for chunk in stream]
    assert text_of(chunks) == "Hello world"
    choices = [choice for chunk in chunks for choice in chunk.choices]
    assert [choice.finish_reason for choice in choices] == [None] * (len(choices) - 1) + ["stop"]
    assert {choice.index for choice in choices} == {0}
    assert [getattr(choice.delta, "reasoning_content", None) for choice in choices].count("Hm.") == 1
    assert [chunk.usage.total_tokens for chunk in chunks if chunk.usage] == ([5] if counted else [])
    assert len({(chunk.id, chunk.created, chunk.model) for chunk in chunks}) == 1


async def test_an_answer_can_be_sent_back_as_the_client_has_it(upstream: Upstream, client: AsyncOpenAI) -> None:
    upstream.plays(says("Hello", thoughts=["Hm."]), says("Yes."), says("Hello", thoughts=["Hm."]), says("Yes."))
    first = await client.chat.completions.create(model=MODEL, messages=HI, reasoning_effort="low")
    message: Any = first.choices[0].message.model_dump()
    message["provider_specific_fields"] = {"reasoning_content": "Hm."}  # of LiteLLM
    await client.chat.completions.create(model=MODEL, messages=[*HI, message, {"role": "user", "content": "So?"}])
    reasoning: Any = {"effort": "low", "summary": "auto"}
    response = await client.responses.create(model=MODEL, input=HI, reasoning=reasoning)
    output: Any = [item.model_dump() for item in response.output]
    await client.responses.create(model=MODEL, input=[*HI, *output, {"role": "user", "content": "So?"}])
    assert [upstream.exchanges[at].texts for at in (1, 3)] == [["hi", "Hello", "So?"]] * 2


async def test_a_delta_is_sent_as_it_comes_and_a_client_that_stops_closes_the_upstream(
    upstream: Upstream, client: AsyncOpenAI
) -> None:
    upstream.plays(says_and_is_silent("first"))
    async with await client.chat.completions.create(model=MODEL, messages=HI, stream=True) as stream:
        async for chunk in stream:
            if chunk.choices[0].delta.content:
                break
    await upstream.exchanges[0].closes()


@pytest.mark.parametrize("stream", [True, False])
async def test_a_client_that_leaves_before_the_first_word_closes_the_upstream(
    upstream: Upstream, client: AsyncOpenAI, log: Log, *, stream: bool
) -> None:
    upstream.plays(is_silent)
    asking = asyncio.create_task(client.chat.completions.create(model=MODEL, messages=HI, stream=stream))
    exchange = await upstream.wait_for_request()
    asking.cancel()
    await exchange.closes()
    ended = await log.line("turn_ended")
    assert (ended["end"], ended["reason"]) == ("cancelled", "client_gone")


@pytest.mark.parametrize("stream", [True, False])
async def test_a_prompt_that_is_refused_is_a_status(upstream: Upstream, client: AsyncOpenAI, *, stream: bool) -> None:
    upstream.plays(blocks)
    with pytest.raises(openai.UnprocessableEntityError) as refused:
        await client.chat.completions.create(model=MODEL, messages=HI, stream=stream)
    assert (refused.value.code, refused.value.type) == ("blocked", "invalid_request_error")
    assert refused.value.response.headers["X-Should-Retry"] == "false"


@pytest.mark.parametrize("stream", [True, False])
async def test_a_provider_that_is_away_is_a_status_before_the_first_chunk(
    upstream: Upstream, client: AsyncOpenAI, *, stream: bool
) -> None:
    upstream.plays(fails(503))
    with pytest.raises(openai.InternalServerError) as failed:
        await client.chat.completions.create(model=MODEL, messages=HI, stream=stream)
    assert (failed.value.code, failed.value.status_code) == ("upstream_unavailable", 502)
    assert failed.value.response.headers["X-Should-Retry"] == "true"


async def test_a_stream_that_is_cut_raises_after_its_text_and_is_not_done(
    upstream: Upstream, client: AsyncOpenAI
) -> None:
    upstream.plays(says_and_breaks_off("half"))
    stream = await client.chat.completions.create(model=MODEL, messages=HI, stream=True)
    chunks = aiter(stream)
    received = [await anext(chunks), await anext(chunks)]
    with pytest.raises(openai.APIError) as failed:
        await anext(chunks)
    assert text_of(received) == "half"
    assert failed.value.code == "upstream_truncated"
    assert [chunk.choices[0].finish_reason for chunk in received] == [None, None]


async def test_a_stream_that_waits_long_is_begun_and_ends_in_an_error(
    upstream: Upstream, client: AsyncOpenAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sse, "_HEARTBEAT_SECONDS", 0.05)
    released = asyncio.Event()

    async def refuses_late(exchange: Exchange) -> None:
        await released.wait()
        await blocks(exchange)

    upstream.plays(refuses_late)
    stream = await client.chat.completions.create(model=MODEL, messages=HI, stream=True)
    released.set()
    with pytest.raises(openai.APIError) as failed:
        await anext(aiter(stream))
    assert failed.value.code == "blocked"


async def test_an_answer_that_is_cut_is_not_asked_again_by_the_client(upstream: Upstream, client: AsyncOpenAI) -> None:
    upstream.plays(says_and_breaks_off("half"))
    with pytest.raises(openai.InternalServerError) as failed:
        await client.with_options(max_retries=2).chat.completions.create(model=MODEL, messages=HI)
    assert failed.value.code == "upstream_truncated"
    assert len(upstream.exchanges) == 1


@pytest.mark.parametrize("stream", [True, False])
async def test_a_caller_over_the_limit_is_told_when_to_come_back(upstream: Upstream, *, stream: bool) -> None:
    async with serving(upstream, turns_per_minute=1) as address, openai_client(address) as client:
        first = await client.chat.completions.with_raw_response.create(model=MODEL, messages=HI)
        assert "ratelimit" in first.headers
        with pytest.raises(openai.RateLimitError) as refused:
            await client.chat.completions.create(model=MODEL, messages=HI, stream=stream)
        async with aiohttp.ClientSession() as http, http.get(f"http://{address}/usage") as usage:
            [used] = (await usage.json())["days"][0]["models"]
    assert (refused.value.code, refused.value.type) == ("rate_limited", "rate_limit_error")
    assert 0 < int(refused.value.response.headers["Retry-After"]) <= 61
    assert refused.value.request_id
    assert used["turns"] == 1


async def test_the_key_is_the_callers_and_every_refusal_has_openais_shape(upstream: Upstream) -> None:
    async with sharing(upstream, api_keys=API_KEYS, max_frame_bytes=10_000) as address:
        async with openai_client(address, KEYS["alice"]) as client:
            assert (await client.chat.completions.create(model=MODEL, messages=HI)).choices[0].message.content
            assert [model.id for model in (await client.models.list()).data] == [MODEL]
            assert (await client.models.retrieve(MODEL)).object == "model"
            with pytest.raises(openai.NotFoundError) as unknown:
                await client.models.retrieve("gpt-4")
            with pytest.raises(openai.NotFoundError) as unknown_too:
                await client.chat.completions.create(model="gpt-4", messages=HI)
            assert (unknown.value.code, unknown_too.value.code) == ("unknown_model", "unknown_model")
            with pytest.raises(openai.NotFoundError) as nowhere:
                await client.embeddings.create(model=MODEL, input="hi")
            assert (nowhere.value.code, nowhere.value.type) == ("not_found", "invalid_request_error")
            with pytest.raises(openai.APIStatusError) as large:
                await client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": "x" * 20_000}])
            assert (large.value.status_code, large.value.code) == (413, "message_too_large")
            with pytest.raises(openai.BadRequestError) as refused:
                await client.chat.completions.create(model=MODEL, messages=HI, n=2)
            assert (refused.value.code, refused.value.param) == ("invalid_frame", "n")
        async with openai_client(address, "wrong") as client:
            with pytest.raises(openai.AuthenticationError) as stranger:
                await client.models.list()
            assert (stranger.value.code, stranger.value.type) == ("unauthenticated", "authentication_error")


async def test_a_message_that_is_too_long_is_named_by_openais_field(upstream: Upstream) -> None:
    async with sharing(upstream, max_message_chars=10) as address, openai_client(address) as client:
        with pytest.raises(openai.APIStatusError) as refused:
            await client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": "x" * 11}])
        with pytest.raises(openai.APIStatusError) as refused_too:
            await client.responses.create(model=MODEL, input="x" * 11)
        with pytest.raises(openai.APIStatusError) as instructed:
            await client.responses.create(model=MODEL, input="x", instructions="x" * 11)
    assert (refused.value.status_code, refused.value.param) == (413, "messages")
    assert (refused_too.value.param, instructed.value.param) == ("input", "instructions")


class Sky(BaseModel):
    kind: Literal["sky"]
    colour: str


async def test_a_literal_in_the_model_of_an_answer_is_asked_as_an_enum(upstream: Upstream, client: AsyncOpenAI) -> None:
    upstream.plays(says('{"kind": "sky", "colour": "blue"}'))
    completion = await client.chat.completions.parse(model=MODEL, messages=HI, response_format=Sky)
    response = await client.responses.parse(model=MODEL, input="hi", text_format=Sky)
    assert completion.choices[0].message.parsed == response.output_parsed == Sky(kind="sky", colour="blue")
    for exchange in upstream.exchanges:
        kind = exchange.body["generationConfig"]["responseJsonSchema"]["properties"]["kind"]
        assert (kind["type"], kind["enum"]) == ("string", ["sky"])
        assert "const" not in kind


async def test_a_schema_is_named_by_openais_path_in_the_field_and_in_the_message(client: AsyncOpenAI) -> None:
    deep: Any = {"type": "object"}
    for _ in range(200):
        deep = {"type": "object", "properties": {"a": deep}}
    function: Any = {"name": "f", "parameters": deep}
    pattern: Any = {"type": "object", "properties": {"a": {"pattern": "a"}}}
    format_: Any = {"type": "json_schema", "json_schema": {"name": "x", "schema": pattern}}
    create, respond = client.chat.completions.create, client.responses.create
    for request, path in (
        (create(model=MODEL, messages=HI, response_format=format_), "response_format.json_schema.schema.properties.a"),
        (
            create(model=MODEL, messages=HI, tools=[{"type": "function", "function": function}]),
            "tools[0].function.parameters",
        ),
        (respond(model=MODEL, input="hi", tools=[{"type": "function", **function}]), "tools[0].parameters"),
    ):
        with pytest.raises(openai.BadRequestError) as refused:
            await request
        assert (refused.value.param or "").removesuffix(".pattern") == path
        assert refused.value.body["message"].startswith(path)


async def test_a_mode_that_the_model_does_not_take_is_named_by_openais_field(upstream: Upstream) -> None:
    tool: Any = {"type": "function", "name": "f", "parameters": {}}
    async with sharing(upstream, models="gemini-2.5-flash") as address, openai_client(address) as client:
        for request, param in (
            (
                client.chat.completions.create(
                    model="gemini-2.5-flash",
                    messages=HI,
                    tools=[{"type": "function", "function": {"name": "f"}}],
                    response_format={"type": "json_object"},
                ),
                "response_format",
            ),
            (
                client.responses.create(
                    model="gemini-2.5-flash", input="hi", tools=[tool], text={"format": {"type": "json_object"}}
                ),
                "text.format",
            ),
        ):
            with pytest.raises(openai.BadRequestError) as refused:
                await request
            assert refused.value.param == param


async def test_a_drain_ends_a_stream_in_an_error(upstream: Upstream) -> None:
    upstream.plays(says_when(asyncio.Event()))
    reading: asyncio.Task[list[ChatCompletionChunk]]
    async with contextlib.AsyncExitStack() as stack:
        async with serving(upstream) as address:
            client = await stack.enter_async_context(openai_client(address))
            stream = await client.chat.completions.create(model=MODEL, messages=HI, stream=True)
            await anext(aiter(stream))
            reading = asyncio.create_task(_all_of(stream))
        with pytest.raises(openai.APIError) as failed:
            await reading
    assert failed.value.code == "draining"


async def _all_of(stream: openai.AsyncStream[ChatCompletionChunk]) -> list[ChatCompletionChunk]:
    return [chunk async for chunk in stream]


async def _ask(client: AsyncOpenAI, *, stream: bool) -> ChatCompletion | list[ChatCompletionChunk]:
    if not stream:
        return await client.chat.completions.create(model=MODEL, messages=HI)
    return await _all_of(
        await client.chat.completions.create(
            model=MODEL, messages=HI, stream=True, stream_options={"include_usage": True}
        )
    )


RESPONSE_FORMS = [form for form in FORMS.values() if form.path == "/v1/responses"]
BODIES = {
    **{name: OURS[name] for name in ("plain", "thoughts", "totals that reset with tools", "a finish without text")},
    **recordings(),
}


async def test_a_recording_is_the_same_answer_by_either_wire(upstream: Upstream, client: AsyncOpenAI, log: Log) -> None:
    address = client.base_url.netloc.decode()
    costs: list[float | None] = []
    for name, body in BODIES.items():
        upstream.plays(plays_body(body))
        *_, end = frames = await ask_rest(address)
        text = "".join(frame["text"] for frame in frames if frame["type"] == "delta")
        if end["type"] == "error":
            for streams in (False, True):
                with pytest.raises(openai.APIError) as failed:
                    await _ask(client, stream=streams)
                assert (name, failed.value.code) == (name, end["code"])
            for form in RESPONSE_FORMS:
                assert (name, (await ask_form(address, form)).end) == (name, end["code"])
            continue
        whole, chunks = await _ask(client, stream=False), await _ask(client, stream=True)
        assert isinstance(whole, ChatCompletion)
        assert isinstance(chunks, list)
        assert (name, text_of(chunks), whole.choices[0].message.content) == (name, text, text)
        usages = [chunk.usage for chunk in chunks if chunk.usage]
        assert usages == ([whole.usage] if whole.usage else [])
        assert (name, whole.usage.total_tokens if whole.usage else None) == (name, end["total_tokens"])
        for form in RESPONSE_FORMS:
            assert (name, (await ask_form(address, form)).text) == (name, text)
        costs += [end["cost_usd"]] * 5
    while sum(line["event"] == "turn_ended" for line in log.lines) < 5 * len(BODIES):  # noqa: ASYNC110 - nobody tells
        await asyncio.sleep(0.005)
    ended = [line for line in log.lines if line["event"] == "turn_ended"]
    assert Counter(line["cost_usd"] for line in ended if line["end"] not in TABLE) == Counter(costs)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
_names = sorted({row.name for row in (*FIELDS, *RESPONSE_FIELDS)} | {"other"})
_messages = st.lists(
    st.dictionaries(st.sampled_from(_names), json_values | st.sampled_from(["user", "system", "assistant", "hi"]))
    | st.just(HI[0]),
    max_size=3,
)


@pytest.fixture(scope="module")
async def wild() -> AsyncIterator[str]:
    async with Upstream() as upstream, serving(upstream, retries=0) as address:
        yield address


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(
    body=st.binary(max_size=100)
    | st.builds(
        lambda fields, name, messages: json.dumps({**fields, name: messages}).encode(),
        st.dictionaries(st.sampled_from(_names), json_values, max_size=4),
        st.sampled_from(["messages", "input"]),
        _messages | json_values,
    ),
    path=st.sampled_from([PATH, "/v1/responses"]),
)
async def test_anything_posted_is_answered(wild: str, body: bytes, path: str) -> None:
    status, answer, _ = await post(wild, path, body)
    assert status == 200 or 400 <= status < 500
    assert status == 200 or answer["error"].keys() == {"message", "type", "param", "code"}


EXAMPLES = [*((PATH, example) for example in COMPLETIONS.values()), *(("/v1/responses", e) for e in RESPONSES.values())]


@pytest.mark.parametrize("path, example", EXAMPLES)
async def test_each_example_is_answered(client: AsyncOpenAI, path: str, example: dict[str, Any]) -> None:
    status, _, headers = await post(client.base_url.netloc.decode(), path, json.dumps(example).encode())
    assert (status, "text/event-stream" in headers["Content-Type"]) == (200, bool(example.get("stream")))


async def test_the_client_gets_a_whole_response(upstream: Upstream, client: AsyncOpenAI) -> None:
    upstream.plays(says("Hello", " world", thoughts=["Hm."], usage=EVERY_COUNT))
    response = await client.responses.create(
        model=MODEL,
        instructions="Be brief.",
        input=[
            {"role": "developer", "content": "Be kind."},
            {"role": "user", "content": "one"},
            {"role": "assistant", "content": "two"},
            {"role": "user", "content": [{"type": "input_text", "text": "three"}]},
        ],
        store=False,
        max_output_tokens=99,
        reasoning={"effort": "low", "summary": "auto"},
    )
    assert (response.output_text, response.status, response.incomplete_details) == ("Hello world", "completed", None)
    assert [item.type for item in response.output] == ["reasoning", "message"]
    assert response.usage is not None
    assert (response.usage.input_tokens, response.usage.output_tokens, response.usage.total_tokens) == (16, 3, 19)
    assert upstream.exchanges[0].texts == ["one", "two", "three"]
    assert upstream.exchanges[0].body["systemInstruction"] == {"parts": [{"text": "Be brief.\n\nBe kind."}]}


async def test_the_clients_own_stream_of_a_response_ends_in_the_whole(upstream: Upstream, client: AsyncOpenAI) -> None:
    upstream.plays(says("Hello", " world", thoughts=["Hm."]))
    async with client.responses.stream(
        model=MODEL, input="hi", reasoning={"effort": "low", "summary": "auto"}, store=False
    ) as stream:
        events = [event async for event in stream]
        whole = await stream.get_final_response()
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert (events[0].type, events[-1].type) == ("response.created", "response.completed")
    assert (whole.output_text, whole.status) == ("Hello world", "completed")


async def test_thoughts_that_a_response_does_not_show_leave_its_stream_whole(
    upstream: Upstream, client: AsyncOpenAI
) -> None:
    async def thinks_between(exchange: Exchange) -> None:
        await exchange.start()
        await exchange.text("Hello")
        await exchange.text("Hm.", thought=True)
        await exchange.text(" world", finish="STOP")
        await exchange.finish()

    upstream.plays(thinks_between)
    stream = await client.responses.create(model=MODEL, input="hi", reasoning={"effort": "low"}, stream=True)
    events = [event async for event in stream]
    assert not [event.type for event in events if "reasoning" in event.type]
    assert events[-1].type == "response.completed"
    assert events[-1].response.output_text == "Hello world"


async def test_a_client_hears_something_while_thoughts_come_that_it_does_not_see(
    upstream: Upstream, client: AsyncOpenAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sse, "_HEARTBEAT_SECONDS", 0.3)
    heartbeat = asyncio.Event()

    async def thinks_on(exchange: Exchange) -> None:
        await exchange.start()
        while not heartbeat.is_set():
            await exchange.text("Hm.", thought=True)
            await asyncio.sleep(0.02)
        await exchange.text("Hello", finish="STOP")
        await exchange.finish()

    upstream.plays(thinks_on)
    asking = client.responses.with_streaming_response.create(
        model=MODEL, input="hi", reasoning={"effort": "low"}, stream=True
    )
    async with asking as response:
        async for line in response.iter_lines():
            if line.startswith(":"):
                heartbeat.set()
    assert heartbeat.is_set()


async def test_a_response_that_is_cut_ends_in_an_error_and_as_failed(upstream: Upstream, client: AsyncOpenAI) -> None:
    upstream.plays(says_and_breaks_off("half"))
    events = [event async for event in await client.responses.create(model=MODEL, input="hi", stream=True)]
    error, failed = events[-2:]
    assert (error.type, failed.type) == ("error", "response.failed")
    assert error.type == "error"
    assert error.code == "upstream_truncated"


async def test_a_client_that_stops_a_response_closes_the_upstream(upstream: Upstream, client: AsyncOpenAI) -> None:
    upstream.plays(says_and_is_silent("first"))
    async with await client.responses.create(model=MODEL, input="hi", stream=True) as stream:
        async for event in stream:
            if event.type == "response.output_text.delta":
                break
    await upstream.exchanges[0].closes()


async def test_a_response_that_would_be_stored_is_refused_by_name(upstream: Upstream, client: AsyncOpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        await client.responses.create(model=MODEL, input="hi", previous_response_id="resp_1")
    assert (refused.value.code, refused.value.param) == ("invalid_frame", "previous_response_id")


async def test_the_recipe_of_the_guide_works(upstream: Upstream) -> None:
    recipe = (DOCS / "guide" / "openai.md").read_text().split("```python\n")[1].split("```")[0]
    async with sharing(upstream) as address:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", recipe.replace("127.0.0.1:8000", address)), stdout=asyncio.subprocess.PIPE
        )
        output, _ = await process.communicate()
    assert output == b"Hello world\n5 tokens\n"
