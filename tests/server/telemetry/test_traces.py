"""The spans: one for each turn, as a collector gets it."""

import json
import sys
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status
from support.bodies import EVERY_COUNT
from support.client import connected
from support.collector import Collector, attributes_of
from support.forked import ForkServer
from support.log import Log
from support.process import forked, running
from support.serving import serving
from support.transports import TRANSPORTS, ask_rest, posting
from support.upstream import Upstream, fails, says, says_and_is_silent

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
HEADERS = {"traceparent": f"00-{TRACE}-{PARENT}-01"}
PROMPT, SYSTEM, EARLIER = "prompt-of-a-person", "system-of-a-person", "earlier-words"


@pytest.fixture
async def collector(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Collector]:
    async with Collector() as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "20")
        yield collector


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_a_turn_is_a_span_by_the_conventions(
    upstream: Upstream, collector: Collector, log: Log, transport: str
) -> None:
    upstream.plays(says("Hello", usage=EVERY_COUNT))
    settings = {"temperature": 0.5, "top_p": 0.9, "max_output_tokens": 64, "stop": ["END"]}
    async with serving(upstream) as address:
        [*_, usage] = await TRANSPORTS[transport](address, id="turn-7", **settings)
        span = await collector.span()
        line = await log.line("turn_ended")
    assert usage["cost_usd"] > 0
    attributes = attributes_of(span)
    assert 0 < attributes.pop("gen_ai.response.time_to_first_chunk") < 5
    assert attributes == {
        "gen_ai.operation.name": "generate_content",
        "gen_ai.provider.name": "gcp.gemini",
        "gen_ai.request.model": "gemini-flash-latest",
        "gen_ai.request.stream": True,
        "gen_ai.request.temperature": 0.5,
        "gen_ai.request.top_p": 0.9,
        "gen_ai.request.max_tokens": 64,
        "gen_ai.request.stop_sequences": ["END"],
        "gen_ai.response.model": "gemini-flash-latest",
        "gen_ai.response.finish_reasons": ["stop"],
        "gen_ai.usage.input_tokens": 16,
        "gen_ai.usage.output_tokens": 3,
        "gen_ai.usage.cache_read.input_tokens": 3,
        "gen_ai.usage.reasoning.output_tokens": 1,
        "deltawire.turn": "turn-7",
        "deltawire.transport": transport,
        "deltawire.end": "stop",
        "deltawire.retries": 0,
        "deltawire.cost_usd": usage["cost_usd"],
    }
    assert attributes["deltawire.cost_usd"] > 0
    assert (span.name, span.kind) == ("generate_content gemini-flash-latest", Span.SPAN_KIND_CLIENT)
    assert [event.name for event in span.events] == ["deltawire.first_delta"]
    assert span.status.code == Status.STATUS_CODE_UNSET
    assert span.start_time_unix_nano < span.events[0].time_unix_nano <= span.end_time_unix_nano
    assert line["trace"] == span.trace_id.hex()
    assert span.parent_span_id == b""


