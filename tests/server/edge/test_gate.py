"""The gate: Host, Origin, and how many requests are let in."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from support.client import connected, text_of
from support.identity import API_KEYS, KEYS, bearer
from support.log import Log
from support.serving import serving
from support.transports import UPGRADE, handshake
from support.upstream import Upstream, says_and_is_silent
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus


@pytest.fixture(scope="module")
async def address() -> AsyncIterator[str]:
    async with Upstream() as upstream, serving(upstream) as address:
        yield address


async def refusal(address: str, path: str = "/ws", **options: object) -> tuple[int, str]:
    """The status and the error code of a handshake that is refused."""
    with pytest.raises(InvalidStatus) as refused:
        async with connect(f"ws://{address}{path}", **options):  # type: ignore[arg-type]
            pass
    response = refused.value.response
    assert response.headers["Content-Type"] == "application/problem+json"
    problem = json.loads(response.body or b"")
    assert problem["status"] == response.status_code
    return response.status_code, problem["code"]


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "https://evil.example:443",
        "http://127.0.0.1:1",
        "http://127.0.0.1",
        "null",
        "file://",
        "http://[",
        "chrome-extension://127.0.0.1",
    ],
)
async def test_a_handshake_from_another_origin_is_refused(address: str, origin: str) -> None:
    assert await refusal(address, origin=origin) == (403, "forbidden")


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_handshake_from_our_own_origin_is_let_in(address: str, scheme: str) -> None:
    async with connected(address, origin=f"{scheme}://{address}") as client:
        assert text_of(await client.ask()) == "Hello world"


async def test_a_script_has_no_origin_and_is_let_in(address: str) -> None:
    async with connected(address) as client:
        assert text_of(await client.ask()) == "Hello world"


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "", "[::2]"])
async def test_a_host_that_is_not_ours_is_refused(address: str, host: str) -> None:
    async with aiohttp.ClientSession() as session:
        async with session.get(f"http://{address}/models", headers={"Host": host}) as response:
            assert (response.status, (await response.json())["code"]) == (403, "forbidden")
        async with session.get(f"http://{address}/ws", headers={"Host": host, **UPGRADE}) as response:
            assert (response.status, (await response.json())["code"]) == (403, "forbidden")


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:1", "[::1]:8000", "127.0.0.1", "localhost.", "LocalHost.:8000"]
)
async def test_a_host_of_ours_is_let_in(address: str, host: str) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://{address}/models", headers={"Host": host}) as response,
    ):
        assert response.status == 200


async def test_other_hosts_can_be_allowed(upstream: Upstream) -> None:
    async with (
        serving(upstream, allowed_hosts="chat.example, 127.0.0.1") as address,
        aiohttp.ClientSession() as session,
    ):
        async with session.get(f"http://{address}/models", headers={"Host": "Chat.Example:443"}) as response:
            assert response.status == 200
        assert (await handshake(address, Host="chat.example", Origin="https://chat.example"))[0] == 101
    async with serving(upstream, allowed_hosts="*") as address, aiohttp.ClientSession() as session:
        async with session.get(f"http://{address}/models", headers={"Host": "any.example"}) as response:
            assert response.status == 200


@pytest.mark.parametrize("path", ["/livez", "/readyz"])
async def test_a_probe_may_come_by_any_name(address: str, path: str) -> None:
    headers = {"Host": "10.1.2.3:8000"}
    async with aiohttp.ClientSession(f"http://{address}", headers=headers) as session:
        async with session.get(path) as response:
            assert response.status == 200
        async with session.post(path) as response:
            assert (response.status, (await response.json())["code"]) == (403, "forbidden")
        async with session.get(path, headers=UPGRADE) as response:
            assert (response.status, (await response.json())["code"]) == (403, "forbidden")


async def test_a_request_that_changes_things_from_another_origin_is_refused(address: str) -> None:
    async with aiohttp.ClientSession() as session:
        headers = {"Origin": "http://evil.example"}
        async with session.post(f"http://{address}/models", headers=headers) as response:
            assert (response.status, (await response.json())["code"]) == (403, "forbidden")
        async with session.get(f"http://{address}/models", headers=headers) as response:
            assert response.status == 200


async def test_a_handshake_to_another_address_is_not_found(address: str) -> None:
    assert await refusal(address, "/elsewhere") == (404, "not_found")


async def test_the_server_answers_its_own_subprotocol_only(address: str) -> None:
    async with connected(address, subprotocols=["other", "deltawire.v1"]) as client:
        assert client.socket.subprotocol == "deltawire.v1"
    async with connected(address, subprotocols=["other"]) as client:
        assert client.socket.subprotocol is None


async def test_nothing_in_the_query_is_read(address: str) -> None:
    async with connect(f"ws://{address}/ws?model=x&token=y") as socket:
        await socket.send('{"type": "chat", "message": "hi"}')
        assert json.loads(await socket.recv())["type"] == "delta"


async def test_a_full_server_refuses_handshakes_and_keeps_its_sockets(upstream: Upstream, log: Log) -> None:
    upstream.plays(says_and_is_silent("Hello"))
    async with serving(upstream, max_sockets=1) as address:
        async with connected(address) as client:
            await client.chat(id="t1")
            assert await refusal(address) == (503, "overloaded")
            assert (await client.receive())["text"] == "Hello"
        await log.line("turn_ended", turn="t1")
        async with connected(address):
            pass


async def test_an_address_that_knocks_too_often_is_refused(upstream: Upstream) -> None:
    async with serving(upstream, max_handshakes_per_minute=2) as address:
        for _ in range(2):
            async with connected(address):
                pass
        assert await refusal(address) == (429, "rate_limited")


@pytest.fixture(scope="module")
async def guarded() -> AsyncIterator[str]:
    settings = {"api_keys": API_KEYS, "allowed_origins": "https://chat.example,http://localhost:5173"}
    async with Upstream() as upstream, serving(upstream, **settings) as address:
        yield address


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_the_page_the_health_and_the_documentation_are_open(guarded: str, method: str) -> None:
    async with aiohttp.ClientSession() as session:
        paths = [
            "/",
            "/c/6a2f",
            "/livez",
            "/readyz",
            "/schema",
            "/schema/openapi.json",
            "/schema/asyncapi.json",
            "/schema/socket",
        ]
        async with session.get(f"http://{guarded}/") as response:
            paths += re.findall(r'(?:src|href)="(/[^"]+)"', await response.text())
        assert len(paths) > 7
        for path in paths:
            async with session.request(method, f"http://{guarded}{path}") as response:
                assert response.status in (200, 405), path  # HEAD, where a route has none


@pytest.mark.parametrize("head", ["OPTIONS * HTTP/1.1", "GET * HTTP/1.1"])
async def test_a_request_for_the_whole_server_wants_a_caller_too(guarded: str, head: str) -> None:
    host, port = guarded.split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(f"{head}\r\nHost: {guarded}\r\nConnection: close\r\n\r\n".encode())
    assert (await reader.read()).startswith(b"HTTP/1.1 401 ")
    writer.close()
    await writer.wait_closed()


@pytest.mark.parametrize(
    "method, path",
    [
        ("GET", "/models"),
        ("POST", "/chat"),
        ("POST", "/"),
        ("OPTIONS", "/chat"),
        ("GET", "/nothing"),
        ("GET", "/c/a/b"),
        ("POST", "/c/6a2f"),
        ("GET", "/conversations"),
    ],
)
async def test_everything_else_wants_a_caller(guarded: str, method: str, path: str) -> None:
    async with aiohttp.ClientSession() as session:
        async with session.request(method, f"http://{guarded}{path}") as response:
            assert (response.status, response.headers["WWW-Authenticate"]) == (401, "Bearer")
            assert (await response.json(content_type=None))["code"] == "unauthenticated"
        async with session.request(method, f"http://{guarded}{path}", headers=bearer(KEYS["alice"])) as response:
            assert response.status != 401


async def test_a_browser_brings_its_token_as_a_subprotocol_that_is_not_answered(guarded: str) -> None:
    for offered in (["deltawire.v1", f"bearer.{KEYS['bob']}"], [f"bearer.{KEYS['bob']}", "deltawire.v1"]):
        async with connected(guarded, subprotocols=offered) as client:
            assert client.socket.subprotocol == "deltawire.v1"
            assert text_of(await client.ask()) == "Hello world"


async def test_the_turns_of_a_caller_are_logged_with_their_name(guarded: str, log: Log) -> None:
    async with connected(guarded, additional_headers=bearer(KEYS["bob"])) as client:
        await client.ask(id="of-bob")
    assert (await log.line("turn_ended", turn="of-bob"))["caller"] == "key:bob"


@pytest.mark.parametrize("origin", ["https://chat.example", "http://localhost:5173"])
async def test_a_page_of_a_listed_origin_is_shown_answers_and_refusals(guarded: str, origin: str) -> None:
    async with aiohttp.ClientSession() as session:
        for headers, status in (({}, 401), (bearer(KEYS["alice"]), 200)):
            async with session.get(f"http://{guarded}/models", headers={"Origin": origin, **headers}) as response:
                assert response.status == status
                assert response.headers["Access-Control-Allow-Origin"] == origin
                assert response.headers["Vary"] == "Origin"
                assert "Access-Control-Allow-Credentials" not in response.headers
        question: dict[str, Any] = {"json": {"message": "hi"}, "headers": {"Origin": origin, **bearer(KEYS["alice"])}}
        async with session.post(f"http://{guarded}/chat/stream", **question) as response:
            assert response.headers["Access-Control-Allow-Origin"] == origin
            assert b"event: usage" in await response.read()


async def test_a_page_of_a_listed_origin_may_read_the_bounds_and_the_name_of_a_download(guarded: str) -> None:
    headers = {"Origin": "https://chat.example", **bearer(KEYS["alice"])}
    async with aiohttp.ClientSession(f"http://{guarded}", headers=headers) as session:
        bounds = ("Max-History-Chars", "Max-Grace", "Max-File-Bytes")
        for path, names in (("/models", bounds), ("/conversations/export", ("Content-Disposition",))):
            async with session.get(path) as response:
                exposed = response.headers["Access-Control-Expose-Headers"].split(", ")
                assert all(name in response.headers and name in exposed for name in names)


@pytest.mark.parametrize("origin", ["https://evil.example", "https://chat.example:8443", "http://chat.example", "null"])
async def test_a_page_of_another_origin_is_shown_nothing(guarded: str, origin: str) -> None:
    async with aiohttp.ClientSession() as session:
        headers = {"Origin": origin, **bearer(KEYS["alice"])}
        async with session.get(f"http://{guarded}/models", headers=headers) as response:
            assert "Access-Control-Allow-Origin" not in response.headers
        async with session.options(f"http://{guarded}/chat", headers={**headers, **PREFLIGHT}) as response:
            assert (response.status, (await response.json())["code"]) == (403, "forbidden")
            assert "Access-Control-Allow-Origin" not in response.headers


PREFLIGHT = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,content-type"}


async def test_a_browser_that_asks_before_it_asks_needs_no_token(guarded: str) -> None:
    headers = {"Origin": "https://chat.example", **PREFLIGHT}
    async with aiohttp.ClientSession() as session:
        async with session.options(f"http://{guarded}/chat", headers=headers) as response:
            assert (response.status, await response.read()) == (204, b"")
            assert response.headers["Access-Control-Allow-Origin"] == "https://chat.example"
            allowed = response.headers["Access-Control-Allow-Headers"]
            assert allowed.startswith("Authorization, Content-Type, Last-Event-ID, Prefer, X-Stainless-Arch, ")
            assert allowed.endswith(", User-Agent")
            assert "POST" in response.headers["Access-Control-Allow-Methods"]
        async with session.options(f"http://{guarded}/chat", headers=headers | {"Host": "evil.example"}) as response:
            assert response.status == 403


async def test_any_origin_may_be_welcome(upstream: Upstream) -> None:
    async with serving(upstream, api_keys=API_KEYS, allowed_origins="*") as address:
        for origin in ("https://any.example", "null"):
            async with connected(address, origin=origin, additional_headers=bearer(KEYS["alice"])):
                pass
        assert await refusal(address, origin="https://any.example") == (401, "unauthenticated")


async def test_behind_a_trusted_proxy_its_word_for_host_and_scheme_counts(upstream: Upstream) -> None:
    proxied = {"X-Forwarded-Host": "chat.example", "X-Forwarded-Proto": "https"}
    async with serving(upstream, allowed_hosts="chat.example", trusted_proxies="127.0.0.1") as address:
        async with connected(address, origin="https://chat.example", additional_headers=proxied):
            pass
        assert await refusal(address, origin="http://chat.example", additional_headers=proxied) == (403, "forbidden")
        assert await refusal(address) == (403, "forbidden")
    async with serving(upstream, allowed_hosts="chat.example", trusted_proxies="192.0.2.1") as address:
        assert await refusal(address, additional_headers=proxied) == (403, "forbidden")


async def test_two_origins_are_none(address: str) -> None:
    lines = ["GET /models HTTP/1.1", f"Host: {address}", "Origin: http://a", "Origin: http://b", "", ""]
    reader, writer = await asyncio.open_connection(*address.split(":"))
    writer.write("\r\n".join(lines).encode())
    assert (await reader.readline()).startswith(b"HTTP/1.1 400")
    writer.close()
