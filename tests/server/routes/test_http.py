"""The plain routes, and what is served to a browser."""

import gzip
import re
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import aiohttp
import pytest
from support.serving import serving
from support.upstream import Upstream


@pytest.fixture(scope="module")
async def address() -> AsyncIterator[str]:
    async with Upstream() as upstream, serving(upstream, models="b,a,*", default_model="a") as address:
        yield address


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.mark.parametrize(
    "settings, expected",
    [
        ({}, {"default": "gemini-flash-latest", "models": ["gemini-flash-latest"]}),
        ({"models": "a, b"}, {"default": "a", "models": ["a", "b"]}),
        ({"models": "a,b", "default_model": "b"}, {"default": "b", "models": ["a", "b"]}),
        ({"models": "*"}, {"default": "gemini-flash-latest", "models": ["gemini-flash-latest"]}),
        ({"models": "*", "default_model": "c"}, {"default": "c", "models": ["c"]}),
    ],
)
async def test_the_models_on_offer_are_listed(
    upstream: Upstream, http: aiohttp.ClientSession, settings: dict[str, str], expected: dict[str, object]
) -> None:
    async with serving(upstream, **settings) as address, http.get(f"http://{address}/models") as response:
        models = await response.json()
        assert {name: models[name] for name in expected} == expected
        assert models["any"] is ("*" in settings.get("models", ""))
        assert [facts["name"] for facts in models["facts"]] == models["models"]


@pytest.mark.parametrize("allowed, header", [(120, "120"), (0.5, "0.5"), (0, "0")])
async def test_the_grace_that_is_allowed_is_said_with_the_models(
    upstream: Upstream, http: aiohttp.ClientSession, allowed: float, header: str
) -> None:
    async with serving(upstream, max_grace=allowed) as address, http.get(f"http://{address}/models") as response:
        assert response.headers["Max-Grace"] == header


@pytest.mark.parametrize("settings, header", [({}, "20971520"), ({"max_file_bytes": 1000}, "1000")])
async def test_the_largest_file_is_said_with_the_models(
    upstream: Upstream, http: aiohttp.ClientSession, settings: dict[str, int], header: str
) -> None:
    async with serving(upstream, **settings) as address, http.get(f"http://{address}/models") as response:
        assert response.headers["Max-File-Bytes"] == header


@pytest.mark.parametrize("route", ["/livez", "/readyz"])
async def test_a_server_that_runs_says_so(http: aiohttp.ClientSession, address: str, route: str) -> None:
    async with http.get(f"http://{address}{route}") as response:
        assert response.status == 200


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/src/main.tsx",
        "/assets",
        "/assets/",
        "/../pyproject.toml",
        "/%2e%2e/pyproject.toml",
        "/%00",
        "/x%00y",
        "/index.html/x",
        "/" + "x" * 300,
        "/" + "x" * 5000,
        "/schema/x",
        "/schema/assets/%00",
        "/c",
        "/c/",
        "/c/a/b",
        "/c/a%20b",
        "/c/" + "x" * 65,
        "/schema/assets/c/abc",
    ],
)
async def test_what_is_not_there_is_a_problem(http: aiohttp.ClientSession, address: str, path: str) -> None:
    async with http.get(f"http://{address}{path}") as response:
        assert response.status == 404
        assert response.content_type == "application/problem+json"
        problem = await response.json()
    assert (problem["code"], problem["status"], problem["retryable"]) == ("not_found", 404, False)


async def test_the_socket_is_no_page(http: aiohttp.ClientSession, address: str) -> None:
    async with http.get(f"http://{address}/ws") as response:
        assert (response.status, (await response.json())["code"]) == (405, "unsupported")


async def test_a_method_that_is_not_taken_names_those_that_are(http: aiohttp.ClientSession, address: str) -> None:
    async with http.post(f"http://{address}/models") as response:
        assert (response.status, (await response.json())["code"]) == (405, "unsupported")
        assert "GET" in response.headers["Allow"]


@pytest.fixture(scope="module")
async def script(address: str) -> str:
    """The address of the page's script."""
    async with aiohttp.ClientSession() as session, session.get(f"http://{address}/") as response:
        [name] = re.findall(r'<script type="module"[^>]* src="([^"]+)"', await response.text())
    return f"http://{address}{name}"


@pytest.mark.parametrize("path", ["/", "/index.html", "/c/6a2f-B_7", "/schema.js", "/favicon.svg"])
async def test_the_page_is_served_under_a_strict_policy(http: aiohttp.ClientSession, address: str, path: str) -> None:
    async with http.get(f"http://{address}{path}") as response:
        assert response.status == 200
        assert "unsafe" not in response.headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in response.headers["Content-Security-Policy"]
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Cache-Control"] == "no-cache"
        assert "uvicorn" not in str(response.headers).lower()


async def test_what_has_a_digest_in_its_name_is_kept_forever(http: aiohttp.ClientSession, script: str) -> None:
    async with http.get(script) as response:
        assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert response.headers["Vary"] == "Accept-Encoding"
        assert response.content_type == "text/javascript"


