"""The rules of limits, the same over every transport, in memory and in Redis."""

import asyncio
import json
import time
from typing import Any

import aiohttp
import pytest
from support.client import Frame, connected
from support.identity import API_KEYS, KEYS, bearer
from support.log import Log
from support.redis import RedisServer
from support.serving import serving
from support.transports import Ask, ask_rest, ask_socket, post, posting
from support.upstream import Script, Upstream, answer, fails, is_silent, plays_body, says, says_and_is_silent, says_when

MODELS = "gemini-2.5-flash,gemini-2.5-pro"
COUNTS = {"promptTokenCount": 30, "candidatesTokenCount": 20, "totalTokenCount": 50}


async def get(address: str, path: str, **headers: str) -> tuple[int, Any]:
    async with aiohttp.ClientSession() as session, session.get(f"http://{address}{path}", headers=headers) as response:
        return response.status, await response.json(content_type=None)


async def usage_of(address: str, **headers: str) -> dict[str, Any]:
    status, report = await get(address, "/usage", **headers)
    assert status == 200
    assert isinstance(report, dict)
    return report


async def today_of(address: str) -> dict[str, Any]:
    """Return the use of the one model that was asked today."""
    [used] = (await usage_of(address))["days"][0]["models"]
    assert isinstance(used, dict)
    return used


def until_midnight() -> float:
    return 86_400 - time.time() % 86_400


def is_refused(frames: list[Frame], code: str, field: str | None = None) -> Frame:
    [frame] = frames
    assert (frame["type"], frame["code"], frame["field"], frame["retryable"]) == ("error", code, field, True)
    assert frame["usage"] is None
    return frame


async def test_a_turn_too_many_in_a_minute_is_refused_until_there_is_one_more(
    upstream: Upstream, ask: Ask, counted: dict[str, str]
) -> None:
    async with serving(upstream, turns_per_minute=2, **counted) as address:
        began = time.time()
        for _ in range(2):
            assert (await ask(address))[-1]["type"] == "usage"
        refused = is_refused(await ask(address, id="t1"), "rate_limited")
        assert refused["id"] == "t1"
        assert refused["message"] == "You may begin 2 turns a minute."
        assert 60 - (time.time() - began) - 0.1 <= refused["retry_after"] <= 60
    assert len(upstream.exchanges) == 2


async def test_a_turn_too_many_at_once_is_refused_until_one_has_ended(
    upstream: Upstream, ask: Ask, counted: dict[str, str]
) -> None:
    released = asyncio.Event()
    upstream.plays(says_when(released))
    async with serving(upstream, turns_at_once=1, turns_per_minute=100, **counted) as address:
        first = asyncio.create_task(ask(address))
        await upstream.wait_for_request()
        refused = is_refused(await ask(address), "rate_limited")
        assert refused["message"] == "You may have 1 turn at once: wait for one to end."
        assert 0.5 <= refused["retry_after"] <= 1.5
        released.set()
        assert (await first)[-1]["type"] == "usage"
        for _ in range(10):  # each may begin as soon as its reader has heard of the end of the one before
            assert (await ask(address))[-1]["type"] == "usage"
        [window] = [limit for limit in (await usage_of(address))["limits"] if limit["limit"] == "turns_per_minute"]
        assert window["left"] == 100 - 11, "what was refused counts for nothing"


async def test_a_turn_that_its_reader_has_left_runs_no_more(upstream: Upstream, counted: dict[str, str]) -> None:
    async with serving(upstream, turns_at_once=1, **counted) as address:
        for script in (is_silent, says_and_is_silent("Hello")):
            upstream.plays(script, says("Hello"))
            async with connected(address) as client:
                await client.chat()
                exchange = await upstream.wait_for_request()
            await exchange.closed.wait()
            async with connected(address) as client, asyncio.timeout(20):
                while (await client.ask())[-1]["type"] == "error":
                    pass


@pytest.mark.parametrize(
    "budget, sentence",
    [
        ({"tokens_per_day": 60}, "Your 60 tokens a day are used up; there is more at midnight, UTC."),
        ({"usd_per_day": "0.0001"}, "Your $0.0001 a day are used up; there is more at midnight, UTC."),
    ],
    ids=["tokens", "dollars"],
)
async def test_a_turn_after_a_budget_is_used_up_is_refused_until_the_next_day(
    upstream: Upstream, ask: Ask, counted: dict[str, str], budget: dict[str, Any], sentence: str
) -> None:
    upstream.plays(says("Hello", usage=COUNTS))
    async with serving(upstream, models=MODELS, **budget, **counted) as address:
        for _ in range(2):  # the second one crosses the budget, and is not cut
            [*_, usage] = await ask(address)
            assert (usage["type"], usage["total_tokens"], usage["cost_usd"]) == ("usage", 50, 0.000059)
        refused = is_refused(await ask(address), "budget_exhausted")
        assert refused["message"] == sentence
        assert refused["retry_after"] == pytest.approx(until_midnight(), abs=5)
    assert len(upstream.exchanges) == 2


