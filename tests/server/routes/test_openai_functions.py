"""Functions over `/v1`, as the real client of OpenAI's API calls them."""

import asyncio
import json
import sys
from contextlib import AsyncExitStack
from functools import partial
from typing import Any

import openai
import pytest
from openai import AsyncOpenAI
from openai.types.chat import ChatCompletionChunk
from support.functions import TOOLS, call, calls, contents_of
from support.openai_client import openai_client
from support.paths import DOCS
from support.redis import RedisServer
from support.serving import serving, sharing
from support.upstream import Exchange, Upstream, fails, says

MODEL = "gemini-flash-latest"
CHAT_TOOLS: Any = [{"type": "function", "function": tool} for tool in TOOLS]
RESPONSE_TOOLS: Any = [{"type": "function", "strict": None, "parameters": None, **tool} for tool in TOOLS]
ASK: Any = [{"role": "user", "content": "How is it?"}]
PLACEHOLDER = "skip_thought_signature_validator"
"""Google's, for a call that the model did not make."""
SCHEMA = {"type": "object", "properties": {"sky": {"type": "string"}}}


async def streamed(client: AsyncOpenAI, messages: Any, **more: Any) -> tuple[dict[str, Any], list[ChatCompletionChunk]]:
    """The message of a stream, joined as OpenAI says, and its chunks."""
    stream = await client.chat.completions.create(model=MODEL, messages=messages, tools=CHAT_TOOLS, stream=True, **more)
    chunks = [chunk async for chunk in stream]
    content = None
    called: dict[int, dict[str, Any]] = {}
    for delta in [choice.delta for chunk in chunks for choice in chunk.choices]:
        content = content if delta.content is None else (content or "") + delta.content
        for piece in delta.tool_calls or ():
            known = called.setdefault(piece.index, {"type": "function", "function": {"name": "", "arguments": ""}})
            known["id"] = piece.id or known["id"]
            assert piece.function is not None
            known["function"]["name"] += piece.function.name or ""
            known["function"]["arguments"] += piece.function.arguments or ""
    message: dict[str, Any] = {"role": "assistant", "content": content}
    if called:
        message["tool_calls"] = [called[index] for index in sorted(called)]
    return message, chunks


def results_of(message: dict[str, Any]) -> list[Any]:
    """The results of its calls, in the opposite order."""
    return [
        {"role": "tool", "tool_call_id": made["id"], "content": json.dumps({"of": made["function"]["arguments"]})}
        for made in reversed(message["tool_calls"])
    ]


async def test_a_call_whose_type_and_arguments_are_null_is_a_call_without_arguments(
    upstream: Upstream, client: AsyncOpenAI
) -> None:
    made: Any = {"id": "c", "type": None, "function": {"name": "clock", "arguments": None}}
    result = {"role": "tool", "tool_call_id": "c", "content": "12:00"}
    await client.chat.completions.create(
        model=MODEL, messages=[*ASK, {"role": "assistant", "content": None, "tool_calls": [made]}, result]
    )
    called = contents_of(upstream.exchanges[0])[1]["parts"][0]["functionCall"]
    assert called == {"name": "clock", "args": {}}


async def test_a_call_is_answered_and_comes_back_with_its_signature(upstream: Upstream, client: AsyncOpenAI) -> None:
    signed = call("weather", {"city": "Bern"}, signature="c2lnbmVk+/==")
    upstream.plays(calls(signed), says("Sunny."))
    format_: Any = {"type": "json_schema", "json_schema": {"name": "sky", "schema": SCHEMA}}
    answer = await client.chat.completions.create(
        model=MODEL, messages=ASK, tools=CHAT_TOOLS, tool_choice="required", response_format=format_
    )
    [choice] = answer.choices
    [made] = choice.message.tool_calls or []
    assert made.type == "function"
    assert (choice.finish_reason, choice.message.content) == ("tool_calls", None)
    assert (made.function.name, json.loads(made.function.arguments)) == ("weather", {"city": "Bern"})
    result = {"role": "tool", "tool_call_id": made.id, "content": '{"sky": "blue"}'}
    messages: Any = [*ASK, choice.message.model_dump(exclude_none=True), result]
    last = await client.chat.completions.create(model=MODEL, messages=messages, tools=CHAT_TOOLS)
    assert (last.choices[0].message.content, last.choices[0].finish_reason) == ("Sunny.", "stop")
    first, second = upstream.exchanges
    assert first.body["toolConfig"] == {"functionCallingConfig": {"mode": "ANY"}}
    assert first.body["generationConfig"]["responseJsonSchema"] == SCHEMA
    assert [declared["name"] for declared in first.body["tools"][0]["functionDeclarations"]] == ["weather", "clock"]
    _, call_content, result_content = contents_of(second)
    assert call_content == {"role": "model", "parts": [json.loads(signed)]}
    assert result_content["parts"] == [{"functionResponse": {"name": "weather", "response": {"sky": "blue"}}}]
    assert signed in second.raw_body