@pytest.mark.parametrize(
    "accepted, coding",
    [
        ("gzip, deflate, br", "br"),
        ("GZIP;q=0.5", "gzip"),
        ("br;q=0, gzip", "gzip"),
        ("br; q=0.0, gzip; q=0", None),
        ("brotli", None),
        ("", None),
    ],
)
async def test_the_best_coding_that_the_client_takes_is_sent(
    http: aiohttp.ClientSession, script: str, accepted: str, coding: str | None
) -> None:
    async with http.get(script, headers={"Accept-Encoding": "identity"}) as response:
        plain = await response.read()
    async with aiohttp.ClientSession(auto_decompress=False) as raw:
        async with raw.get(script, headers={"Accept-Encoding": accepted}) as response:
            sent = await response.read()
    assert response.headers.get("Content-Encoding") == coding
    assert coding == "br" or (gzip.decompress(sent) if coding else sent) == plain


@pytest.mark.parametrize(
    "path, status",
    [
        ("/", 200),
        ("/c/6a2f", 200),
        ("/models", 200),
        ("/livez", 200),
        ("/readyz", 200),
        ("/usage", 200),
        ("/metrics", 200),
        ("/conversations", 200),
        ("/schema", 200),
        ("/schema/openapi.json", 200),
        ("/schema/asyncapi.json", 200),
        ("/schema/socket", 200),
        ("/nothing", 404),
        ("/conversations/none", 404),
        ("/conversations?limit=0", 400),
        ("/chat", 405),
    ],
)
async def test_head_is_get_without_the_body(http: aiohttp.ClientSession, address: str, path: str, status: int) -> None:
    async with http.get(f"http://{address}{path}") as got:
        body = await got.read()
    async with http.head(f"http://{address}{path}") as response:
        assert (response.status, await response.read()) == (status, b"")
    assert path == "/metrics" or int(response.headers["Content-Length"]) == len(body)  # it counts what asks
    volatile = {"date", "x-request-id"} | ({"content-length"} if path == "/metrics" else set())
    assert {name: value for name, value in response.headers.items() if name.lower() not in volatile} == {
        name: value for name, value in got.headers.items() if name.lower() not in volatile
    }


@pytest.mark.parametrize(
    "path, varies", [("/models", set()), ("/nothing", set()), ("/metrics", {"Accept"}), ("script", {"Accept-Encoding"})]
)
async def test_a_response_names_what_it_varies_by(
    upstream: Upstream, http: aiohttp.ClientSession, script: str, path: str, varies: set[str]
) -> None:
    page = "https://chat.example"
    async with serving(upstream, allowed_origins=page) as sharing, serving(upstream) as alone:
        for address, ours in ((sharing, {"Origin"}), (alone, set[str]())):
            url = f"http://{address}" + (urlsplit(script).path if path == "script" else path)
            for origin in ({}, {"Origin": page}, {"Origin": "https://another.example"}):
                async with http.get(url, headers=origin) as response:
                    assert set(filter(None, response.headers.get("Vary", "").split(", "))) == varies | ours
                    assert len(response.headers.getall("Vary", [])) <= 1


@pytest.mark.parametrize("coding", ["gzip", "br", "deflate", "zstd", "identity, gzip"])
@pytest.mark.parametrize("method, path", [("POST", "/chat"), ("POST", "/chat/stream"), ("POST", "/conversations")])
async def test_a_body_in_an_encoding_that_is_not_taken_is_refused(
    http: aiohttp.ClientSession, address: str, method: str, path: str, coding: str
) -> None:
    headers = {"Content-Type": "application/json", "Content-Encoding": coding}
    async with http.request(method, f"http://{address}{path}", data=b"\x1f\x8b", headers=headers) as response:
        problem = await response.json(content_type="application/problem+json")
        assert (response.status, problem["code"], problem["field"]) == (415, "unsupported", "Content-Encoding")
        assert response.headers["Accept-Encoding"] == "identity"


async def test_a_body_in_no_encoding_may_say_so(http: aiohttp.ClientSession, address: str) -> None:
    headers = {"Content-Type": "application/json", "Content-Encoding": "identity"}
    async with http.post(f"http://{address}/chat", data=b'{"message": "hi"}', headers=headers) as response:
        assert response.status == 200


@pytest.mark.parametrize("query, status", [("", 503), ("?exclude=stores", 200), ("?exclude=nothing", 400)])
async def test_a_balancer_may_leave_the_stores_out(
    upstream: Upstream, http: aiohttp.ClientSession, free_port: int, query: str, status: int
) -> None:
    async with (
        serving(upstream, database_url=f"postgresql://nobody@127.0.0.1:{free_port}/none") as address,
        http.get(f"http://{address}/readyz{query}") as response,
    ):
        assert response.status == status


async def test_a_head_request_gets_the_length_and_no_body(http: aiohttp.ClientSession, script: str) -> None:
    async with http.head(script, headers={"Accept-Encoding": "identity"}) as response:
        assert (response.status, await response.read()) == (200, b"")
        assert int(response.headers["Content-Length"]) > 10_000
