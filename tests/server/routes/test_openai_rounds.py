"""The rounds of functions over `/v1`: what clients bring back of earlier answers, theirs and other servers'."""

import json
from typing import Any

import openai
import pytest
from openai import AsyncOpenAI
from pydantic import BaseModel
from support.functions import TOOLS, call, calls, contents_of
from support.upstream import Upstream, says

MODEL = "gemini-flash-latest"
CHAT_TOOLS: Any = [{"type": "function", "function": tool} for tool in TOOLS]
RESPONSE_TOOLS: Any = [{"type": "function", "strict": None, "parameters": None, **tool} for tool in TOOLS]
ASK: Any = [{"role": "user", "content": "How is it?"}]


class Weather(BaseModel):
    """The weather of a city."""

    city: str


class Sky(BaseModel):
    """The colour of the sky."""

    sky: str


async def test_the_items_of_a_response_come_back_in_the_order_of_its_stream(
    upstream: Upstream, client: AsyncOpenAI
) -> None:
    step = (call("weather", {}, signature="c2ln"), b'{"text":"And then."}', call("clock", {}), b'{"text":"So."}')
    upstream.plays(calls(*step, text="First."), says("Sunny."))
    async with client.responses.stream(model=MODEL, input=ASK, tools=RESPONSE_TOOLS, store=False) as stream:
        response = await stream.get_final_response()
    kinds = ["message", "function_call", "message", "function_call", "message"]
    assert [item.type for item in response.output] == kinds
    made = [item.call_id for item in response.output if item.type == "function_call"]
    outputs: Any = [{"type": "function_call_output", "call_id": each, "output": "x"} for each in made]
    await client.responses.create(model=MODEL, input=[*ASK, *response.output, *outputs], store=False)
    plain = [item.to_dict() | {"call_id": "other"} for item in response.output[1:3]]
    output = {**outputs[0], "call_id": "other"}
    await client.responses.create(model=MODEL, input=[*ASK, *plain, output], store=False)
    kept, made_plain = (contents_of(exchange)[1]["parts"] for exchange in upstream.exchanges[1:])
    assert kept == [{"text": "First."}, *map(json.loads, step)]
    assert [part.get("text") for part in made_plain] == ["And then.", None]


async def test_a_dump_of_all_fields_of_an_item_comes_back(upstream: Upstream, client: AsyncOpenAI) -> None:
    upstream.plays(calls(call("clock", {})), says("Noon."))
    tools: Any = [tool | {"async": False} for tool in RESPONSE_TOOLS]
    made = await client.responses.create(model=MODEL, input=ASK, tools=tools, store=False)
    [item] = made.output
    assert item.type == "function_call"
    output: Any = {"type": "function_call_output", "call_id": item.call_id, "output": "x"}
    for dump in (item.to_dict(exclude_unset=False), item.model_dump(), item.model_dump(by_alias=True)):
        given: Any = [*ASK, dump, output]
        answer = await client.responses.create(model=MODEL, input=given, tools=tools, store=False)
        assert answer.output_text == "Noon."


@pytest.mark.parametrize("ids", [("call_Ab1", "call_Cd2"), ("toolu_1", "toolu_2"), ("call_0", "call_0"), ("c", "c")])
async def test_rounds_whose_ids_another_server_made_stay_rounds(
    upstream: Upstream, client: AsyncOpenAI, ids: tuple[str, str]
) -> None:
    messages: list[Any] = [*ASK]
    for made, name in zip(ids, ("weather", "clock"), strict=True):
        called = {"id": made, "type": "function", "function": {"name": name, "arguments": "{}"}}
        messages += [
            {"role": "assistant", "content": f"First the {name}.", "tool_calls": [called]},
            {"role": "tool", "tool_call_id": made, "content": f"of {name}"},
        ]
    await client.chat.completions.create(model=MODEL, messages=messages, tools=CHAT_TOOLS)
    contents = contents_of(upstream.exchanges[0])[1:]
    assert [content["role"] for content in contents] == ["model", "user"] * 2
    for name, step, result in zip(("weather", "clock"), contents[::2], contents[1::2], strict=True):
        assert [part.get("text") for part in step["parts"]] == [f"First the {name}.", None]
        response = {"name": name, "response": {"result": f"of {name}"}}
        assert result["parts"] == [{"functionResponse": response}]


async def test_answers_that_the_client_has_parsed_come_back_as_they_are(
    upstream: Upstream, client: AsyncOpenAI
) -> None:
    signed = call("Weather", {"city": "Bern"}, signature="c2ln")
    tool = openai.pydantic_function_tool(Weather)
    responses_tool: Any = {"type": "function", **tool["function"]}
    upstream.plays(calls(signed), says('{"sky": "blue"}'), calls(signed), says('{"sky": "blue"}'), says("Yes."))
    messages: list[Any] = [*ASK]
    for _ in range(2):
        parsed = await client.chat.completions.parse(model=MODEL, messages=messages, tools=[tool], response_format=Sky)
        message = parsed.choices[0].message
        messages.append(message)
        messages += [{"role": "tool", "tool_call_id": made.id, "content": "x"} for made in message.tool_calls or ()]
    assert messages[-1].parsed == Sky(sky="blue")
    given: list[Any] = [*ASK]
    for _ in range(2):
        response = await client.responses.parse(
            model=MODEL, input=given, tools=[responses_tool], text_format=Sky, store=False
        )
        given += [item.model_dump(warnings=False) for item in response.output]
        made = [item.call_id for item in response.output if item.type == "function_call"]
        given += [{"type": "function_call_output", "call_id": each, "output": "x"} for each in made]
    last = await client.responses.create(model=MODEL, input=[*given, *ASK], store=False)
    assert last.output_text == "Yes."
    assert "parsed_arguments" in given[1]
    assert "parsed" in given[3]["content"][0]
    for exchange in upstream.exchanges[1::2]:
        assert contents_of(exchange)[1]["parts"] == [json.loads(signed)]


@pytest.mark.parametrize("levels", [201, 5_000])
async def test_a_deep_result_goes_as_text_and_deep_arguments_are_refused(
    upstream: Upstream, client: AsyncOpenAI, levels: int
) -> None:
    deep = '{"a":' * levels + "1" + "}" * levels

    async def ask(arguments: str, result: str) -> None:
        made: Any = {"id": "c", "type": "function", "function": {"name": "clock", "arguments": arguments}}
        messages: Any = [
            *ASK,
            {"role": "assistant", "tool_calls": [made]},
            {"role": "tool", "tool_call_id": "c", "content": result},
        ]
        await client.chat.completions.create(model=MODEL, messages=messages)

    await ask("{}", deep)
    assert contents_of(upstream.exchanges[0])[2]["parts"][0]["functionResponse"]["response"] == {"result": deep}
    with pytest.raises(openai.BadRequestError) as refused:
        await ask(deep, "x")
    assert (refused.value.param or "").startswith("messages[1].tool_calls[0]")
