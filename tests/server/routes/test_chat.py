"""`POST /chat` and `POST /chat/stream`: what HTTP adds to the turn."""

import asyncio
import json
from collections.abc import AsyncIterator

import aiohttp
import pytest
from support.serving import serving, sharing
from support.transports import ask_rest, ask_sse, events, post, posting
from support.upstream import Exchange, Upstream, fails, says, says_and_breaks_off, says_and_is_silent

from deltawire.routes import sse

PATHS = ["/chat", "/chat/stream"]


@pytest.fixture(scope="module")
async def strict() -> AsyncIterator[tuple[Upstream, str]]:
    bounds = {"max_message_chars": 1000, "max_history_chars": 2000, "max_frame_bytes": 10_000}
    async with Upstream() as upstream, serving(upstream, **bounds) as address:
        yield upstream, address


BAD = {
    "not JSON": (b"{oops", 400, "invalid_json", None),
    "nothing": (b"", 400, "invalid_json", None),
    "not UTF-8": (b'{"message": "\xff"}', 400, "invalid_json", None),
    "an array": (b"[]", 400, "invalid_frame", None),
    "no message": (b"{}", 400, "invalid_frame", "message"),
    "a type": (b'{"type": "chat", "message": "x"}', 400, "invalid_frame", "type"),
    "a field that is not listed": (b'{"message": "x", "stream": true}', 400, "invalid_frame", "stream"),
    "a hot temperature": (b'{"message": "x", "temperature": 3}', 400, "invalid_frame", "temperature"),
    "a bad role": (
        b'{"message": "x", "history": [{"role": "bot", "text": "y"}]}',
        400,
        "invalid_frame",
        "history[0].role",
    ),
    "half a surrogate pair": (b'{"message": "\\ud800"}', 400, "invalid_frame", "message"),
    "a deep message": (b'{"message": ' + b"[" * 4000 + b"]" * 4000 + b"}", 400, "invalid_frame", "message"),
    "a model not on offer": (b'{"message": "x", "model": "gemini-9"}', 404, "unknown_model", "model"),
    "a long message": (json.dumps({"message": "x" * 1001}).encode(), 413, "message_too_large", "message"),
    "a huge body": (json.dumps({"message": "x" * 20_000}).encode(), 413, "message_too_large", None),
}


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("kind", BAD)
async def test_bad_input_is_a_problem_that_names_the_field(strict: tuple[Upstream, str], path: str, kind: str) -> None:
    upstream, address = strict
    upstream.plays(says("x"))
    body, status, code, field = BAD[kind]
    got, problem, headers = await post(address, path, body)
    assert (got, problem["code"], problem["field"], problem["id"]) == (status, code, field, None)
    assert headers["Content-Type"] == "application/problem+json"
    assert problem["status"] == status
    assert problem["message"] == problem["detail"]
    assert upstream.exchanges == []


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", ""])
async def test_a_body_that_is_not_json_by_name_is_unsupported(
    strict: tuple[Upstream, str], path: str, media_type: str
) -> None:
    status, problem, _ = await post(strict[1], path, b'{"message": "hi"}', **{"Content-Type": media_type})
    assert (status, problem["code"]) == (415, "unsupported")


@pytest.mark.parametrize("path", PATHS)
async def test_a_charset_beside_the_media_type_does_no_harm(strict: tuple[Upstream, str], path: str) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.post(
            f"http://{strict[1]}{path}",
            data=b'{"message": "hi"}',
            headers={"Content-Type": "Application/JSON; charset=utf-8"},
        ) as response,
    ):
        assert response.status == 200


@pytest.mark.parametrize("path", PATHS)
async def test_another_origin_cannot_ask(strict: tuple[Upstream, str], path: str) -> None:
    status, problem, _ = await post(strict[1], path, b'{"message": "hi"}', Origin="http://evil.example")
    assert (status, problem["code"]) == (403, "forbidden")


@pytest.mark.parametrize("path", PATHS)
async def test_another_method_is_told_what_is_taken(strict: tuple[Upstream, str], path: str) -> None:
    async with aiohttp.ClientSession() as session, session.get(f"http://{strict[1]}{path}") as response:
        assert (response.status, (await response.json(content_type=None))["code"]) == (405, "unsupported")
        assert "POST" in response.headers["Allow"]


@pytest.mark.parametrize("path", PATHS)
async def test_a_refused_request_names_the_turn_that_it_refuses(strict: tuple[Upstream, str], path: str) -> None:
    _, problem, _ = await post(strict[1], path, b'{"message": "x", "id": "t1", "top_p": 2}')
    assert (problem["id"], problem["field"]) == ("t1", "top_p")


@pytest.mark.parametrize("path", PATHS)
async def test_a_full_server_says_when_to_come_back(upstream: Upstream, path: str) -> None:
    upstream.plays(says_and_is_silent("..."))
    async with sharing(upstream, max_turns=1) as address, posting(address, "/chat/stream"):
        status, problem, headers = await post(address, path, b'{"message": "hi"}')
    assert (status, problem["code"], problem["retryable"]) == (503, "overloaded", True)
    assert headers["Retry-After"] in ("1", "2")


