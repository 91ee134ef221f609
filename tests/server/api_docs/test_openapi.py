"""The OpenAPI document: true to the routes, and its page needs nothing from elsewhere."""

import asyncio
import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from support.serving import serving
from support.transports import ask_rest, ask_sse, post
from support.upstream import Upstream, says

from deltawire.api_docs.operations import EXAMPLES
from deltawire.protocol.errors import TABLE

Document = dict[str, dict[str, dict[str, dict[str, object]]]]


@pytest.fixture(scope="module")
async def served() -> AsyncIterator[tuple[Upstream, str]]:
    async with (
        Upstream() as upstream,
        serving(upstream, max_message_chars=500, turns_per_minute="1000000,gemini-flash-latest=1000000") as address,
    ):
        yield upstream, address


@pytest.fixture(scope="module")
async def document(served: tuple[Upstream, str]) -> Document:
    async with aiohttp.ClientSession() as session, session.get(f"http://{served[1]}/schema/openapi.json") as response:
        document: Document = await response.json(content_type=None)
        return document


@pytest.mark.parametrize("ask", [ask_rest, ask_sse])
@pytest.mark.parametrize("name", EXAMPLES)
async def test_each_example_is_answered(served: tuple[Upstream, str], ask: object, name: str) -> None:
    upstream, address = served
    upstream.plays(says("Hello"))
    frames = await (ask_rest if ask is ask_rest else ask_sse)(address, **EXAMPLES[name])
    assert frames[-1]["type"] == "usage"


@pytest.mark.parametrize("path", ["/chat", "/chat/stream"])
async def test_each_example_is_in_the_document(document: dict, path: str) -> None:  # type: ignore[type-arg]
    content = document["paths"][path]["post"]["requestBody"]["content"]["application/json"]
    assert {name: example["value"] for name, example in content["examples"].items()} == EXAMPLES


async def test_every_error_of_a_whole_answer_is_documented_with_its_nulls(document: dict) -> None:  # type: ignore[type-arg]
    responses = document["paths"]["/chat"]["post"]["responses"]
    for code, row in TABLE.items():
        if code in {"duplicate_turn", "unknown_turn", "too_many_turns"}:
            continue
        example = responses[str(row.status)]["content"]["application/problem+json"]["examples"][code]["value"]
        assert (example["code"], example["status"], example["usage"]) == (code, row.status, None)


@pytest.mark.parametrize(
    "path, status, codes",
    [
        ("/models", "401", {"unauthenticated"}),
        ("/readyz", "503", {"draining", "store_unavailable"}),
        ("/chat/stream", "503", {"draining", "overloaded", "store_unavailable"}),
    ],
)
async def test_the_errors_of_a_route_are_documented_beside_its_answer(
    document: dict[str, Any], path: str, status: str, codes: set[str]
) -> None:
    [operation] = document["paths"][path].values()
    assert "200" in operation["responses"]
    assert operation["responses"][status]["content"]["application/problem+json"]["examples"].keys() == codes


async def test_the_header_fields_of_answers_are_documented(document: dict) -> None:  # type: ignore[type-arg]
    responses = document["paths"]["/chat/stream"]["post"]["responses"]
    headers_of = {status: set(response.get("headers", ())) for status, response in responses.items()}
    assert headers_of["200"] == {"RateLimit-Policy", "RateLimit"}
    assert headers_of["401"] == {"WWW-Authenticate"}
    assert headers_of["429"] == headers_of["503"] == {"Retry-After"}
    assert headers_of["400"] == set()


async def test_a_route_documents_the_codes_that_it_answers_with(served: tuple[Upstream, str], document: dict) -> None:  # type: ignore[type-arg]
    _, address = served
    for body in (b"{", b"{}", b'{"message": "x", "model": "y"}', b'{"message": "' + b"x" * 501 + b'"}'):
        status, problem, _ = await post(address, "/chat/stream", body)
        documented = document["paths"]["/chat/stream"]["post"]["responses"][str(status)]
        assert problem["code"] in documented["content"]["application/problem+json"]["examples"]


async def test_the_page_names_no_other_host(served: tuple[Upstream, str]) -> None:
    async with aiohttp.ClientSession() as session, session.get(f"http://{served[1]}/schema") as response:
        page = await response.text()
        assert "unsafe" not in response.headers["Content-Security-Policy"]
        files = re.findall(r'(?:src|href)="([^"]+)"', page)
        assert len(files) == 4
        for file in files:
            assert file.startswith("/")
            async with session.get(f"http://{served[1]}{file}") as asset:
                assert asset.status == 200


async def test_the_document_says_how_a_token_is_sent(document: dict) -> None:  # type: ignore[type-arg]
    assert document["components"]["securitySchemes"] == {"bearer": {"type": "http", "scheme": "bearer"}}
    assert document["security"] == [{"bearer": []}, {}]  # where nobody is asked, none is needed
    for path in ("/chat", "/chat/stream", "/conversations"):
        for operation in document["paths"][path].values():
            assert "401" in operation["responses"]


async def test_schemathesis_finds_nothing(served: tuple[Upstream, str]) -> None:
    upstream, address = served
    upstream.plays(says("Hello"))
    process = await asyncio.create_subprocess_exec(
        *(
            sys.executable,
            "-m",
            "schemathesis.cli",
            "--config-file",
            str(Path(__file__).with_name("schemathesis.toml")),
        ),
        *("run", f"http://{address}/schema/openapi.json"),
        *("--max-examples", "3", "--seed", "1", "--checks", "all", "--no-color"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()
    assert b"unresolvable" not in output
