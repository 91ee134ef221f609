"""The line that a turn leaves in the log, as whoever collects the output of the process reads it."""

import re

import aiohttp
from support.bodies import EVERY_COUNT
from support.client import connected
from support.collector import Collector
from support.forked import ForkServer
from support.identity import API_KEYS, KEYS
from support.process import forked, running_over
from support.transports import ask_rest, posting
from support.upstream import Upstream, fails, says, says_and_is_silent

PROMPT = "prompt-of-a-person"


async def test_a_turn_leaves_one_line_with_all_that_it_did_and_nothing_that_was_said(upstream: Upstream) -> None:
    upstream.plays(fails(503), says("Hello", usage=EVERY_COUNT))
    async with running_over(upstream, retry_max_delay="0.01") as server:
        async with aiohttp.ClientSession() as session:
            async with session.post(f"http://{server.address}/conversations", json={}) as response:
                conversation = (await response.json())["id"]
        async with posting(server.address, "/chat", PROMPT, id="t1", conversation=conversation) as response:
            usage = (await response.json())["usage"]
        line = await server.turn(0)
        assert await server.stop() == 0
    assert len(server.turns) == 1
    assert PROMPT not in server.output
    assert "Hello" not in server.output
    assert line.pop("timestamp")
    assert re.fullmatch(r"[0-9a-f]{12}\.1", line.pop("request"))
    assert usage["cost_usd"] > 0
    assert 0 <= line["first_delta_ms"] == usage["first_delta_ms"] <= line.pop("duration_ms")
    assert line == {
        "event": "turn_ended",
        "level": "info",
        "turn": "t1",
        "conversation": conversation,
        "transport": "rest",
        "model": "gemini-flash-latest",
        "end": "stop",
        "retries": 1,
        "input_tokens": 10,
        "output_tokens": 2,
        "thought_tokens": 1,
        "tool_tokens": 6,
        "cached_tokens": 3,
        "total_tokens": 19,
        "cost_usd": usage["cost_usd"],
        "first_delta_ms": usage["first_delta_ms"],
    }
    [fault] = [line for line in server.lines if line["event"] == "upstream_fault"]
    assert (fault["turn"], fault["code"], fault["model"]) == ("t1", "upstream_unavailable", "gemini-flash-latest")
    assert fault["cause"].startswith("503")


async def test_a_turn_of_a_caller_names_them(upstream: Upstream) -> None:
    async with running_over(upstream, api_keys=API_KEYS) as server:
        async with connected(server.address, additional_headers={"Authorization": f"Bearer {KEYS['bob']}"}) as client:
            await client.ask()
        line = await server.turn(0)
    assert line["caller"] == "key:bob"


async def test_a_turn_that_was_left_names_the_reason_and_what_it_was_at(upstream: Upstream) -> None:
    upstream.plays(says_and_is_silent("Hello"))
    async with running_over(upstream) as server:
        async with connected(server.address) as client:
            await client.chat()
            await client.receive()
        line = await server.turn(0)
    assert (line["end"], line["reason"], line["phase"]) == ("cancelled", "client_gone", "streaming")


async def test_a_turn_that_failed_names_the_cause(upstream: Upstream) -> None:
    upstream.plays(fails(400, "INVALID_ARGUMENT"))
    async with running_over(upstream) as server:
        await ask_rest(server.address)
        line = await server.turn(0)
    assert (line["end"], line["cause"]) == ("upstream_rejected", "400 INVALID_ARGUMENT")
    assert not {"reason", "phase", "input_tokens", "first_delta_ms"} & set(line)


async def test_a_conversation_that_is_not_there_ends_its_turn_in_that(upstream: Upstream) -> None:
    async with running_over(upstream) as server:
        await ask_rest(server.address, conversation="nowhere")
        line = await server.turn(0)
    assert (line["end"], line.get("reason")) == ("not_found", None)


async def test_a_turn_that_is_traced_names_its_trace(fork_server: ForkServer, upstream: Upstream) -> None:
    async with Collector() as collector:
        telling = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "OTEL_BSP_SCHEDULE_DELAY": "20"}
        async with forked(fork_server, GEMINI_API_KEY="none", GOOGLE_GEMINI_BASE_URL=upstream.url, **telling) as server:
            await server.ready()
            await ask_rest(server.address)
            assert (await server.turn(0))["trace"] == (await collector.span()).trace_id.hex()
