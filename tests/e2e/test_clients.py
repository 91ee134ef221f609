"""Clients of OpenAI's API from npm, each with the same cases, against a real server; and the recipes for them."""

import json
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from support.files import png
from support.functions import call, calls, contents_of
from support.recipes import ADDRESS, CLIENTS, node, output_of, recipe, written
from support.serving import serving, sharing
from support.transports import ask_rest
from support.upstream import Exchange, Upstream, fails, says, says_and_is_silent

MODEL = "gemini-flash-latest"
RETRY_INFO = "type.googleapis.com/google.rpc.RetryInfo"
PICTURE = b64encode(png()).decode()
SCHEMA = {"type": "object", "properties": {"colour": {"type": "string"}}, "required": ["colour"]}
STOPPED = {"openai, responses": "completed"}
UNSAFE = {"openai, chat": "content_filter", "openai, responses": "content_filter"}
CLIENTS_OF_NPM = [
    "openai, chat",
    "openai, responses",
    "createOpenAI, chat",
    "createOpenAI, responses",
    "createOpenAICompatible",
]
ERRORS = {
    "refusal": ("UnprocessableEntityError", 422, "blocked", None),
    "busy": ("InternalServerError", 503, "upstream_rate_limited", "7"),
    "limit": ("RateLimitError", 429, "rate_limited", None),
    "cut": ("APIError", None, "upstream_truncated", None),
}
"""The error of openai in each case, its status, its code, and the seconds to wait where they are always the same."""


async def blocks(exchange: Exchange) -> None:
    await exchange.start()
    await exchange.event({"promptFeedback": {"blockReason": "SAFETY"}})
    await exchange.finish()


async def cuts(exchange: Exchange) -> None:
    await exchange.start()
    await exchange.text("half")
    exchange.cut()


def rounds_of(count: int, *names: str) -> Callable[[Exchange], Awaitable[None]]:
    """A script that calls these functions at once in so many rounds, and then answers."""

    async def script(exchange: Exchange) -> None:
        number = len(contents_of(exchange)) // 2
        made = [call(name, {"city": f"c{number}"}, signature=f"s{number}") for name in names]
        await (calls(*made, text="Let me look.") if number < count else says("Sunny."))(exchange)

    return script


CASES: dict[str, Callable[[Exchange], Awaitable[None]]] = {
    "text": says("Hello", " world"),
    "stream": says("Hello", " world"),
    "stop": says_and_is_silent("first"),
    "picture": says("Red."),
    "one": rounds_of(1, "weather"),
    "three": rounds_of(3, "weather", "clock"),
    "json": says('{"colour": "red"}'),
    "refusal": blocks,
    "unsafe": says("I", finish="SAFETY"),
    "cut": cuts,
    "busy": fails(429, "RESOURCE_EXHAUSTED", details=[{"@type": RETRY_INFO, "retryDelay": "7s"}]),
    "limit": says("Hello"),
}


def question_of(exchange: Exchange) -> str:
    """The words of the user's first message, which name a case and a client."""
    [text] = [part["text"] for part in contents_of(exchange)[0]["parts"] if "text" in part]
    return str(text)


async def plays_its_case(exchange: Exchange) -> None:
    await CASES[question_of(exchange).partition(" ")[0]](exchange)


class Asked:
    """What the clients were told in each case, and what the upstream was asked."""

    def __init__(self, told: dict[str, Any], exchanges: list[Exchange]) -> None:
        self.told = told
        self._exchanges = exchanges

    def all_of(self, kind: str) -> list[Exchange]:
        """What was asked in this case, by every client."""
        return [exchange for exchange in self._exchanges if question_of(exchange).startswith(f"{kind} ")]

    def of(self, kind: str, client: str) -> list[Exchange]:
        """What was asked in this case by this client."""
        return [exchange for exchange in self._exchanges if question_of(exchange) == f"{kind} {client}"]


@pytest.fixture(scope="module")
async def asked() -> AsyncIterator[Asked]:
    """Each case was asked once by each client, all of them in one process."""
    async with Upstream() as upstream, serving(upstream, retries=0) as address:
        asked = Asked({}, upstream.exchanges)
        async with serving(upstream, retries=0, turns_per_minute=1) as limited:
            await ask_rest(limited)
            upstream.plays(plays_its_case)
            async with node(CLIENTS / "client-cases.mjs", address, limited, MODEL, PICTURE) as told:
                asked.told = json.loads(told)
                for exchange in asked.all_of("stop"):
                    await exchange.closes()
        yield asked


