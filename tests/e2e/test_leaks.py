"""Secrets that must never leave the process: the key, the provider's words, a stack trace, what people wrote."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from support.client import connected
from support.forked import ForkServer
from support.process import ServerProcess, forked
from support.transports import TRANSPORTS
from support.upstream import Exchange, Upstream, fails, plays_body
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

KEY = "AIzaPlantedKey0123456789"
PROVIDER = "provider-says-this"
PROMPT = "prompt-of-a-person"
SECRETS = (KEY, PROVIDER, PROMPT, "Traceback", 'File "', "generativelanguage", "10.1.2.3")


async def bare_error(exchange: Exchange) -> None:
    await exchange.start()
    await exchange.send(json.dumps({"error": {"code": 400, "message": PROVIDER, "status": PROVIDER}}).encode())
    await exchange.finish()


async def html(exchange: Exchange) -> None:
    await exchange.respond(502, f"<html>{PROVIDER} at 10.1.2.3</html>".encode(), "text/html")


@pytest.fixture(scope="module")
async def served(fork_server: ForkServer) -> AsyncIterator[tuple[Upstream, ServerProcess]]:
    settings = {"DELTAWIRE_LOG_LEVEL": "debug", "DELTAWIRE_RETRIES": "1", "DELTAWIRE_RETRY_MAX_DELAY": "0.01"}
    async with (
        Upstream() as upstream,
        forked(fork_server, GEMINI_API_KEY=KEY, GOOGLE_GEMINI_BASE_URL=upstream.url, **settings) as server,
    ):
        await server.ready()
        yield upstream, server


@pytest.mark.parametrize(
    "script",
    [
        fails(400, "INVALID_ARGUMENT", message=f"API key {KEY} not valid: {PROVIDER}"),
        fails(429, PROVIDER, message=PROVIDER),
        bare_error,
        html,
        plays_body(f'data: {{"candidates": "{PROVIDER}"\n\n'.encode()),
    ],
)
async def test_nothing_secret_is_in_an_answer_or_a_log_line(
    served: tuple[Upstream, ServerProcess], script: Any
) -> None:
    upstream, server = served
    upstream.plays(script)
    ended = len(server.turns)
    for number, ask in enumerate(TRANSPORTS.values()):
        frames = await ask(server.address, PROMPT, system=PROMPT)
        assert frames[-1]["type"] == "error"
        assert (await server.turn(ended + number))["end"] == frames[-1]["code"]
        for secret in SECRETS:
            assert secret not in json.dumps(frames)
    assert upstream.exchanges[0].headers["x-goog-api-key"] == KEY
    for secret in SECRETS:
        assert secret not in server.output


async def test_a_bug_ends_its_turn_in_internal_and_leaks_nothing(fork_server: ForkServer, upstream: Upstream) -> None:
    # A proxy whose address is none makes the HTTP client raise what nobody expects of it.
    proxy = f"http://user:{KEY}@[none"
    async with forked(fork_server, GEMINI_API_KEY=KEY, GOOGLE_GEMINI_BASE_URL=upstream.url, HTTP_PROXY=proxy) as server:
        await server.ready()
        async with connected(server.address) as client:
            errors = [frame for _ in range(2) for frame in await client.ask(PROMPT, id="t1")]
        assert await server.stop() == 0
    ends = [(error["code"], error["id"], error["retryable"]) for error in errors]
    assert ends == [("internal", "t1", True)] * 2
    bugs = [line for line in server.lines if line["event"] == "bug"]
    assert [bug["turn"] for bug in bugs] == ["t1", "t1"]
    assert bugs[0]["where"].startswith("client.py:")
    for secret in SECRETS:
        assert secret not in json.dumps(errors)
        assert secret not in server.output


async def test_a_query_string_is_in_no_log_line(fork_server: ForkServer) -> None:
    async with forked(fork_server, DELTAWIRE_LOG_LEVEL="debug") as server:
        await server.ready()
        async with connect(f"ws://{server.address}/ws?token={KEY}"):
            pass
        with pytest.raises(InvalidStatus):
            await connect(f"ws://{server.address}/elsewhere?token={KEY}")
        assert await server.stop() == 0
    assert KEY not in server.output


async def test_a_bad_frame_is_not_repeated_in_the_log(fork_server: ForkServer) -> None:
    async with forked(fork_server, DELTAWIRE_LOG_LEVEL="debug") as server:
        await server.ready()
        async with connected(server.address) as client:
            await client.send(type="chat", message=[PROMPT])
            error = await client.receive()
        assert await server.stop() == 0
    assert PROMPT not in server.output + json.dumps(error)