async def test_two_calls_at_once_over_three_rounds_are_streamed_with_their_indexes(
    upstream: Upstream, client: AsyncOpenAI
) -> None:
    rounds = [
        (
            call("weather", {"city": f"c{number}"}, named=f"w{number}", signature=f"sig/{number}+="),
            call("clock", {}, named=f"k{number}"),
        )
        for number in range(3)
    ]
    upstream.plays(*(calls(*parts, text="Let me look.") for parts in rounds), says("Done."))
    messages: list[Any] = [*ASK]
    for _ in rounds:
        message, chunks = await streamed(client, messages)
        choices = [choice for chunk in chunks for choice in chunk.choices]
        assert [choice.finish_reason for choice in choices] == [None] * (len(choices) - 1) + ["tool_calls"]
        assert [(made.index, made.id) for choice in choices for made in choice.delta.tool_calls or ()] == [
            (index, made["id"]) for index, made in enumerate(message["tool_calls"])
        ]
        assert message["content"] == "Let me look."
        messages += [message, *results_of(message)]
    message, _ = await streamed(client, messages)
    assert message == {"role": "assistant", "content": "Done."}
    contents = contents_of(upstream.exchanges[-1])
    assert [content["role"] for content in contents] == ["user", *["model", "user"] * 3]
    for number, parts in enumerate(rounds):
        call_content, result_content = contents[1 + 2 * number : 3 + 2 * number]
        assert call_content["parts"] == [{"text": "Let me look."}, *map(json.loads, parts)]
        assert [part["functionResponse"]["id"] for part in result_content["parts"]] == [f"w{number}", f"k{number}"]


async def test_a_response_calls_in_items_and_takes_their_outputs(upstream: Upstream, client: AsyncOpenAI) -> None:
    signed = call("weather", {"city": "Bern"}, named="w", signature="c2ln")
    upstream.plays(calls(signed, call("clock", {}, named="k"), text="Let me look."), says("Sunny."))
    async with client.responses.stream(
        model=MODEL, input=ASK, tools=RESPONSE_TOOLS, tool_choice={"type": "function", "name": "weather"}, store=False
    ) as stream:
        events = [event async for event in stream]
        whole = await stream.get_final_response()
    assert [event.sequence_number for event in events] == list(range(len(events)))
    kinds = [event.type for event in events if "function_call" in event.type]
    assert kinds == ["response.function_call_arguments.delta", "response.function_call_arguments.done"] * 2
    assert [item.type for item in whole.output] == ["message", "function_call", "function_call"]
    assert (whole.status, upstream.exchanges[0].body["toolConfig"]["functionCallingConfig"]) == (
        "completed",
        {"mode": "ANY", "allowedFunctionNames": ["weather"]},
    )
    message, *made = [item.model_dump(exclude_none=True) for item in whole.output]
    outputs = [{"type": "function_call_output", "call_id": item["call_id"], "output": "fine"} for item in made]
    given: Any = [*ASK, message, made[0], outputs[0], made[1], outputs[1]]
    second = await client.responses.create(model=MODEL, input=given, tools=RESPONSE_TOOLS, store=False)
    assert second.output_text == "Sunny."
    _, call_content, result_content = contents_of(upstream.exchanges[1])
    assert call_content["parts"][:2] == [{"text": "Let me look."}, json.loads(signed)]
    assert [part["functionResponse"]["response"] for part in result_content["parts"]] == [{"result": "fine"}] * 2


@pytest.mark.parametrize("model, signed", [(MODEL, True), ("gemini-2.5-flash", False)])
async def test_a_step_that_is_not_known_goes_as_plain_parts(upstream: Upstream, model: str, *, signed: bool) -> None:
    made = {"id": "call_old", "type": "function", "function": {"name": "clock", "arguments": '{"zone": "CET"}'}}
    message = {"role": "assistant", "content": "Let me look.", "tool_calls": [made]}
    messages: Any = [*ASK, message, {"role": "tool", "tool_call_id": "call_old", "content": "noon"}]
    async with sharing(upstream, retries=0, models="*") as address, openai_client(address) as client:
        await client.chat.completions.create(model=model, messages=messages, tools=CHAT_TOOLS)
    _, call_content, result_content = contents_of(upstream.exchanges[0])
    part: dict[str, Any] = {"functionCall": {"name": "clock", "args": {"zone": "CET"}}}
    if signed:
        part["thoughtSignature"] = PLACEHOLDER
    assert call_content["parts"] == [{"text": "Let me look."}, part]
    assert result_content["parts"] == [{"functionResponse": {"name": "clock", "response": {"result": "noon"}}}]


