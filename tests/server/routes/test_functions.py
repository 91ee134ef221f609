"""Functions over HTTP: the turn ends in its calls, and another brings the results; nothing waits in between."""

import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from support.client import connected, text_of
from support.conversations import conversations_of
from support.functions import TOOLS, call, calls, came_back_byte_for_byte, contents_of
from support.serving import serving, sharing
from support.upstream import Upstream, fails, says

SIGNED = call("weather", {"city": "Bern"}, signature="c2lnbmVk+/==")
Answered = Callable[..., Any]


@pytest.fixture
async def address(upstream: Upstream) -> AsyncIterator[str]:
    async with sharing(upstream) as address:
        yield address


async def ask(address: str, **body: Any) -> dict[str, Any]:
    """The answer of `POST /chat`."""
    async with aiohttp.ClientSession() as http, http.post(f"http://{address}/chat", json=body) as response:
        answer: dict[str, Any] = await response.json(content_type=None)
        return answer


async def refusal(address: str, **body: Any) -> tuple[str, str | None]:
    refused = await ask(address, **body)
    return refused["code"], refused["field"]


def results(answer: dict[str, Any]) -> list[dict[str, Any]]:
    """The results of its calls, in the opposite order."""
    return [{"call": called["call"], "result": called["name"]} for called in reversed(answer["tool_calls"])]


async def test_a_result_whose_error_is_null_is_a_result(address: str, upstream: Upstream) -> None:
    upstream.plays(calls(SIGNED), says("Sunny."))
    answer = await ask(address, message="How is it?", tools=TOOLS)
    brought = [{**result, "error": None} for result in results(answer)]
    assert (await ask(address, tool_results=brought, state=answer["state"]))["text"] == "Sunny."


async def test_an_answer_that_ends_in_calls_says_what_to_bring(address: str, upstream: Upstream) -> None:
    upstream.plays(calls(SIGNED, text="Let me look."))
    answer = await ask(address, message="How is it?", tools=TOOLS)
    [called] = answer["tool_calls"]
    assert (called["name"], called["arguments"]) == ("weather", {"city": "Bern"})
    assert answer["text"] == "Let me look."
    assert answer["usage"]["finish_reason"] == "tool_calls"
    assert isinstance(answer["state"], str)


async def test_a_stream_ends_in_its_calls_too(address: str, upstream: Upstream) -> None:
    upstream.plays(calls(SIGNED))
    body = {"message": "How is it?", "tools": TOOLS}
    async with aiohttp.ClientSession() as http, http.post(f"http://{address}/chat/stream", json=body) as response:
        text = await response.text()
    events = [block.split("\n") for block in text.strip().split("\n\n")]
    assert [lines[0] for lines in events] == ["event: tool_call", "event: usage"]
    usage = json.loads(events[1][1].removeprefix("data: "))
    assert usage["finish_reason"] == "tool_calls"
    upstream.plays(says("Sunny."))
    called = json.loads(events[0][1].removeprefix("data: "))
    answer = await ask(address, state=usage["state"], tool_results=[{"call": called["call"], "result": 1}])
    assert answer["text"] == "Sunny."


async def test_a_state_goes_on_with_all_that_was_said_and_set(address: str, upstream: Upstream) -> None:
    upstream.plays(calls(SIGNED, text="Hm."), says("Sunny."))
    history = [{"role": "user", "text": "Hello"}, {"role": "model", "text": "Hi"}]
    answer = await ask(
        address, message="How is it?", history=history, tools=TOOLS, system="brief", temperature=0.5, tool_choice="any"
    )
    last = await ask(address, state=answer["state"], tool_results=results(answer))
    assert (last["text"], last["usage"]["finish_reason"]) == ("Sunny.", "stop")
    assert "state" not in last
    first, second = upstream.exchanges
    assert contents_of(second) == [
        *contents_of(first),
        {"role": "model", "parts": [{"text": "Hm."}, json.loads(SIGNED)]},
        {"role": "user", "parts": [{"functionResponse": {"name": "weather", "response": {"result": "weather"}}}]},
    ]
    for field in ("tools", "systemInstruction", "generationConfig"):
        assert second.body[field] == first.body[field]
    assert second.body["toolConfig"] == {"functionCallingConfig": {"mode": "AUTO"}}