@pytest.mark.parametrize(
    "rule",
    [{"turns_per_minute": "50,gemini-2.5-pro=1"}, {"tokens_per_day": "gemini-2.5-pro=5"}],
    ids=["turns", "tokens"],
)
async def test_a_rule_for_one_model_goes_beside_that_for_all(
    upstream: Upstream, ask: Ask, counted: dict[str, str], rule: dict[str, str]
) -> None:
    code = "rate_limited" if "turns_per_minute" in rule else "budget_exhausted"
    async with serving(upstream, models=MODELS, **rule, **counted) as address:
        assert (await ask(address, model="gemini-2.5-pro"))[-1]["type"] == "usage"
        refused = is_refused(await ask(address, model="gemini-2.5-pro"), code, "model")
        assert "with gemini-2.5-pro" in refused["message"]
        assert (await ask(address))[-1]["type"] == "usage"


async def test_the_narrower_and_the_wider_rule_both_hold(upstream: Upstream, counted: dict[str, str]) -> None:
    async with serving(upstream, models=MODELS, turns_per_minute="3,gemini-2.5-pro=2", **counted) as address:
        for model in ("gemini-2.5-pro", "gemini-2.5-pro", "gemini-2.5-flash"):
            assert (await ask_rest(address, model=model))[-1]["type"] == "usage"
        is_refused(await ask_rest(address, model="gemini-2.5-flash"), "rate_limited")
        left = {limit["model"]: limit["left"] for limit in (await usage_of(address))["limits"]}
        assert left == {None: 0, "gemini-2.5-pro": 0}


async def test_the_model_of_a_conversations_settings_counts(upstream: Upstream, counted: dict[str, str]) -> None:
    async with serving(upstream, models=MODELS, turns_per_minute="gemini-2.5-pro=1", **counted) as address:
        settings = b'{"settings": {"model": "gemini-2.5-pro"}}'
        _, conversation, _ = await post(address, "/conversations", settings)
        assert (await ask_rest(address, conversation=conversation["id"]))[-1]["model"] == "gemini-2.5-pro"
        is_refused(await ask_rest(address, "again", conversation=conversation["id"]), "rate_limited", "model")
        is_refused(await ask_socket(address, "again", conversation=conversation["id"]), "rate_limited", "model")
        _, kept = await get(address, f"/conversations/{conversation['id']}")
        assert [message["text"] for message in kept["messages"]] == ["hi", "Hello world"], "no refused turn is written"


async def test_a_turn_that_cannot_be_written_counts_as_one_without_tokens(
    upstream: Upstream, ask: Ask, counted: dict[str, str]
) -> None:
    async with serving(upstream, turns_at_once=1, tokens_per_day=100, **counted) as address:
        for _ in range(3):
            [refused] = await ask(address, conversation="nowhere")
            assert refused["code"] == "not_found"
        assert (await ask(address))[-1]["type"] == "usage"
        used = await today_of(address)
        assert (used["turns"], used["uncounted_turns"], used["total_tokens"]) == (4, 3, 5)


async def test_each_caller_has_limits_of_their_own(upstream: Upstream, counted: dict[str, str]) -> None:
    async with serving(upstream, api_keys=API_KEYS, turns_per_minute=1, **counted) as address:
        statuses = [
            (await post(address, "/chat", b'{"message": "hi"}', **bearer(KEYS[name])))[0]
            for name in ("alice", "bob", "alice", "bob")
        ]
        assert statuses == [200, 200, 429, 429]
        report = await usage_of(address, **bearer(KEYS["alice"]))
        assert report["days"][0]["models"][0]["turns"] == 1
        assert (await get(address, "/usage"))[0] == 401


async def test_everybody_is_one_caller_where_nobody_is_asked(
    upstream: Upstream, counted: dict[str, str], log: Log
) -> None:
    async with serving(upstream, turns_per_minute=1, **counted) as address:
        assert (await ask_rest(address))[-1]["type"] == "usage"
        is_refused(await ask_socket(address), "rate_limited")
    await log.line("limits: authentication is off, so all clients together are one caller")