async def test_a_service_has_our_name_or_the_one_that_it_is_given(
    upstream: Upstream, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serving(upstream) as address:
        await ask_rest(address)
    monkeypatch.setenv("OTEL_SERVICE_NAME", "chat")
    async with serving(upstream) as address:
        await ask_rest(address)
    await collector.span(1)
    assert [resource["service.name"] for resource in collector.resources] == ["deltawire", "chat"]


async def test_a_turn_of_a_socket_is_below_the_span_of_its_handshake(upstream: Upstream, collector: Collector) -> None:
    async with serving(upstream) as address, connected(address, additional_headers=HEADERS) as client:
        await client.ask()
        await client.ask()
        spans = [await collector.span(number) for number in range(2)]
    assert {span.trace_id.hex() for span in spans} == {TRACE}
    assert {span.parent_span_id.hex() for span in spans} == {PARENT}


@pytest.mark.parametrize("path", ["/chat", "/chat/stream"])
async def test_a_turn_of_a_request_is_below_its_span(upstream: Upstream, collector: Collector, path: str) -> None:
    async with serving(upstream) as address, aiohttp.ClientSession(headers=HEADERS) as session:
        async with session.post(f"http://{address}{path}", json={"message": "hi"}) as response:
            await response.read()
        span = await collector.span()
    assert (span.trace_id.hex(), span.parent_span_id.hex()) == (TRACE, PARENT)


async def test_a_parent_that_is_none_is_passed_over(upstream: Upstream, collector: Collector) -> None:
    async with serving(upstream) as address, aiohttp.ClientSession(headers={"traceparent": "00-zz-1-01"}) as session:
        async with session.post(f"http://{address}/chat", json={"message": "hi"}) as response:
            assert response.status == 200
        assert (await collector.span()).parent_span_id == b""


async def test_a_fault_is_told_with_its_tries(upstream: Upstream, collector: Collector) -> None:
    upstream.plays(fails(503))
    async with serving(upstream, retries=2, retry_max_delay=0.01) as address:
        await ask_rest(address)
        span = await collector.span()
    attributes = attributes_of(span)
    assert span.status.code == Status.STATUS_CODE_ERROR
    assert attributes["error.type"] == attributes["deltawire.end"] == "upstream_unavailable"
    assert attributes["deltawire.retries"] == 2
    assert attributes["gen_ai.response.finish_reasons"] == ["error"]
    assert not {"gen_ai.response.model", "gen_ai.usage.input_tokens"} & set(attributes)


async def test_a_fallback_answers_in_its_own_name(upstream: Upstream, collector: Collector) -> None:
    upstream.plays(fails(503), says("Hello"))
    async with serving(upstream, retries=0, fallback_models="gemini-2") as address:
        await ask_rest(address)
        attributes = attributes_of(await collector.span())
    assert (attributes["gen_ai.request.model"], attributes["gen_ai.response.model"]) == (
        "gemini-flash-latest",
        "gemini-2",
    )


async def test_a_hang_up_is_no_error_and_names_its_reason(upstream: Upstream, collector: Collector) -> None:
    upstream.plays(says_and_is_silent("Hello"))
    async with serving(upstream) as address:
        async with connected(address) as client:
            await client.chat()
            await client.receive()
        span = await collector.span()
    attributes = attributes_of(span)
    assert (attributes["deltawire.end"], attributes["deltawire.reason"]) == ("cancelled", "client_gone")
    assert attributes["deltawire.phase"] == "streaming"
    assert attributes["gen_ai.response.finish_reasons"] == ["error"]
    assert "error.type" not in attributes
    assert span.status.code == Status.STATUS_CODE_UNSET


async def test_a_thought_is_the_first_chunk_and_no_delta(upstream: Upstream, collector: Collector) -> None:
    upstream.plays(says(thoughts=["Hm."]))
    async with serving(upstream) as address:
        await ask_rest(address)
        span = await collector.span()
    assert "gen_ai.response.time_to_first_chunk" in attributes_of(span)
    assert list(span.events) == []


async def asks_with_secrets(address: str) -> None:
    history = [{"role": "user", "text": EARLIER}, {"role": "model", "text": "Yes."}]
    async with posting(address, "/chat", PROMPT, system=SYSTEM, history=history) as response:
        await response.read()


async def test_what_is_said_stays_out_of_the_traces(upstream: Upstream, collector: Collector) -> None:
    async with serving(upstream) as address:
        await asks_with_secrets(address)
        span = await collector.span()
    for word in (PROMPT, SYSTEM, EARLIER, "Hello"):
        assert word.encode() not in span.SerializeToString()


async def test_what_is_said_is_in_them_for_those_who_want_it(upstream: Upstream, collector: Collector) -> None:
    async with serving(upstream, trace_content=1) as address:
        await asks_with_secrets(address)
        attributes = attributes_of(await collector.span())
    assert json.loads(attributes["gen_ai.system_instructions"]) == [text(SYSTEM)]
    assert json.loads(attributes["gen_ai.input.messages"]) == [
        {"role": "user", "parts": [text(EARLIER)]},
        {"role": "assistant", "parts": [text("Yes.")]},
        {"role": "user", "parts": [text(PROMPT)]},
    ]
    assert json.loads(attributes["gen_ai.output.messages"]) == [
        {"role": "assistant", "parts": [text("Hello world")], "finish_reason": "stop"}
    ]


def text(content: str) -> dict[str, Any]:
    return {"type": "text", "content": content}


async def test_a_turn_whose_caller_is_not_sampled_is_not_sent(upstream: Upstream, collector: Collector) -> None:
    unsampled = {"traceparent": f"00-{TRACE}-{PARENT}-00"}
    async with serving(upstream) as address:
        async with aiohttp.ClientSession(headers=unsampled) as session:
            await session.post(f"http://{address}/chat", json={"message": "hi"})
        await ask_rest(address)
    await collector.span()
    assert TRACE not in {span.trace_id.hex() for span in collector.spans}


async def test_without_an_endpoint_there_is_no_trace(upstream: Upstream, log: Log) -> None:
    async with serving(upstream) as address:
        await ask_rest(address)
        assert (await log.line("turn_ended"))["trace"] is None


async def test_without_the_extra_it_says_so_and_serves() -> None:
    code = "import sys; sys.modules['opentelemetry.sdk'] = None; from deltawire.__main__ import main; sys.exit(main())"
    async with running(sys.executable, "-c", code, OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9") as server:
        await server.ready()
        assert (await ask_rest(server.address))[-1]["type"] == "usage"
    [warning] = [line for line in server.lines if line["event"].startswith("OTEL_EXPORTER_OTLP_ENDPOINT is set")]
    assert "deltawire[otel]" in warning["event"]


async def test_a_collector_that_is_away_does_not_hold_up_the_stop(fork_server: ForkServer, free_port: int) -> None:
    away = f"http://127.0.0.1:{free_port}"
    async with forked(fork_server, OTEL_EXPORTER_OTLP_ENDPOINT=away, OTEL_BSP_SCHEDULE_DELAY="20") as server:
        await server.ready()
        await ask_rest(server.address)
        assert await server.stop() == 0
    assert "Traceback" not in server.output


async def test_what_is_left_is_sent_before_the_end(fork_server: ForkServer, collector: Collector) -> None:
    telling = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "OTEL_BSP_SCHEDULE_DELAY": "60000"}
    async with forked(fork_server, **telling) as server:
        await server.ready()
        await ask_rest(server.address)
        assert collector.spans == []
        assert await server.stop() == 0
        assert attributes_of(await collector.span())["gen_ai.provider.name"] == "deltawire.standin"