@pytest.mark.parametrize("by", ["state", "conversation"])
async def test_ten_rounds_survive_a_restart_with_every_signature(upstream: Upstream, tmp_path: Path, by: str) -> None:
    rounds = [
        [
            call("weather", {"city": f"c{number}"}, signature=f"sig/{number}+=" * 50),
            *([call("clock", {}, named=f"k{number}")] if number % 2 else []),
        ]
        for number in range(10)
    ]
    upstream.plays(*(calls(*parts) for parts in rounds), says("Done."), says("Again."))
    body: dict[str, Any] = {"message": "Go", "tools": TOOLS}
    for half in (rounds[:5], rounds[5:]):
        async with serving(upstream, data_dir=tmp_path) as address:
            if by == "conversation" and "conversation" not in body:
                async with conversations_of(address) as client:
                    body["conversation"] = await client.create()
            for parts in half:
                answer = await ask(address, **body)
                assert len(answer["tool_calls"]) == len(parts), answer
                body = {"tools": TOOLS, "tool_results": results(answer)}
                body |= {by: answer["state"] if by == "state" else answer["usage"]["conversation"]}
    async with serving(upstream, data_dir=tmp_path) as address:
        last = await ask(address, **body)
        assert last["text"] == "Done."
        contents = came_back_byte_for_byte(upstream.exchanges[10], rounds)
        if by == "conversation":
            again = await ask(address, message="Thanks", conversation=body["conversation"])
            assert again["text"] == "Again."
            *earlier, thanks = contents_of(upstream.exchanges[11])
            assert earlier == [*contents, {"role": "model", "parts": [{"text": "Done."}]}]
            assert thanks["parts"] == [{"text": "Thanks"}]
            async with conversations_of(address) as client:
                exported = await client.call("GET", f"/{body['conversation']}/export", format="json")
                assert "sig/" not in str(exported)
                assert "sig/" not in str(await client.messages(body["conversation"]))


async def test_a_conversation_of_a_socket_keeps_what_its_functions_said(address: str, upstream: Upstream) -> None:
    upstream.plays(calls(SIGNED), says("Sunny."), says("And?"))
    async with conversations_of(address) as client, connected(address) as socket:
        conversation = await client.create()
        await socket.chat("How is it?", id="t1", tools=TOOLS, conversation=conversation)
        called = await socket.receive()
        await socket.send(type="tool_result", id="t1", call=called["call"], result="blue")
        assert text_of(await socket.until_end("t1")) == "Sunny."
        await socket.ask("Thanks", conversation=conversation)
        [_, answer, *_] = await client.messages(conversation)
    assert (answer["text"], answer["tool_calls"][0]["name"]) == ("Sunny.", "weather")
    question, model, answered, final, _ = contents_of(upstream.exchanges[2])
    assert model["parts"] == [json.loads(SIGNED)]
    assert answered["parts"][0]["functionResponse"]["response"] == {"result": "blue"}
    assert final["parts"] == [{"text": "Sunny."}]
    assert question["parts"] == [{"text": "How is it?"}]