async def test_workers_that_count_each_for_themselves_say_so(upstream: Upstream, redis: RedisServer, log: Log) -> None:
    sentence = "limits and usage: each worker counts for itself; set REDIS_URL to share them"
    async with serving(upstream, workers=2, turns_per_minute=5, redis_url=redis.url):
        assert not [line for line in log.lines if line["event"] == sentence]
    async with serving(upstream, workers=2, turns_per_minute=5, redis_url=""):
        await log.line(sentence, workers=2)


async def test_a_cancelled_turn_is_charged_what_is_known(upstream: Upstream, counted: dict[str, str]) -> None:
    async def script(exchange: Any) -> None:
        await exchange.start()
        await exchange.event(answer("Hello", usage=COUNTS))

    upstream.plays(script)
    async with serving(upstream, models=MODELS, tokens_per_day=50, **counted) as address:
        async with connected(address) as client:
            await client.chat(id="t1")
            await client.receive()
            await client.send(type="cancel", id="t1")
            [usage] = await client.until_end("t1")
            assert (usage["finish_reason"], usage["cost_usd"]) == ("cancelled", 0.000059)
            is_refused(await client.ask(), "budget_exhausted")
        used = await today_of(address)
        assert (used["turns"], used["total_tokens"], used["cost_usd"]) == (1, 50, 0.000059)


async def test_a_turn_whose_reader_has_left_is_charged_all_the_same(
    upstream: Upstream, counted: dict[str, str]
) -> None:
    async def script(exchange: Any) -> None:
        await exchange.start()
        await exchange.event(answer("Hello", usage=COUNTS))

    upstream.plays(script)
    async with serving(upstream, models=MODELS, **counted) as address:
        async with connected(address) as client:
            await client.chat()
            await client.receive()
        async with posting(address, "/chat/stream") as response:
            await response.content.readuntil(b"Hello")
        async with asyncio.timeout(20):
            while not (days := (await usage_of(address))["days"][0]["models"]) or days[0]["turns"] < 2:
                pass
        assert (days[0]["turns"], days[0]["total_tokens"], days[0]["uncounted_turns"]) == (2, 100, 0)


async def test_a_failed_turn_is_charged_what_is_known(upstream: Upstream, ask: Ask, counted: dict[str, str]) -> None:
    async def script(exchange: Any) -> None:
        await exchange.start()
        await exchange.event(answer("Hello", usage=COUNTS))
        await exchange.finish()

    upstream.plays(script, fails(400))
    async with serving(upstream, models=MODELS, retries=0, **counted) as address:
        error = (await ask(address))[-1]
        assert (error["code"], error["usage"]["cost_usd"]) == ("upstream_truncated", 0.000059)
        error = (await ask(address))[-1]
        assert (error["code"], error["usage"]) == ("upstream_rejected", None)
        used = await today_of(address)
        assert (used["turns"], used["total_tokens"], used["cost_usd"]) == (2, 50, 0.000059)
        assert (used["uncounted_turns"], used["unpriced_turns"]) == (1, 1)


async def test_what_is_not_known_is_null(upstream: Upstream, counted: dict[str, str]) -> None:
    upstream.plays(fails(400))
    async with serving(upstream, models="unheard-of", **counted) as address:
        await ask_rest(address)
        used = await today_of(address)
        assert (used["model"], used["turns"], used["total_tokens"], used["cost_usd"]) == ("unheard-of", 1, None, None)
        upstream.plays(says("Hello"))
        assert (await ask_rest(address))[-1]["cost_usd"] is None
        used = await today_of(address)
        assert (used["total_tokens"], used["cost_usd"], used["unpriced_turns"]) == (5, None, 2)


def searches(text: str) -> Script:
    """An answer of 50 tokens that rests on a search."""
    last = answer(text, finish="STOP", usage=COUNTS)
    last["candidates"][0]["groundingMetadata"] = {"webSearchQueries": ["sky"]}
    return plays_body(b"data: " + json.dumps(last).encode() + b"\r\n\r\n")


async def test_a_search_without_a_price_does_not_make_its_tokens_free(
    upstream: Upstream, ask: Ask, counted: dict[str, str]
) -> None:
    upstream.plays(searches("blue"))
    settings = {"models": "mine", "prices": "mine=1/1", "tools": "search", "usd_per_day": "0.00005"}
    async with serving(upstream, **settings, limits_when_price_is_unknown="allow", **counted) as address:
        usage = (await ask(address, tools=["search"]))[-1]
        assert (usage["search_queries"], usage["total_tokens"], usage["cost_usd"]) == (1, 50, None)
        used = await today_of(address)
        assert (used["cost_usd"], used["unpriced_turns"]) == (None, 1)
        assert (await usage_of(address))["limits"][0]["left"] == 0
        is_refused(await ask(address, tools=["search"]), "budget_exhausted")


