"""Clients of OpenAI's API from npm, each with the same cases, against a real server; and the recipes for them."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from support.client_cases import PICTURE, CaseResults, run_cases
from support.functions import call, calls, contents_of
from support.npm import CLIENTS, NODE, installed
from support.recipes import ADDRESS, output_of, recipe, written
from support.serving import sharing
from support.upstream import Upstream, says

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


@pytest.fixture(scope="module")
async def results() -> AsyncIterator[CaseResults]:
    """Each case was asked once by each client, all of them in one process."""
    installed(CLIENTS)
    async with run_cases(str(NODE), str(CLIENTS / "client-cases.mjs")) as results:
        yield results


@pytest.fixture(params=CLIENTS_OF_NPM)
def client(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.parametrize("kind, text", [("text", "Hello world"), ("stream", "Hello world"), ("picture", "Red.")])
def test_a_client_gets_an_answer_with_its_end_and_its_tokens(
    results: CaseResults, client: str, kind: str, text: str
) -> None:
    assert results.answers[client][kind] == {"text": text, "finish": STOPPED.get(client, "stop"), "tokens": 5}
    [exchange] = results.exchanges_of(kind, client)
    shown = [part for part in contents_of(exchange)[0]["parts"] if "inlineData" in part]
    assert shown == ([{"inlineData": {"mimeType": "image/png", "data": PICTURE}}] if kind == "picture" else [])
    assert exchange.body.get("generationConfig", {}).get("maxOutputTokens") == (99 if kind == "text" else None)


def test_a_client_that_stops_in_mid_stream_closes_the_upstream(results: CaseResults, client: str) -> None:
    assert results.answers[client]["stop"]["text"] == "first"
    [exchange] = results.exchanges_of("stop", client)
    assert exchange.closed.is_set()


@pytest.mark.parametrize("kind, names", [("one", ["weather"]), ("three", ["weather", "clock"])])
def test_a_clients_functions_are_called_and_answered(
    results: CaseResults, client: str, kind: str, names: list[str]
) -> None:
    answer = results.answers[client][kind]
    assert (answer["text"], answer["finish"]) == ("Sunny.", STOPPED.get(client, "stop"))
    rounds = 1 if kind == "one" else 3
    exchanges = results.exchanges_of(kind, client)
    assert len(exchanges) == rounds + 1
    for number in range(rounds):
        calls, responses = contents_of(exchanges[-1])[1 + 2 * number : 3 + 2 * number]
        cities = [{"city": f"c{number}"} for _ in names]
        assert calls["parts"][0] == {"text": "Let me look."}
        called = [(part["functionCall"]["args"], part["thoughtSignature"]) for part in calls["parts"][1:]]
        assert called == [(city, f"s{number}") for city in cities]
        answers = [part["functionResponse"]["response"] for part in responses["parts"]]
        assert answers == [{**city, "by": name} for city, name in zip(cities, names, strict=True)]


def test_a_client_gets_json_of_its_schema(results: CaseResults, client: str) -> None:
    answer = results.answers[client]["json"]
    assert (answer["text"], answer["finish"]) == ({"colour": "red"}, STOPPED.get(client, "stop"))
    [exchange] = results.exchanges_of("json", client)
    assert exchange.body["generationConfig"]["responseJsonSchema"].items() >= SCHEMA.items()


def test_a_client_is_told_that_an_answer_was_filtered(results: CaseResults, client: str) -> None:
    assert results.answers[client]["unsafe"] == {
        "text": "I",
        "finish": UNSAFE.get(client, "content-filter"),
        "tokens": 5,
    }


@pytest.mark.parametrize("kind", ERRORS)
def test_a_client_is_told_of_an_error(results: CaseResults, client: str, kind: str) -> None:
    name, status, code, wait = ERRORS[kind]
    answer = results.answers[client][kind]
    assert answer["code"] == code
    if client.startswith("openai"):
        assert (answer["name"], answer["status"]) == (name, status)
    elif status is not None:
        assert (answer["name"], answer["status"]) == ("APICallError", status)
    if kind == "limit":
        assert 0 < int(answer["wait"]) <= 61
    else:
        assert answer["wait"] == wait
    assert len(results.exchanges_of(kind, client)) == (kind != "limit")


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
        assert await output_of(str(NODE), str(script)) == output


CHAT_WITH_TOOLS = """
import { Chat } from "@ai-sdk/react";
import { lastAssistantMessageIsCompleteWithToolCalls } from "ai";
import { transport } from "./transport.mts";

const results = { undefined: {}, null: { output: null }, error: { state: "output-error", errorText: "" } };
const chat = new Chat({
  transport,
  sendAutomaticallyWhen: lastAssistantMessageIsCompleteWithToolCalls,
  onToolCall({ toolCall: { toolName: tool, toolCallId, input } }) {
    chat.addToolOutput({ tool, toolCallId, ...results[input.city] });
  },
  onError: (error) => console.log(error.message),
  onFinish({ message }) {
    const text = message.parts.findLast(({ type }) => type === "text");
    if (text) console.log(text.text);
  },
});
await chat.sendMessage({ text: "How is it?" });
"""


async def test_use_chat_brings_results_that_are_nothing(upstream: Upstream, tmp_path: Path) -> None:
    upstream.plays(calls(*(call("weather", {"city": kind}) for kind in ("undefined", "null", "error"))), says("Sunny."))
    async with sharing(upstream) as address:
        written(tmp_path, "transport.mts", recipe("ai-sdk.md", "useChat", 0).replace(ADDRESS, address))
        assert await output_of(str(NODE), str(written(tmp_path, "chat.mts", CHAT_WITH_TOOLS))) == "Sunny.\n"
    answered = [part["functionResponse"]["response"] for part in contents_of(upstream.exchanges[1])[2]["parts"]]
    assert answered == [{"result": None}, {"result": None}, {"error": ""}]