async def test_results_that_do_not_fit_are_refused_by_their_field(address: str, upstream: Upstream) -> None:
    both = calls(call("clock", {}, named="a"), call("clock", {}, named="b"))
    upstream.plays(both)
    state = (await ask(address, message="Go", tools=TOOLS))["state"]
    one, two = {"call": "a", "result": 1}, {"call": "b", "error": "no"}
    bad = {
        "tool_results[1].call": {"state": state, "tool_results": [one, one]},
        "tool_results[0].call": {"state": state, "tool_results": [{"call": "x", "result": 1}]},
        "tool_results": {"state": state, "tool_results": [one]},
        "tool_results[0].result": {"state": state, "tool_results": [{"call": "a", "result": "x" * 100_001}, two]},
        "message": {"state": state, "tool_results": [one, two], "message": "hi"},
        "history": {"state": state, "tool_results": [one, two], "history": []},
        "files": {"state": state, "tool_results": [one, two], "files": ["f1"]},
        "tools": {"state": state, "tool_results": [one, two], "tools": [{"name": "f"}, {"name": "f"}]},
        "tool_choice": {"state": state, "tool_results": [one, two], "tool_choice": ["f"]},
        "state": {"state": state[:-8] + "AAAAAAAA", "tool_results": [one, two]},
        "model": {"state": state, "tool_results": [one, two], "model": "another"},
    }
    for field, body in bad.items():
        code, named = await refusal(address, **body)
        assert (code, named) in ((("message_too_large"), field), ("invalid_frame", field), ("unknown_model", field))
    assert await refusal(address, tool_results=[one]) == ("invalid_frame", "tool_results")
    assert await refusal(address, message="hi", state=state) == ("invalid_frame", "tool_results")
    assert await refusal(address) == ("invalid_frame", "message")
    upstream.plays(says("Done."))
    assert (await ask(address, state=state, tool_results=[one, two]))["text"] == "Done.", "nothing was lost"


async def test_results_may_be_brought_again_when_the_provider_has_failed(upstream: Upstream) -> None:
    upstream.plays(calls(SIGNED), fails(400), says("Sunny."))
    async with sharing(upstream) as address, conversations_of(address) as client:
        conversation = await client.create()
        answer = await ask(address, message="How is it?", tools=TOOLS, conversation=conversation)
        assert "state" not in answer
        body = {"conversation": conversation, "tool_results": results(answer), "tools": TOOLS}
        assert (await ask(address, **body))["code"] == "upstream_rejected"
        assert (await ask(address, **body))["text"] == "Sunny."
        assert await refusal(address, **body) == ("invalid_frame", "tool_results")
        messages = await client.messages(conversation)
    assert [message["role"] for message in messages] == ["user", "model", "model"]
    assert [message["finish_reason"] for message in messages] == [None, "tool_calls", "stop"]


@pytest.mark.parametrize("by", ["state", "conversation"])
async def test_results_go_to_the_model_that_called_whatever_the_default_one_takes(upstream: Upstream, by: str) -> None:
    """The default model takes neither these tools together nor the calls of another."""
    fields, called = {"tools": [*TOOLS, "search"], "model": "gemini-3-flash-preview"}, ["gemini-3-flash-preview"] * 2
    upstream.plays(calls(SIGNED), says("Sunny."))
    async with sharing(
        upstream, default_model="gemini-2.5-flash", models="*", tools="search", usd_per_day=9
    ) as address:
        if by == "conversation":
            async with conversations_of(address) as client:
                fields["conversation"] = await client.create(settings={"model": "gemini-2.5-flash"})
        answer = await ask(address, message="How is it?", **fields)
        goes_on = {"tools": fields["tools"], "tool_results": results(answer)}
        goes_on |= {"state": answer["state"]} if by == "state" else {"conversation": fields["conversation"]}
        refused = await refusal(address, **goes_on, model="gemini-2.5-flash")
        assert refused == ("invalid_frame", "model")
        assert (await ask(address, **goes_on))["text"] == "Sunny."
    assert [exchange.model for exchange in upstream.exchanges] == called


async def test_what_the_model_that_called_does_not_take_is_refused(upstream: Upstream) -> None:
    upstream.plays(calls(SIGNED))
    async with sharing(upstream, default_model="gemini-3-flash-preview", models="*", tools="search") as address:
        answer = await ask(address, message="How is it?", tools=TOOLS, model="gemini-2.5-flash")
        goes_on = {"state": answer["state"], "tool_results": results(answer), "tools": [*TOOLS, "search"]}
        assert await refusal(address, **goes_on) == ("invalid_frame", "tools")
    assert len(upstream.exchanges) == 1