async def test_the_signatures_of_a_model_are_sent_to_no_other(upstream: Upstream) -> None:
    parts = [call("weather", {"city": "Bern"}, named="w", signature="c2ln"), call("clock", {}, named="k")]
    signed_text = b'{"text": "", "thoughtSignature": "dGV4dA=="}'
    upstream.plays(calls(*parts, signed_text), fails(503), says("Sunny."), says("Rainy."))
    models = {"models": "gemini-3-pro,gemini-3-flash", "fallback_models": "gemini-3-flash"}
    async with sharing(upstream, retries=0, **models) as address, openai_client(address) as client:
        ask = partial(client.chat.completions.create, tools=CHAT_TOOLS)
        made = (await ask(model="gemini-3-pro", messages=ASK)).choices[0].message.model_dump(exclude_none=True)
        messages = [*ASK, made, *results_of(made)]
        answers = [await ask(model=model, messages=messages) for model in ("gemini-3-pro", "gemini-3-flash")]
    assert [answer.model for answer in answers] == ["gemini-3-flash", "gemini-3-flash"]
    own, fallback, other = [contents_of(exchange)[1]["parts"] for exchange in upstream.exchanges[1:]]
    assert [part.get("thoughtSignature") for part in own] == ["c2ln", None, "dGV4dA=="]
    assert fallback == [own[0] | {"thoughtSignature": PLACEHOLDER}, own[1]]
    assert [part["functionCall"]["name"] for part in other] == ["weather", "clock"]
    assert [part.get("thoughtSignature") for part in other] == [PLACEHOLDER, None]


async def test_the_recipe_of_the_guide_calls_its_function(upstream: Upstream) -> None:
    upstream.plays(calls(call("weather", {"city": "Bern"}, signature="c2ln")), says("Sunny."))
    recipe = (DOCS / "guide" / "openai.md").read_text().split("```python\n")[2].split("```")[0]
    async with sharing(upstream) as address:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", recipe.replace("127.0.0.1:8000", address)), stdout=asyncio.subprocess.PIPE
        )
        output, _ = await process.communicate()
    assert output == b"Sunny.\n"
    answered = contents_of(upstream.exchanges[1])[2]["parts"][0]["functionResponse"]
    assert answered["response"] == {"city": "Bern", "sky": "blue"}


async def test_a_client_that_stops_in_mid_call_closes_the_upstream(upstream: Upstream, client: AsyncOpenAI) -> None:
    async def calls_and_is_silent(exchange: Exchange) -> None:
        await exchange.start()
        part = json.loads(call("clock", {}))
        await exchange.event({"candidates": [{"content": {"role": "model", "parts": [part]}}]})
        await exchange.closes()

    upstream.plays(calls_and_is_silent)
    async with await client.chat.completions.create(model=MODEL, messages=ASK, tools=CHAT_TOOLS, stream=True) as stream:
        async for chunk in stream:
            if chunk.choices[0].delta.tool_calls:
                break
    await upstream.exchanges[0].closes()


async def test_replicas_share_the_signatures(upstream: Upstream, redis: RedisServer) -> None:
    signed = call("weather", {"city": "Bern"}, signature="c2lnbmVk+/==")
    upstream.plays(calls(signed), says("Sunny."))
    async with AsyncExitStack() as stack:
        one, other = [
            await stack.enter_async_context(
                openai_client(await stack.enter_async_context(serving(upstream, redis_url=redis.url)))
            )
            for _ in range(2)
        ]
        message, _ = await streamed(one, ASK)
        await streamed(other, [*ASK, message, *results_of(message)])
    assert contents_of(upstream.exchanges[1])[1]["parts"] == [json.loads(signed)]


async def test_calls_and_results_have_a_bound(upstream: Upstream) -> None:
    made = {"id": "c", "type": "function", "function": {"name": "clock", "arguments": "{}"}}
    messages: Any = [
        *ASK,
        {"role": "assistant", "tool_calls": [made]},
        {"role": "tool", "tool_call_id": "c", "content": "x" * 2_000},
    ]
    async with sharing(upstream, max_history_chars=1_000) as address, openai_client(address) as client:
        with pytest.raises(openai.APIStatusError) as refused:
            await client.chat.completions.create(model=MODEL, messages=messages, tools=CHAT_TOOLS)
    assert (refused.value.status_code, refused.value.param) == (413, "messages")