async def test_a_turn_that_was_cut_before_its_answer_was_counted_is_charged_its_question(
    upstream: Upstream, ask: Ask, counted: dict[str, str]
) -> None:
    chunk = answer("Hel", usage={"promptTokenCount": 50, "totalTokenCount": 50})
    upstream.plays(plays_body(b"data: " + json.dumps(chunk).encode() + b"\r\n\r\n"))
    settings = {"models": "mine", "prices": "mine=1/1", "usd_per_day": "0.00005", "retries": 0}
    async with serving(upstream, **settings, **counted) as address:
        assert (await ask(address))[-1]["code"] == "upstream_truncated"
        is_refused(await ask(address), "budget_exhausted")


async def test_usage_tells_each_limit_with_what_is_left(upstream: Upstream, counted: dict[str, str]) -> None:
    limits = {"turns_per_minute": 5, "turns_at_once": 3, "tokens_per_day": 100, "usd_per_day": 1}
    async with serving(upstream, models=MODELS, **limits, **counted) as address:
        cost = (await ask_rest(address))[-1]["cost_usd"]
        report = await usage_of(address)
        by_name = {limit["limit"]: limit for limit in report["limits"]}
        assert {name: limit["allowed"] for name, limit in by_name.items()} == limits
        assert {name: limit["left"] for name, limit in by_name.items()} == {
            "turns_per_minute": 4,
            "turns_at_once": 3,
            "tokens_per_day": 95,
            "usd_per_day": pytest.approx(1 - cost),
        }
        assert 0 < by_name["turns_per_minute"]["resets_in"] <= 60
        assert by_name["turns_at_once"]["resets_in"] is None
        assert by_name["usd_per_day"]["resets_in"] == pytest.approx(until_midnight(), abs=5)
        assert [day["models"] == [] for day in report["days"]] == [False, *[True] * 6]
        assert len((await get(address, "/usage?days=31"))[1]["days"]) == 31
        status, problem = await get(address, "/usage?days=32")
        assert (status, problem["field"]) == (400, "days")
        assert problem["message"] == "days must be a whole number from 1 to 31."


async def test_http_answers_carry_the_fields_of_their_limits(upstream: Upstream, counted: dict[str, str]) -> None:
    async with serving(upstream, turns_per_minute="2", turns_at_once=4, **counted) as address:
        async with posting(address, "/chat/stream") as response:
            assert response.headers["RateLimit-Policy"] == (
                '"turns_per_minute";q=2;w=60, "turns_at_once";q=4;qu="concurrent-requests"'
            )
            assert response.headers["RateLimit"] == '"turns_per_minute";r=1;t=60, "turns_at_once";r=3'
            await response.read()
        _, _, headers = await post(address, "/chat", b'{"message": "hi"}')
        assert headers["RateLimit"].startswith('"turns_per_minute";r=0;t=')
        status, problem, headers = await post(address, "/chat", b'{"message": "hi"}')
        assert (status, problem["code"]) == (429, "rate_limited")
        assert headers["RateLimit"].startswith(f'"turns_per_minute";r=0;t={headers["Retry-After"]}')
        assert "RateLimit" not in (await post(address, "/chat", b"{}"))[2]


async def test_a_model_without_a_price_is_refused_by_name_where_dollars_are_limited(
    upstream: Upstream, ask: Ask
) -> None:
    settings = {"models": "*", "usd_per_day": 1, "prices": "priced=1/2"}
    async with serving(upstream, **settings) as address:
        [refused] = await ask(address, model="unheard-of")
        assert (refused["code"], refused["field"], refused["retryable"]) == ("unknown_model", "model", False)
        assert refused["message"] == (
            "Dollars are limited here, and unheard-of has no known price: choose another model."
        )
        assert (await ask(address, model="priced"))[-1]["cost_usd"] == (3 * 1 + 2 * 2) / 1e6
    async with serving(upstream, **settings, tools="search") as address:
        [refused] = await ask(address, model="priced")
        assert (refused["code"], refused["field"]) == ("unknown_model", "model")
        assert refused["message"] == (
            "Dollars are limited here, and priced has no known price of searches: choose another model."
        )
    async with serving(upstream, **settings, limits_when_price_is_unknown="allow") as address:
        assert (await ask(address, model="unheard-of"))[-1]["cost_usd"] is None
