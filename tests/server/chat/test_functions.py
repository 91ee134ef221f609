"""Functions over a socket: the turn calls, waits for the results, and goes on; it ends once."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from support.client import Client, Frame, connected, text_of
from support.conversations import conversations_of
from support.functions import TOOLS, call, calls, came_back_byte_for_byte, contents_of
from support.identity import API_KEYS, KEYS
from support.log import Log
from support.serving import serving, sharing
from support.upstream import AT_ONCE, Upstream, fails, says

SIGNED = call("weather", {"city": "Bern"}, signature="c2lnbmVk+/==")


@pytest.fixture
async def client(upstream: Upstream) -> AsyncIterator[Client]:
    async with sharing(upstream) as address, connected(address) as client:
        yield client


async def calls_until(client: Client, number: int = 1) -> list[Frame]:
    """The next calls, this many, whatever comes between them."""
    called: list[Frame] = []
    while len(called) < number:
        frame = await client.receive()
        assert frame["type"] not in ("usage", "error"), frame
        if frame["type"] == "tool_call":
            called.append(frame)
    return called


async def result(client: Client, called: Frame, **answer: Any) -> None:
    await client.send(type="tool_result", id=called["id"], call=called["call"], **(answer or {"result": "ok"}))


async def refusal(client: Client, **frame: Any) -> tuple[str, str | None]:
    await client.send(type="tool_result", **frame)
    refused = await client.receive()
    assert (refused["type"], refused["id"]) == ("error", None)
    return refused["code"], refused["field"]


async def test_null_beside_the_result_or_the_error_of_a_call_counts_as_absent(
    client: Client, upstream: Upstream
) -> None:
    upstream.plays(calls(call("clock", {}, named="a"), call("clock", {}, named="b")), says("Done."))
    await client.chat("When?", id="t1", tools=TOOLS)
    await calls_until(client, 2)
    await client.send(type="tool_result", id="t1", call="a", result=1, error=None)
    assert await refusal(client, id="t1", call="b", error=None) == ("invalid_frame", "result")
    await client.send(type="tool_result", id="t1", call="b", result=None, error="no")
    assert text_of(await client.until_end("t1")) == "Done."
    parts = contents_of(upstream.exchanges[1])[-1]["parts"]
    assert [part["functionResponse"]["response"] for part in parts] == [{"result": 1}, {"error": "no"}]


async def test_a_turn_calls_waits_and_goes_on_with_the_result(client: Client, upstream: Upstream) -> None:
    upstream.plays(calls(SIGNED, text="Let me look."), says("Sunny."))
    await client.chat("How is it?", id="t1", tools=TOOLS, system="brief")
    [called] = await calls_until(client)
    assert (called["id"], called["name"], called["arguments"]) == ("t1", "weather", {"city": "Bern"})
    await result(client, called, result={"sky": "blue"})
    *_, end = frames = await client.until_end("t1")
    assert text_of(frames) == "Sunny."
    assert (end["type"], end["finish_reason"]) == ("usage", "stop")
    assert (end["input_tokens"], end["total_tokens"], end["measured"]) == (6, 10, "reported")
    first, second = upstream.exchanges
    assert first.body["tools"] == [
        {
            "functionDeclarations": [
                {
                    "name": "weather",
                    "description": "The weather of a city.",
                    "parametersJsonSchema": TOOLS[0]["parameters"],
                },
                {"name": "clock"},
            ]
        }
    ]
    assert "toolConfig" not in first.body
    assert second.body["tools"] == first.body["tools"]
    assert contents_of(second) == [
        {"role": "user", "parts": [{"text": "How is it?"}]},
        {"role": "model", "parts": [{"text": "Let me look."}, json.loads(SIGNED)]},
        {"role": "user", "parts": [{"functionResponse": {"name": "weather", "response": {"sky": "blue"}}}]},
    ]


async def test_parallel_calls_are_answered_in_any_order_and_sent_in_theirs(client: Client, upstream: Upstream) -> None:
    upstream.plays(
        calls(call("weather", {"city": "Bern"}, named="a", signature="s"), call("clock", {}, named="b")), says("Done.")
    )
    await client.chat(id="t1", tools=TOOLS)
    weather, clock = await calls_until(client, 2)
    assert (weather["call"], clock["call"], clock["arguments"]) == ("a", "b", {})
    await result(client, clock, result=12)
    await result(client, weather, error="no such city")
    assert (await client.until_end("t1"))[-1]["type"] == "usage"
    *_, answered = contents_of(upstream.exchanges[1])
    assert answered == {
        "role": "user",
        "parts": [
            {"functionResponse": {"id": "a", "name": "weather", "response": {"error": "no such city"}}},
            {"functionResponse": {"id": "b", "name": "clock", "response": {"result": 12}}},
        ],
    }


@pytest.mark.parametrize(
    "choice, config",
    [
        ("auto", {"mode": "AUTO"}),
        ("none", {"mode": "NONE"}),
        ("any", {"mode": "ANY"}),
        (["clock"], {"mode": "ANY", "allowedFunctionNames": ["clock"]}),
    ],
)
async def test_a_choice_that_forces_a_call_holds_for_the_first_round(
    client: Client, upstream: Upstream, choice: Any, config: dict[str, Any]
) -> None:
    upstream.plays(calls(SIGNED), says("Done."))
    await client.chat(id="t1", tools=TOOLS, tool_choice=choice)
    [called] = await calls_until(client)
    await result(client, called)
    await client.until_end("t1")
    first, second = [exchange.body["toolConfig"]["functionCallingConfig"] for exchange in upstream.exchanges]
    assert first == config
    assert second == ({"mode": "NONE"} if choice == "none" else {"mode": "AUTO"})


@pytest.mark.parametrize(
    "fields, field",
    [
        ({"tools": [{"name": "a"}, {"name": "a"}]}, "tools"),
        ({"tool_choice": "any"}, "tool_choice"),
        ({"tools": TOOLS, "tool_choice": ["weather", "other"]}, "tool_choice"),
    ],
)
async def test_functions_that_cannot_be_called_are_refused_by_name(
    client: Client, fields: dict[str, Any], field: str
) -> None:
    [end] = await client.ask(id="t1", **fields)
    assert (end["code"], end["field"]) == ("invalid_frame", field)


async def test_a_result_that_nobody_waits_for_is_refused_and_disturbs_nothing(
    client: Client, upstream: Upstream
) -> None:
    both = calls(call("clock", {}, named="a"), call("clock", {}, named="b"))
    upstream.plays(both, says("Done."))
    assert await refusal(client, id="t1", call="a", result=1) == ("unknown_turn", "id")
    await client.chat(id="t1", tools=TOOLS)
    await calls_until(client, 2)
    assert await refusal(client, id="t1", call="x", result=1) == ("invalid_frame", "call")
    assert await refusal(client, id="t1", call="a", result="x" * 100_001) == ("message_too_large", "result")
    assert await refusal(client, id="t1", call="a") == ("invalid_frame", "result")
    assert await refusal(client, id="t1", call="a", result=1, error="both") == ("invalid_frame", "result")
    await client.send(type="tool_result", id="t1", call="a", result=1)
    assert await refusal(client, id="t1", call="a", result=2) == ("invalid_frame", "call")
    await client.send(type="tool_result", id="t1", call="b", result=None)
    assert text_of(await client.until_end("t1")) == "Done."
    assert await refusal(client, id="t1", call="b", result=1) == ("unknown_turn", "id")


async def test_a_call_that_is_not_answered_in_time_ends_the_turn_by_name(upstream: Upstream, log: Log) -> None:
    upstream.plays(calls(SIGNED))
    async with serving(upstream, tool_timeout=0.2, turn_timeout=60) as address, connected(address) as client:
        await client.chat(id="t1", tools=TOOLS)
        end = (await client.until_end("t1"))[-1]
        assert (end["type"], end["code"], end["retryable"]) == ("error", "tool_timeout", False)
        assert end["usage"]["total_tokens"] == 5
        assert await refusal(client, id="t1", call="late", result=1) == ("unknown_turn", "id")
        upstream.plays(says("Hello"))
        assert text_of(await client.ask(id="t2")) == "Hello"
    line = await log.line("turn_ended")
    assert (line["end"], line["cause"]) == ("tool_timeout", "tool")


async def test_the_turn_does_not_run_out_of_time_while_its_client_thinks(upstream: Upstream) -> None:
    upstream.plays(calls(SIGNED), says("Done."))
    async with serving(upstream, turn_timeout=0.5, token_timeout=0.3, first_token_timeout=0.4) as address:
        async with connected(address) as client:
            await client.chat(id="t1", tools=TOOLS)
            [called] = await calls_until(client)
            await asyncio.sleep(0.8)  # longer than every deadline of the provider's
            await result(client, called)
            assert text_of(await client.until_end("t1")) == "Done."


async def test_a_model_that_calls_again_and_again_is_stopped_by_name(upstream: Upstream) -> None:
    upstream.plays(calls(SIGNED))
    async with serving(upstream, max_tool_rounds=2) as address, connected(address) as client:
        await client.chat(id="t1", tools=TOOLS)
        for _ in range(2):
            [called] = await calls_until(client)
            await result(client, called)
        end = (await client.until_end("t1"))[-1]
    assert (end["type"], end["code"], end["retryable"]) == ("error", "too_many_rounds", False)
    assert len(upstream.exchanges) == 3


async def test_a_result_may_come_over_another_socket_of_the_same_caller(upstream: Upstream) -> None:
    upstream.plays(calls(SIGNED), says("Done."))
    async with sharing(upstream) as address, connected(address) as asking, connected(address) as answering:
        await asking.chat(id="t1", tools=TOOLS)
        [called] = await calls_until(asking)
        await result(answering, called)
        assert text_of(await asking.until_end("t1")) == "Done."


async def test_another_caller_cannot_answer(upstream: Upstream) -> None:
    upstream.plays(calls(SIGNED), says("Done."))
    async with serving(upstream, api_keys=API_KEYS) as address:
        alice, bob = ({"Authorization": f"Bearer {key}"} for key in KEYS.values())
        async with (
            connected(address, additional_headers=alice) as asking,
            connected(address, additional_headers=bob) as other,
        ):
            await asking.chat(id="t1", tools=TOOLS)
            [called] = await calls_until(asking)
            assert await refusal(other, id="t1", call=called["call"], result=1) == ("unknown_turn", "id")
            await result(asking, called)
            assert text_of(await asking.until_end("t1")) == "Done."


async def test_a_later_round_is_retried_as_long_as_nothing_of_it_was_sent(client: Client, upstream: Upstream) -> None:
    upstream.plays(calls(SIGNED), fails(503), says("Done."))
    await client.chat(id="t1", tools=TOOLS)
    [called] = await calls_until(client)
    await result(client, called)
    assert text_of(await client.until_end("t1")) == "Done."
    assert contents_of(upstream.exchanges[1]) == contents_of(upstream.exchanges[2])


async def test_the_next_turn_of_the_socket_brings_the_calls_and_results_along(
    client: Client, upstream: Upstream
) -> None:
    upstream.plays(calls(SIGNED), says("Sunny."), says("And?"))
    await client.chat("How is it?", id="t1", tools=TOOLS)
    [called] = await calls_until(client)
    await result(client, called)
    await client.until_end("t1")
    await client.ask("Thanks", id="t2")
    question, model, answered, final, thanks = contents_of(upstream.exchanges[2])
    assert (question["parts"], thanks["parts"]) == ([{"text": "How is it?"}], [{"text": "Thanks"}])
    assert model == {"role": "model", "parts": [json.loads(SIGNED)]}
    assert answered["parts"][0]["functionResponse"]["response"] == {"result": "ok"}
    assert final == {"role": "model", "parts": [{"text": "Sunny."}]}


async def test_a_call_of_a_function_that_nobody_named_is_not_sent(client: Client, upstream: Upstream) -> None:
    upstream.plays(calls(SIGNED, text="Hm."))
    *deltas, end = await client.ask(id="t1")
    assert ([frame["type"] for frame in deltas], end["finish_reason"]) == (["delta"], "stop")


async def test_neither_arguments_nor_results_reach_the_log(client: Client, upstream: Upstream, log: Log) -> None:
    upstream.plays(calls(call("weather", {"city": "Sesame"})), says("Done."))
    await client.chat(id="t1", tools=TOOLS)
    [called] = await calls_until(client)
    await result(client, called, result="open the window")
    await client.until_end("t1")
    line = await log.line("turn_ended")
    assert line["tool_rounds"] == 1
    assert "Sesame" not in str(log.lines)
    assert "window" not in str(log.lines)


async def test_ten_rounds_with_two_functions_send_every_signature_back_unchanged_after_a_restart_too(
    upstream: Upstream, tmp_path: Path
) -> None:
    rounds = [
        [
            call("weather", {"city": f"c{number}"}, named=f"w{number}", signature=f"sig/{number}+=" * 50),
            *([call("clock", {}, named=f"k{number}")] if number % 2 else []),
        ]
        for number in range(10)
    ]
    upstream.plays(*(calls(*parts) for parts in rounds), says("Done."), says("Again."))
    async with serving(upstream, data_dir=tmp_path) as address:
        async with conversations_of(address) as stored, connected(address) as client:
            conversation = await stored.create()
            await client.chat(id="t1", tools=TOOLS, conversation=conversation)
            for parts in rounds:
                called = await asyncio.wait_for(calls_until(client, len(parts)), AT_ONCE)
                for one in reversed(called):
                    await result(client, one, result=one["name"])
            *_, end = frames = await client.until_end("t1")
    assert (text_of(frames), end["total_tokens"]) == ("Done.", 55)
    whole = came_back_byte_for_byte(upstream.exchanges[10], rounds)
    async with serving(upstream, data_dir=tmp_path) as address, connected(address) as client:
        assert text_of(await client.ask("Thanks", conversation=conversation)) == "Again."
    after = upstream.exchanges[11]
    *earlier, thanks = contents_of(after)
    assert earlier == [*whole, {"role": "model", "parts": [{"text": "Done."}]}]
    assert thanks["parts"] == [{"text": "Thanks"}]
    assert all(part in after.raw_body for parts in rounds for part in parts), "byte for byte"