@pytest.fixture(params=CLIENTS_OF_NPM)
def client(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.parametrize("kind, text", [("text", "Hello world"), ("stream", "Hello world"), ("picture", "Red.")])
def test_a_client_gets_an_answer_with_its_end_and_its_tokens(asked: Asked, client: str, kind: str, text: str) -> None:
    assert asked.told[client][kind] == {"text": text, "finish": STOPPED.get(client, "stop"), "tokens": 5}
    [exchange] = asked.of(kind, client)
    shown = [part for part in contents_of(exchange)[0]["parts"] if "inlineData" in part]
    assert shown == ([{"inlineData": {"mimeType": "image/png", "data": PICTURE}}] if kind == "picture" else [])
    assert exchange.body.get("generationConfig", {}).get("maxOutputTokens") == (99 if kind == "text" else None)


def test_a_client_that_stops_in_mid_stream_closes_the_upstream(asked: Asked, client: str) -> None:
    assert asked.told[client]["stop"]["text"] == "first"
    [exchange] = asked.of("stop", client)
    assert exchange.closed.is_set()


@pytest.mark.parametrize("kind, names", [("one", ["weather"]), ("three", ["weather", "clock"])])
def test_a_clients_functions_are_called_and_answered(asked: Asked, client: str, kind: str, names: list[str]) -> None:
    told = asked.told[client][kind]
    assert (told["text"], told["finish"]) == ("Sunny.", STOPPED.get(client, "stop"))
    rounds = 1 if kind == "one" else 3
    exchanges = asked.of(kind, client)
    assert len(exchanges) == rounds + 1
    for number in range(rounds):
        said, answered = contents_of(exchanges[-1])[1 + 2 * number : 3 + 2 * number]
        cities = [{"city": f"c{number}"} for _ in names]
        assert said["parts"][0] == {"text": "Let me look."}
        called = [(part["functionCall"]["args"], part["thoughtSignature"]) for part in said["parts"][1:]]
        assert called == [(city, f"s{number}") for city in cities]
        answers = [part["functionResponse"]["response"] for part in answered["parts"]]
        assert answers == [{**city, "by": name} for city, name in zip(cities, names, strict=True)]


def test_a_client_gets_json_of_its_schema(asked: Asked, client: str) -> None:
    told = asked.told[client]["json"]
    assert (told["text"], told["finish"]) == ({"colour": "red"}, STOPPED.get(client, "stop"))
    [exchange] = asked.of("json", client)
    assert exchange.body["generationConfig"]["responseJsonSchema"].items() >= SCHEMA.items()


def test_a_client_is_told_that_an_answer_was_filtered(asked: Asked, client: str) -> None:
    assert asked.told[client]["unsafe"] == {"text": "I", "finish": UNSAFE.get(client, "content-filter"), "tokens": 5}


@pytest.mark.parametrize("kind", ERRORS)
def test_a_client_is_told_of_an_error(asked: Asked, client: str, kind: str) -> None:
    name, status, code, wait = ERRORS[kind]
    told = asked.told[client][kind]
    assert told["code"] == code
    if client.startswith("openai"):
        assert (told["name"], told["status"]) == (name, status)
    elif status is not None:
        assert (told["name"], told["status"]) == ("APICallError", status)
    if kind == "limit":
        assert 0 < int(told["wait"]) <= 61
    else:
        assert told["wait"] == wait
    assert len(asked.of(kind, client)) == (kind != "limit")


RECIPES = {
    "openai for Node": ("openai.md", "openai for Node", 0, "Hello world\n5 tokens\n"),
    "createOpenAI": ("ai-sdk.md", "A provider", 0, "Hello world"),
    "createOpenAICompatible": ("ai-sdk.md", "A provider", 1, "Hm.\nHello world\n"),
}


@pytest.mark.parametrize("name", RECIPES)
async def test_a_recipe_of_the_guide_works(upstream: Upstream, tmp_path: Path, name: str) -> None:
    page, heading, number, output = RECIPES[name]
    upstream.plays(says("Hello", " world", thoughts=["Hm."]))
    async with sharing(upstream) as address:
        script = written(tmp_path, "recipe.mts", recipe(page, heading, number).replace(ADDRESS, address))
        assert await output_of(script) == output
