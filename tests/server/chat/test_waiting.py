"""A turn that waits for results: its client leaves, or sends them late; the provider fails after them."""

import asyncio
import time
from typing import Any

import pytest
from support.client import Client, Frame, connected, masked, raw_socket, text_of
from support.functions import TOOLS, call, calls
from support.identity import SECRET, bearer, token
from support.log import Log
from support.serving import serving, sharing
from support.transports import post
from support.upstream import (
    Exchange,
    Script,
    Upstream,
    fails,
    is_silent,
    plays_body,
    says,
    says_and_is_silent,
)

CALLS = calls(call("clock", {}, named="c1", signature="s"))
BLOCKED = (
    b'data: {"promptFeedback":{"blockReason":"SAFETY"},"usageMetadata":{"promptTokenCount":8,"totalTokenCount":8}}\n\n'
)


async def cut_at_once(exchange: Exchange) -> None:
    await exchange.start()
    exchange.cut()


async def cut_later(exchange: Exchange) -> None:
    await exchange.start()
    await exchange.text("It is", usage={"promptTokenCount": 4, "candidatesTokenCount": 2, "totalTokenCount": 6})
    exchange.cut()


def ends(reason: str) -> Script:
    return plays_body(b'data: {"candidates":[{"finishReason":"%b"}]}\n\n' % reason.encode())


FAULTS: dict[str, tuple[Script, str, str]] = {
    "a limit of the provider": (fails(429), "upstream_rate_limited", ""),
    "an error of the provider": (fails(500), "upstream_unavailable", ""),
    "a rejected request": (fails(400), "upstream_rejected", ""),
    "a cut before the first word": (cut_at_once, "upstream_truncated", ""),
    "a cut between words": (cut_later, "upstream_truncated", "It is"),
    "a refused prompt": (plays_body(BLOCKED), "blocked", ""),
    "silence": (is_silent, "upstream_timeout", ""),
    "silence between words": (says_and_is_silent("It is"), "upstream_timeout", "It is"),
    "an unsafe answer": (ends("SAFETY"), "safety", ""),
    "a call that cannot be read": (ends("MALFORMED_FUNCTION_CALL"), "malformed_function_call", ""),
    "too many calls": (ends("TOO_MANY_TOOL_CALLS"), "too_many_tool_calls", ""),
}
SETTINGS: dict[str, Any] = {"retries": 0, "token_timeout": 0.3, "first_token_timeout": 0.3, "tool_timeout": 30}


async def waits(client: Client, **fields: Any) -> Frame:
    """Ask; return the call for which the turn waits."""
    await client.chat(**{"id": "t1", "tools": TOOLS, **fields})
    called = await client.receive()
    assert called["type"] == "tool_call", called
    return called


async def send_result(client: Client) -> None:
    await client.send(type="tool_result", id="t1", call="c1", result="noon")


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_fault_after_the_results_ends_the_turn_once_with_the_counts_of_before(
    upstream: Upstream, fault: str
) -> None:
    script, end, text = FAULTS[fault]
    upstream.plays(CALLS, script, says("Hello"))
    async with sharing(upstream, **SETTINGS) as address, connected(address) as client:
        await waits(client)
        await send_result(client)
        *frames, last = await client.until_end("t1")
        assert (text_of(frames), last.get("code") or last["finish_reason"]) == (text, end)
        usage = last["usage"] if last["type"] == "error" else last
        assert usage["input_tokens"] >= 3, "the first round was paid for"
        await send_result(client)
        refused = await client.receive()
        assert (refused["code"], refused["id"]) == ("unknown_turn", None)
        assert text_of(await client.ask(id="t2")) == "Hello", "the socket goes on"
    assert len(upstream.exchanges) == 3


@pytest.mark.parametrize("fault", ["an error of the provider", "a cut between words", "a call that cannot be read"])
async def test_a_fault_after_the_results_over_http_is_one_end_and_the_state_may_be_brought_again(
    upstream: Upstream, fault: str
) -> None:
    script, end, text = FAULTS[fault]
    upstream.plays(CALLS, script, says("Noon."))
    async with sharing(upstream, **SETTINGS) as address:
        _, first, _ = await post(address, "/chat", b'{"message": "hi", "tools": [{"name": "clock"}]}')
        body = b'{"state": "%b", "tool_results": [{"call": "c1", "result": 1}]}' % first["state"].encode()
        _, whole, _ = await post(address, "/chat", body)
        assert (whole.get("code") or whole["usage"]["finish_reason"], whole["text"]) == (end, text)
        assert (await post(address, "/chat", body))[1]["text"] == "Noon."


@pytest.mark.parametrize("code", [1000, 1001])
async def test_a_socket_that_closes_while_its_turn_waits_ends_it(upstream: Upstream, log: Log, code: int) -> None:
    upstream.plays(CALLS)
    async with sharing(upstream) as address, connected(address) as client:
        await waits(client)
        await client.socket.close(code)
        line = await log.line("turn_ended")
    assert (line["end"], line["reason"], line["phase"]) == ("cancelled", "client_gone", "waiting")


async def test_a_half_open_peer_does_not_keep_a_turn_that_waits(upstream: Upstream, log: Log) -> None:
    upstream.plays(CALLS)
    async with sharing(upstream, ping_interval=0.2, ping_timeout=0.2) as address:
        _, writer = await raw_socket(address, limit=1)
        writer.write(masked(b'{"type": "chat", "message": "hi", "tools": [{"name": "clock"}]}'))
        line = await log.line("turn_ended")
        writer.close()
    assert (line["end"], line["phase"]) == ("cancelled", "waiting")


async def test_a_socket_whose_turn_waits_is_not_idle(upstream: Upstream) -> None:
    upstream.plays(CALLS, says("Noon."))
    async with sharing(upstream, idle_timeout=0.3) as address, connected(address) as client:
        await waits(client)
        await asyncio.sleep(0.7)
        await send_result(client)
        assert text_of(await client.until_end("t1")) == "Noon."


async def test_a_token_that_runs_out_while_a_turn_waits_gives_no_result_and_a_fresh_one_does(
    upstream: Upstream,
) -> None:
    upstream.plays(CALLS, says("Noon."))
    async with serving(upstream, jwt_secret=SECRET) as address:
        expires_at = time.time() + 1.2
        async with connected(address, additional_headers=bearer(token(exp=expires_at))) as client:
            await waits(client)
            await asyncio.sleep(expires_at - time.time() + 0.05)
            await send_result(client)
            refused = await client.receive()
            assert (refused["code"], refused["id"], refused["ref"]) == ("unauthenticated", None, "t1")
            await client.send(type="auth", token=token())
            await send_result(client)
            assert text_of(await client.until_end("t1")) == "Noon."