async def test_a_turn_over_http_has_no_history_of_its_own(upstream: Upstream) -> None:
    async with sharing(upstream) as address:
        for ask in (ask_rest, ask_sse, ask_rest):
            await ask(address, "alone")
    assert [exchange.texts for exchange in upstream.exchanges] == [["alone"]] * 3


async def test_history_is_the_context(upstream: Upstream) -> None:
    async with sharing(upstream) as address:
        await ask_rest(address, "now", history=[{"role": "user", "text": "before"}])
    assert upstream.exchanges[0].texts == ["before", "now"]


async def test_a_failed_answer_holds_what_had_come(upstream: Upstream) -> None:
    upstream.plays(says_and_breaks_off("half"))
    async with sharing(upstream) as address:
        status, problem, _ = await post(address, "/chat", b'{"message": "hi", "id": "t1"}')
    assert (status, problem["code"], problem["text"], problem["id"]) == (502, "upstream_truncated", "half", "t1")


async def test_the_providers_delay_is_in_a_header(upstream: Upstream) -> None:
    info = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34.4s"}
    upstream.plays(fails(429, details=[info]))
    async with sharing(upstream) as address:
        status, problem, headers = await post(address, "/chat", b'{"message": "hi"}')
    assert (status, problem["retry_after"], headers["Retry-After"]) == (503, 34.4, "35")


async def test_a_stream_passes_proxies_and_has_no_ids(strict: tuple[Upstream, str]) -> None:
    upstream, address = strict
    upstream.plays(says("one", "two"))
    async with posting(address, "/chat/stream") as response:
        assert response.status == 200
        assert response.headers["Content-Type"].startswith("text/event-stream")
        assert response.headers["Cache-Control"] == "no-cache"
        assert response.headers["X-Accel-Buffering"] == "no"
        body = await response.text()
    assert {line.partition(":")[0] for line in body.splitlines() if line} == {"event", "data"}


async def test_a_delta_is_sent_as_it_comes(strict: tuple[Upstream, str]) -> None:
    upstream, address = strict
    upstream.plays(says_and_is_silent("first"))
    async with posting(address, "/chat/stream") as response:
        frame = await anext(events(response))
    assert (frame["type"], frame["text"]) == ("delta", "first")


async def test_silence_is_filled_with_comments(strict: tuple[Upstream, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "_HEARTBEAT_SECONDS", 0.1)
    upstream, address = strict
    gate = asyncio.Event()

    async def waits(exchange: Exchange) -> None:
        await exchange.start()
        await gate.wait()
        await exchange.text("late", finish="STOP")
        await exchange.finish()

    upstream.plays(waits)
    async with posting(address, "/chat/stream") as response:
        for _ in range(3):
            assert await response.content.readuntil(b"\n\n") == b": \n\n"
        gate.set()
        frames = [frame async for frame in events(response)]
    assert [frame["type"] for frame in frames] == ["delta", "usage"]


@pytest.mark.parametrize(
    "query, accept", [("?format=ai-sdk", "*/*"), ("", "text/plain, Application/vnd.ai-sdk.ui-message-stream;q=0.9")]
)
async def test_a_stream_may_be_the_ai_sdks(strict: tuple[Upstream, str], query: str, accept: str) -> None:
    upstream, address = strict
    upstream.plays(says("one"))
    async with (
        aiohttp.ClientSession() as session,
        session.post(
            f"http://{address}/chat/stream{query}", json={"message": "hi", "id": "t1"}, headers={"Accept": accept}
        ) as response,
    ):
        body = await response.text()
        assert response.content_type == "text/event-stream"
        assert response.headers["X-Vercel-AI-UI-Message-Stream"] == "v1"
    assert body.startswith('data: {"type":"start","messageId":"t1"}\n\n')
    assert body.endswith("data: [DONE]\n\n")


@pytest.mark.parametrize(
    "query, body, field",
    [("?format=ai", {"message": "hi"}, "format"), ("?format=ai-sdk", {"message": "hi", "grace": 1}, "grace")],
)
async def test_what_the_ai_sdks_stream_cannot_do_is_refused_by_name(
    strict: tuple[Upstream, str], query: str, body: dict[str, object], field: str
) -> None:
    status, problem, _ = await post(strict[1], f"/chat/stream{query}", json.dumps(body).encode())
    assert (status, problem["code"], problem["field"]) == (400, "invalid_frame", field)


async def test_an_ai_sdks_stream_that_fails_at_once_is_a_status(strict: tuple[Upstream, str]) -> None:
    upstream, address = strict
    upstream.plays(fails(400))
    status, problem, _ = await post(address, "/chat/stream?format=ai-sdk", b'{"message": "hi"}')
    assert (status, problem["code"]) == (502, "upstream_rejected")
