"""LangChain, LiteLLM and llm, each in the cases that it has, against a real server; and the recipes for them."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from support.client_cases import PICTURE, CaseResults, run_cases
from support.files import png
from support.functions import contents_of
from support.npm import CLIENTS
from support.recipes import ADDRESS, PYTHON, output_of, recipe
from support.serving import sharing
from support.upstream import Upstream, says

pytestmark = pytest.mark.nightly
COLOUR = '{"type": "object", "properties": {"colour": {"type": "string"}}}'
ERRORS = {
    "refusal": ("The provider refused this prompt.", 422),
    "busy": ("The provider is over its rate limit; try again later.", 503),
    "limit": ("You may begin 1 turn a minute.", 429),
    "cut": ("The answer broke off before its end.", None),
}
"""The words of an error, and its status, which LiteLLM changes."""


@pytest.fixture(scope="module")
async def results() -> AsyncIterator[CaseResults]:
    """Each case was asked once by each client, all of them in one process."""
    assert PYTHON.exists(), "run `make .venv-clients/.installed`"
    async with run_cases(str(PYTHON), str(CLIENTS / "client_cases.py")) as results:
        yield results


@pytest.fixture(params=["LangChain", "LiteLLM"])
def client(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_a_client_gets_an_answer(results: CaseResults, client: str) -> None:
    answers = results.answers[client]
    assert answers["text"] == {"text": "Hello world", "finish": "stop", "tokens": 5}
    assert answers["picture"] == {"text": "Red.", "finish": "stop", "tokens": 5}
    assert answers["unsafe"] == {"text": "I", "finish": "content_filter", "tokens": 5}
    assert (answers["stream"], answers["stop"]) == ({"text": "Hello world"}, {"text": "first"})
    assert answers["json"] == {"text": {"colour": "red"}}
    [exchange] = results.exchanges_of("picture", client)
    assert {"inlineData": {"mimeType": "image/png", "data": PICTURE}} in contents_of(exchange)[0]["parts"]
    [exchange] = results.exchanges_of("json", client)
    assert "colour" in exchange.body["generationConfig"]["responseJsonSchema"]["properties"]


@pytest.mark.parametrize("kind, rounds", [("one", 1), ("three", 3)])
def test_a_clients_functions_are_called_and_answered(results: CaseResults, client: str, kind: str, rounds: int) -> None:
    assert results.answers[client][kind] == {"text": "Sunny."}
    exchanges = results.exchanges_of(kind, client)
    assert len(exchanges) == rounds + 1
    for number in range(rounds):
        calls, responses = contents_of(exchanges[-1])[1 + 2 * number : 3 + 2 * number]
        assert {part["thoughtSignature"] for part in calls["parts"][1:]} == {f"s{number}"}
        assert [part["functionResponse"]["response"]["city"] for part in responses["parts"]] == [f"c{number}"] * (
            len(calls["parts"]) - 1
        )


@pytest.mark.parametrize("kind", ERRORS)
def test_a_client_is_told_of_an_error(results: CaseResults, client: str, kind: str) -> None:
    words, status = ERRORS[kind]
    answer = results.answers[client][kind]
    assert words in answer["words"]
    assert client == "LiteLLM" or answer["status"] == status


@pytest.mark.parametrize("name", ["LangChain", "LiteLLM"])
async def test_a_recipe_of_the_guide_works(upstream: Upstream, name: str) -> None:
    async with sharing(upstream) as address:
        script = recipe("openai.md", name).replace(ADDRESS, address)
        assert (await output_of(str(PYTHON), "-c", script)).strip() == "Hello world"


async def test_llm_asks_as_the_guide_sets_it_up(upstream: Upstream, tmp_path: Path) -> None:
    upstream.plays(says("Hello", " world"), says("Red."), says('{"colour": "red"}'))
    (tmp_path / "red.png").write_bytes(png())
    async with sharing(upstream, retries=0) as address:
        models = recipe("openai.md", "llm").replace(ADDRESS, address)
        (tmp_path / "extra-openai-models.yaml").write_text(models)
        llm = (str(PYTHON.parent / "llm"), "--model", "deltawire", "--key", "KEY")
        more = [("hi",), ("Which colour?", "--attachment", str(tmp_path / "red.png")), ("As JSON", "--schema", COLOUR)]
        outputs = [(await output_of(*llm, *words, LLM_USER_PATH=str(tmp_path))).strip() for words in more]
    assert outputs == ["Hello world", "Red.", '{"colour": "red"}']
    _, shown, as_json = upstream.exchanges
    assert {"inlineData": {"mimeType": "image/png", "data": PICTURE}} in contents_of(shown)[0]["parts"]
    assert "colour" in as_json.body["generationConfig"]["responseJsonSchema"]["properties"]
