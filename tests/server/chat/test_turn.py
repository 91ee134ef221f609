"""One turn, the same over every transport: its deadlines, its retries, its faults, its one end."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack
from typing import Any

import pytest
from support.bodies import Reading, all_bodies
from support.client import text_of
from support.openai_wire import FORMS, Answer, ask_form
from support.serving import serving, sharing
from support.transports import TRANSPORTS, Ask, ask_rest
from support.upstream import (
    Exchange,
    Upstream,
    answer,
    fails,
    is_silent,
    plays_body,
    says,
    says_and_is_silent,
    starts_and_is_silent,
)

from deltawire.gemini.events import Counts
from deltawire.protocol.errors import TABLE
from deltawire.protocol.usage_figures import TOKEN_KINDS

FAST = {"retry_max_delay": 0.01}


async def resets(exchange: Exchange) -> None:
    exchange.reset()


async def starts_and_resets(exchange: Exchange) -> None:
    await exchange.start()
    exchange.reset()


async def starts_and_ends(exchange: Exchange) -> None:
    await exchange.start()
    await exchange.finish()


async def html_502(exchange: Exchange) -> None:
    await exchange.respond(502, b"<html>secret-proxy.internal</html>", "text/html")


async def broken_json(exchange: Exchange) -> None:
    await exchange.start()
    await exchange.send(b"data: {oops}\r\n\r\n")


async def bare_error(exchange: Exchange) -> None:
    await exchange.start()
    await exchange.send(b'{\n "error": {\n  "code": 503,\n  "message": "secret"\n }\n}\n')


async def huge_event(exchange: Exchange) -> None:
    await exchange.start()
    await exchange.send(b'data: {"candidates": "')
    for _ in range(33):
        await exchange.send(b"x" * 2**20)


async def trickles(exchange: Exchange) -> None:
    await exchange.start()
    for byte in b"data: " + b" " * 1000:
        await exchange.send(bytes([byte]))
        await asyncio.sleep(0.01)


async def never_ends_without_a_word(exchange: Exchange) -> None:
    await exchange.start()
    while True:
        await exchange.event({"usageMetadata": {"promptTokenCount": 1}})
        await asyncio.sleep(0.01)


async def broken_chunks(exchange: Exchange) -> None:
    await exchange.start()
    await asyncio.sleep(0.05)  # so that they come after the headers; the next one sends both at once
    await exchange._write(b"zz\r\n")


async def broken_chunks_at_once(exchange: Exchange) -> None:
    await exchange._write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")


async def garbage(exchange: Exchange) -> None:
    await exchange._write(b"SSH-2.0-OpenSSH\r\n\r\n")


DEADLINES = {"first_token_timeout": 0.5, "token_timeout": 0.5}

FAULTS: dict[str, tuple[Any, str, bool]] = {
    "400": (fails(400, "INVALID_ARGUMENT"), "upstream_rejected", False),
    "401": (fails(401), "upstream_rejected", False),
    "403": (fails(403), "upstream_rejected", False),
    "404": (fails(404), "upstream_rejected", False),
    "408": (fails(408), "upstream_unavailable", True),
    "429": (fails(429), "upstream_rate_limited", True),
    "499": (fails(499), "upstream_unavailable", True),
    "500": (fails(500), "upstream_unavailable", True),
    "503": (fails(503), "upstream_unavailable", True),
    "an HTML 502": (html_502, "upstream_unavailable", True),
    "a reset before headers": (resets, "upstream_unavailable", True),
    "a reset after headers": (starts_and_resets, "upstream_unavailable", True),
    "something that is not HTTP": (garbage, "upstream_unavailable", True),
    "silence before headers": (is_silent, "upstream_timeout", True),
    "silence before the first token": (starts_and_is_silent, "upstream_timeout", True),
    "an empty body": (starts_and_ends, "upstream_truncated", True),
    "broken JSON": (broken_json, "upstream_truncated", True),
    "broken chunks": (broken_chunks, "upstream_truncated", True),
    "a bare error": (bare_error, "upstream_unavailable", True),
    "broken chunks that come with the head": (broken_chunks_at_once, "upstream_truncated", True),
    "a byte at a time": (trickles, "upstream_timeout", True),
    "a body without a word that never ends": (never_ends_without_a_word, "upstream_timeout", True),
}


@pytest.fixture(scope="module")
async def faulty() -> AsyncIterator[Callable[[str], tuple[Upstream, str]]]:
    """An upstream and a server that tries once more: for faults that are a silence, one that does not wait long."""
    async with (
        Upstream() as upstream,
        serving(upstream, retries=1, **FAST) as patient,
        serving(upstream, retries=1, **FAST, **DEADLINES) as impatient,
    ):
        yield lambda fault: (upstream, impatient if FAULTS[fault][1] == "upstream_timeout" else patient)


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_fault_ends_the_turn_in_its_row_of_the_table(
    faulty: Callable[[str], tuple[Upstream, str]], ask: Ask, fault: str
) -> None:
    upstream, address = faulty(fault)
    script, code, retryable = FAULTS[fault]
    upstream.plays(script)
    [error] = await ask(address, id="t1")
    assert (error["type"], error["id"], error["code"], error["retryable"]) == ("error", "t1", code, retryable)
    assert "secret" not in error["message"]
    assert len(upstream.exchanges) == (2 if retryable else 1)


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_fault_is_an_error_in_each_form_of_openais_wire(
    faulty: Callable[[str], tuple[Upstream, str]], fault: str
) -> None:
    upstream, address = faulty(fault)
    script, code, retryable = FAULTS[fault]
    upstream.plays(script)
    answers = await asyncio.gather(*(ask_form(address, form) for form in FORMS.values()))
    assert set(answers) == {Answer(TABLE[code].status, "", code)}
    assert len(upstream.exchanges) == len(FORMS) * (2 if retryable else 1)


@pytest.mark.parametrize("fault", [name for name, (_, _, retryable) in FAULTS.items() if retryable])
async def test_a_fault_that_heals_before_the_first_delta_is_not_seen(
    faulty: Callable[[str], tuple[Upstream, str]], ask: Ask, fault: str
) -> None:
    upstream, address = faulty(fault)
    upstream.plays(FAULTS[fault][0], says("healed"))
    frames = await ask(address)
    assert text_of(frames) == "healed"
    assert frames[-1]["finish_reason"] == "stop"
    assert len(upstream.exchanges) == 2


async def test_an_upstream_that_is_not_there_is_unavailable(ask: Ask, free_port: int) -> None:
    upstream = Upstream()
    upstream.url = f"http://127.0.0.1:{free_port}"
    async with serving(upstream, retries=0) as address:
        [error] = await ask(address)
    assert error["code"] == "upstream_unavailable"


async def cuts_after_a_word(exchange: Exchange) -> None:
    await exchange.start()
    await exchange.text("half", usage={"promptTokenCount": 2, "candidatesTokenCount": 1, "totalTokenCount": 3})
    exchange.cut()


async def resets_after_a_word(exchange: Exchange) -> None:
    await exchange.start()
    await exchange.text("half")
    await asyncio.sleep(0.05)  # so that the reset does not overtake the word
    exchange.reset()


async def ends_after_a_word(exchange: Exchange) -> None:
    await exchange.start()
    await exchange.text("half")
    await exchange.finish()


async def breaks_its_chunks_after_a_word(exchange: Exchange) -> None:
    await exchange.start()
    await exchange.text("half")
    await asyncio.sleep(0.05)
    await exchange._write(b"-1\r\n")


async def breaks_its_chunks_in_one_piece_with_a_word(exchange: Exchange) -> None:
    await exchange.start()
    await asyncio.sleep(0.05)
    event = b"data: " + json.dumps(answer("half")).encode() + b"\r\n\r\n"
    await exchange._write(b"%x\r\n%b\r\nZZZ\r\n" % (len(event), event))


async def fails_after_a_word(exchange: Exchange) -> None:
    await exchange.start()
    await exchange.text("half")
    await exchange.send(b'{"error": {"code": 499, "message": "secret", "status": "CANCELLED"}}\n')


FAULTS_AFTER_A_WORD = [
    (cuts_after_a_word, "upstream_truncated"),
    (resets_after_a_word, "upstream_unavailable"),
    (ends_after_a_word, "upstream_truncated"),
    (fails_after_a_word, "upstream_unavailable"),
    (breaks_its_chunks_after_a_word, "upstream_truncated"),
    (breaks_its_chunks_in_one_piece_with_a_word, "upstream_truncated"),
    (says_and_is_silent("half"), "upstream_timeout"),
]


@pytest.mark.parametrize("script, code", FAULTS_AFTER_A_WORD)
async def test_a_fault_after_a_delta_is_the_end_and_is_never_asked_again(
    upstream: Upstream, ask: Ask, script: Any, code: str
) -> None:
    upstream.plays(script)
    async with sharing(upstream, **FAST, **DEADLINES) as address:
        delta, error = await ask(address)
    assert (delta["text"], error["code"]) == ("half", code)
    assert len(upstream.exchanges) == 1


@pytest.mark.parametrize("script, code", FAULTS_AFTER_A_WORD)
async def test_a_fault_after_a_delta_is_an_error_in_each_form_of_openais_wire(
    upstream: Upstream, script: Any, code: str
) -> None:
    upstream.plays(script)
    async with sharing(upstream, **FAST, **DEADLINES) as address:
        for form in FORMS.values():
            status, text = (200, "half") if form.stream else (TABLE[code].status, "")
            assert await ask_form(address, form) == Answer(status, text, code)
    assert len(upstream.exchanges) == len(FORMS)


async def test_an_error_has_the_usage_so_far(upstream: Upstream, ask: Ask) -> None:
    upstream.plays(cuts_after_a_word)
    async with sharing(upstream) as address:
        _, error = await ask(address)
    assert error["usage"]["measured"] == "partial"
    assert error["usage"]["total_tokens"] == 3
    assert error["usage"]["finish_reason"] is None


@pytest.mark.parametrize("fields", [{}, {"thinking": "off"}])
async def test_thoughts_that_were_not_asked_for_are_not_sent(
    upstream: Upstream, ask: Ask, fields: dict[str, str]
) -> None:
    upstream.plays(plays_body(all_bodies()["thoughts"]))
    async with sharing(upstream) as address:
        *deltas, usage = await ask(address, **fields)
    assert {frame["type"] for frame in deltas} == {"delta"}
    assert usage["thought_tokens"] == 9


async def test_a_thought_has_been_sent_so_a_fault_after_it_is_not_tried_again(upstream: Upstream, ask: Ask) -> None:
    async def thinks_and_ends(exchange: Exchange) -> None:
        await exchange.start()
        await exchange.text("hmm", thought=True)
        await exchange.finish()

    upstream.plays(thinks_and_ends)
    async with sharing(upstream, **FAST) as address:
        *thoughts, error = await ask(address, thinking="low")
    assert error["code"] == "upstream_truncated"
    assert text_of(thoughts, "thought") == ("" if ask is ask_rest else "hmm")
    assert len(upstream.exchanges) == 1


@pytest.mark.parametrize(
    "script, setting, words",
    [
        (is_silent, "first_token_timeout", "no first token within 0.2 s"),
        (starts_and_is_silent, "first_token_timeout", "no first token within 0.2 s"),
        (says_and_is_silent("x"), "token_timeout", "sent nothing for 0.2 s"),
        (says_and_is_silent("x"), "turn_timeout", "longer than 0.2 s"),
        (is_silent, "turn_timeout", "longer than 0.2 s"),
        (fails(503), "turn_timeout", "longer than 0.2 s"),
    ],
)
async def test_each_deadline_says_its_name(upstream: Upstream, ask: Ask, script: Any, setting: str, words: str) -> None:
    upstream.plays(script)
    retries = 50 if setting == "turn_timeout" else 0
    async with sharing(upstream, retries=retries, **{setting: 0.2}) as address:
        error = (await ask(address))[-1]
    assert error["code"] == "upstream_timeout"
    assert words in error["message"]
    await upstream.exchanges[-1].closes()


async def test_a_connection_that_is_not_made_has_a_deadline_of_its_own(ask: Ask) -> None:
    with socket.socket() as full, ExitStack() as queue:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for _ in range(3):  # more than it holds; the kernel drops what comes after them
            waiting = queue.enter_context(socket.socket())
            waiting.settimeout(0)
            waiting.connect_ex(full.getsockname())
        upstream = Upstream()
        upstream.url = f"http://127.0.0.1:{full.getsockname()[1]}"
        async with serving(upstream, connect_timeout=0.2, retries=0) as address:
            [error] = await ask(address)
    assert error["code"] == "upstream_timeout"
    assert "could not be reached within 0.2 s" in error["message"]


async def test_an_answer_may_begin_later_than_a_connection_may_take(upstream: Upstream, ask: Ask) -> None:
    async def thinks_before_its_headers(exchange: Exchange) -> None:
        await asyncio.sleep(0.5)
        await says("ok")(exchange)

    upstream.plays(thinks_before_its_headers)
    async with sharing(upstream, connect_timeout=0.2) as address:
        frames = await ask(address)
    assert text_of(frames) == "ok"
    assert len(upstream.exchanges) == 1


async def test_an_event_over_32_mib_is_asked_for_once_and_then_of_a_fallback(upstream: Upstream, ask: Ask) -> None:
    upstream.plays(huge_event)
    async with sharing(upstream) as address:
        [error] = await ask(address)
    assert (error["code"], len(upstream.exchanges)) == ("upstream_truncated", 1)
    upstream.plays(huge_event, says("small"))
    async with sharing(upstream, fallback_models="spare") as address:
        frames = await ask(address)
    assert (text_of(frames), frames[-1]["model"]) == ("small", "spare")


async def test_tokens_that_keep_coming_keep_the_turn_alive(upstream: Upstream, ask: Ask) -> None:
    async def steady(exchange: Exchange) -> None:
        await exchange.start()
        for number in range(6):
            await exchange.text(str(number), thought=number < 3)
            await asyncio.sleep(0.25)
        await exchange.text("", finish="STOP")
        await exchange.finish()

    upstream.plays(steady)
    async with sharing(upstream, token_timeout=1) as address:
        frames = await ask(address, thinking="low")
    assert (text_of(frames, "thought"), text_of(frames)) == ("012", "345")


async def test_a_delay_that_the_provider_asks_for_is_waited_for(upstream: Upstream, ask: Ask) -> None:
    info = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "0.4s"}
    upstream.plays(fails(429, details=[info]), says("ok"))
    async with sharing(upstream) as address:
        frames = await ask(address)
    assert text_of(frames) == "ok"
    assert frames[-1]["duration_ms"] >= 400


async def test_a_delay_longer_than_we_wait_ends_the_turn_now(upstream: Upstream, ask: Ask) -> None:
    info = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34.4s"}
    upstream.plays(fails(429, details=[info]))
    async with sharing(upstream) as address:
        [error] = await ask(address)
    assert (error["code"], error["retry_after"]) == ("upstream_rate_limited", 34.4)
    assert len(upstream.exchanges) == 1


async def test_a_fallback_answers_when_the_provider_is_at_fault(upstream: Upstream, ask: Ask) -> None:
    async def by_model(exchange: Exchange) -> None:
        await (says("backup") if exchange.model == "spare" else fails(503))(exchange)

    upstream.plays(by_model)
    settings = {"models": "main", "fallback_models": "worse,spare", "retries": 1}
    async with sharing(upstream, **settings, **FAST) as address:
        frames = await ask(address)
    assert text_of(frames) == "backup"
    assert frames[-1]["model"] == "spare"
    assert [exchange.model for exchange in upstream.exchanges] == ["main", "main", "worse", "worse", "spare"]


async def test_a_request_that_is_rejected_falls_back_to_nobody(upstream: Upstream, ask: Ask) -> None:
    upstream.plays(fails(400))
    async with sharing(upstream, models="main", fallback_models="spare") as address:
        [error] = await ask(address)
    assert error["code"] == "upstream_rejected"
    assert len(upstream.exchanges) == 1


async def test_a_refused_prompt_is_blocked_and_not_asked_again(upstream: Upstream, ask: Ask) -> None:
    upstream.plays(plays_body(all_bodies()["a refused prompt"]))
    async with sharing(upstream) as address:
        [error] = await ask(address)
    assert (error["code"], error["retryable"], error["usage"]["input_tokens"]) == ("blocked", False, 8)
    assert error["usage"]["measured"] == "reported"
    assert len(upstream.exchanges) == 1


@pytest.fixture(scope="module")
async def replaying() -> Any:
    async with Upstream() as upstream, serving(upstream, retries=0) as address:
        yield upstream, address


@pytest.mark.parametrize(
    "ask, piece",
    [
        pytest.param(ask, piece, id=f"{name}-{piece}", marks=[] if by_day else pytest.mark.nightly)
        for name, ask in TRANSPORTS.items()
        for piece, by_day in ((100, name == "socket"), (2**20, name != "socket"))
    ],
)
@pytest.mark.parametrize("name", all_bodies())
async def test_a_body_comes_through_whole(replaying: tuple[Upstream, str], ask: Ask, name: str, piece: int) -> None:
    """By day in pieces over the socket, whole over the others; tests/unit/gemini/test_wire.py cuts them anywhere."""
    upstream, address = replaying
    body = all_bodies()[name]
    upstream.plays(plays_body(body, piece))
    *pieces, end = await ask(address, thinking="low")
    expected = Reading(body, [])
    assert text_of(pieces) == expected.text
    if end["type"] == "usage" or ask is not ask_rest:
        assert text_of(pieces, "thought") == expected.thoughts
    assert end.get("code", end.get("finish_reason")) == (expected.failure or expected.finish_reason)
    assert all(frame["text"] for frame in pieces if frame["type"] != "file")  # a picture of the model's
    if expected.counts != Counts():
        usage = end if end["type"] == "usage" else end["usage"]
        counted = {kind: usage[f"{kind}_tokens"] for kind in TOKEN_KINDS}
        assert counted == {kind: getattr(expected.counts, kind) for kind in TOKEN_KINDS}


async def test_an_answer_of_8_mb_in_one_event_comes_through(upstream: Upstream, ask: Ask) -> None:
    upstream.plays(says("x" * 8_000_000))
    async with sharing(upstream) as address:
        frames = await ask(address)
    assert len(text_of(frames)) == 8_000_000
    assert frames[-1]["finish_reason"] == "stop"
