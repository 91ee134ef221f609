"""Attacks, and that they fail: docs/guide/secure.md lists them, and names the test of each.

Where an attack can come over more than one transport, it is tried over all: `probe` sends a request over one of them.
"""

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import aiohttp
import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from support.client import connected
from support.identity import API_KEYS, KEYS, SECRET, Publisher, Signer, bearer, payload, signed, token, unsigned
from support.paths import ROOT
from support.process import running_over
from support.serving import serving, sharing
from support.transports import handshake, post
from support.upstream import AT_ONCE, Upstream, says, says_and_is_silent
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

ISSUER = {"jwt_issuer": "https://id.example", "jwt_audience": "deltawire"}
CLAIMS: dict[str, Any] = {"iss": "https://id.example", "aud": "deltawire"}

Answer = tuple[int, str]
"""A status and an error code; (200, "") is an accepted request."""
Probe = Callable[..., Awaitable[Answer]]


async def probe_socket(address: str, query: str = "", **headers: str) -> Answer:
    if "Host" in headers:  # the client below would send its own besides
        status, problem, _ = await handshake(address, f"/ws{query}", **headers)
        return (200, "") if status == 101 else (status, problem["code"])
    try:
        async with connect(f"ws://{address}/ws{query}", additional_headers=headers):
            return 200, ""
    except InvalidStatus as refused:
        response = refused.response
        problem = json.loads(response.body or b"{}")
        assert (response.headers.get("WWW-Authenticate") == "Bearer") is (response.status_code == 401)
        return response.status_code, problem.get("code", "")


async def probe_rest(address: str, query: str = "", path: str = "/chat", **headers: str) -> Answer:
    status, body, answered = await post(address, path + query, b'{"message": "hi"}', **headers)
    assert (answered.get("WWW-Authenticate") == "Bearer") is (status == 401)
    return status, (body or {}).get("code", "")


async def probe_sse(address: str, query: str = "", **headers: str) -> Answer:
    return await probe_rest(address, query, "/chat/stream", **headers)


TRANSPORTS: dict[str, Probe] = {"socket": probe_socket, "sse": probe_sse, "rest": probe_rest}
OPEN = (200, "")
UNAUTHENTICATED = (401, "unauthenticated")
FORBIDDEN = (403, "forbidden")


@pytest.fixture(params=TRANSPORTS)
def probe(request: pytest.FixtureRequest) -> Probe:
    return TRANSPORTS[request.param]


@pytest.fixture(scope="module")
async def address() -> AsyncIterator[str]:
    """A server that knows keys, and tokens of one issuer for one audience."""
    async with Upstream() as upstream, serving(upstream, api_keys=API_KEYS, jwt_secret=SECRET, **ISSUER) as address:
        yield address


async def test_a_missing_token(address: str, probe: Probe) -> None:
    assert await probe(address) == UNAUTHENTICATED
    assert await probe(address, **bearer(KEYS["alice"])) == OPEN


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer x",
        f"Bearer {KEYS['alice'][:-1]}",
        f"Bearer {KEYS['alice'].upper()}",
        f"Bearer {KEYS['alice']}x",
        f"Bearer {sha256(KEYS['alice'].encode()).hexdigest()}",
        f"Bearer {API_KEYS.split(',')[0]}",
        f"Bearer {KEYS['alice']} {KEYS['bob']}",
        f"Basic {KEYS['alice']}",
        KEYS["alice"],
        f"Bearer {'x' * 8_000}",
        "Bearer é",
        "Bearer a.b.c",
        f"Bearer {'.' * 8_000}",
        f"Bearer {SECRET}",
    ],
)
async def test_a_wrong_token(address: str, probe: Probe, authorization: str) -> None:
    assert await probe(address, Authorization=authorization) == UNAUTHENTICATED


async def test_an_expired_token(address: str, probe: Probe) -> None:
    assert await probe(address, **bearer(token(**CLAIMS))) == OPEN
    assert await probe(address, **bearer(token(**CLAIMS, exp=time.time() - 1))) == UNAUTHENTICATED
    assert await probe(address, **bearer(token(**CLAIMS, exp=None))) == UNAUTHENTICATED


@pytest.mark.parametrize("algorithm", ["none", "None", "nOnE"])
async def test_a_token_without_a_signature(address: str, probe: Probe, algorithm: str) -> None:
    assert await probe(address, **bearer(unsigned({"alg": algorithm}, payload(**CLAIMS)))) == UNAUTHENTICATED
    stripped = token(**CLAIMS).rpartition(".")[0] + "."
    assert await probe(address, **bearer(stripped)) == UNAUTHENTICATED


@pytest.mark.parametrize("claims", [{"aud": "another"}, {"iss": "https://evil.example"}, {"aud": None}, {"iss": None}])
async def test_a_token_for_another_audience_or_of_another_issuer(
    address: str, probe: Probe, claims: dict[str, Any]
) -> None:
    assert await probe(address, **bearer(token(**CLAIMS | claims))) == UNAUTHENTICATED


async def test_a_public_key_taken_for_a_secret(upstream: Upstream, probe: Probe) -> None:
    signer = Signer("RS256", "one")
    public = signer.private.public_key()
    secrets = [
        public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode(),
        public.public_bytes(Encoding.PEM, PublicFormat.PKCS1).decode(),
        json.dumps(signer.jwk),
        signer.jwk["n"],
    ]
    async with Publisher(signer) as publisher, serving(upstream, jwt_jwks_url=publisher.url) as address:
        assert await probe(address, **bearer(signer.token())) == OPEN
        for secret in secrets:
            forged = signed({"alg": "HS256", "kid": "one"}, payload(), secret)
            assert await probe(address, **bearer(forged)) == UNAUTHENTICATED


async def test_a_key_that_comes_along_with_its_token(upstream: Upstream, probe: Probe) -> None:
    signer, attacker = Signer("ES256", "one"), Signer("ES256", "one")
    async with (
        Publisher(signer) as publisher,
        Publisher(attacker) as theirs,
        serving(upstream, jwt_jwks_url=publisher.url) as address,
    ):
        headers = {"kid": "one", "jwk": attacker.jwk, "jku": theirs.url, "x5u": theirs.url}
        forged = jwt.encode(payload(), attacker.private, "ES256", headers)
        assert await probe(address, **bearer(forged)) == UNAUTHENTICATED
        assert theirs.requests == []


@pytest.mark.parametrize("name", ["token", "access_token", "ACCESS_TOKEN", "%74oken", "api_key"])
async def test_a_token_in_the_query_string(address: str, probe: Probe, name: str) -> None:
    query = f"?model=x&{name}={KEYS['alice']}"
    assert await probe(address, query) == UNAUTHENTICATED
    assert await probe(address, query, **bearer(KEYS["alice"])) == UNAUTHENTICATED


async def test_no_token_is_in_a_log_or_an_answer(upstream: Upstream, tmp_path: Path) -> None:
    good = token(sub="carol")
    planted = [*KEYS.values(), good, SECRET, "planted-nonsense"]
    file = tmp_path / "keys"
    file.write_text(API_KEYS.replace(",", "\n"))
    async with running_over(upstream, log_level="debug", api_keys_file=str(file), jwt_secret=SECRET) as server:
        answers = []
        for secret in planted:
            for probe in TRANSPORTS.values():
                await probe(server.address, f"?token={secret}")
                await probe(server.address, **bearer(secret))
            for path in ("/chat", f"/{secret}"):
                _, body, headers = await post(server.address, path, secret.encode(), **bearer(secret))
                answers.append(f"{body} {headers}")
        subprotocols = ["deltawire.v1", f"bearer.{KEYS['alice']}"]
        async with connected(server.address, subprotocols=subprotocols) as client:
            assert client.socket.response is not None
            answers.append(str(client.socket.response.headers))
            for secret in planted:
                await client.send(type="auth", token=secret)
                await client.send(type="auth", token=[secret])
                await client.socket.send(f'{{"type": "auth", "token": "{secret}"')
            answers += map(str, await client.ask(id="t1"))
        await server.turn(0)
        await server.stop()
        for secret in planted:
            assert secret not in server.output
            assert not any(secret in answer for answer in answers)


async def test_a_header_of_64_kilobytes(address: str) -> None:
    host, _, port = address.partition(":")
    for head in ("POST /chat HTTP/1.1", "GET /ws HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade"):
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(f"{head}\r\nHost: {address}\r\nAuthorization: Bearer {'x' * 2**16}\r\n\r\n".encode())
        assert (await reader.readline()).startswith(b"HTTP/1.1 431 ")
        writer.close()


async def test_a_slow_handshake(upstream: Upstream) -> None:
    async with sharing(upstream, api_keys=API_KEYS, handshake_timeout=0.2) as address:
        host, _, port = address.partition(":")
        for head in (b"", b"GET /ws HTTP/1.1\r\nHost: ", b"POST /chat HTTP/1.1\r\nContent-Length: 100\r\n\r\n{"):
            reader, writer = await asyncio.open_connection(host, int(port))
            writer.write(head)
            async with asyncio.timeout(AT_ONCE):
                with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
                    await reader.readuntil(b"never")
            writer.close()


async def test_tokens_tried_one_after_the_other(upstream: Upstream) -> None:
    async with serving(upstream, api_keys=API_KEYS, max_handshakes_per_minute=3) as address:
        answers = [await probe_socket(address, **bearer(f"guess-{number}")) for number in range(4)]
        assert answers == [UNAUTHENTICATED] * 3 + [(429, "rate_limited")]
        assert await probe_socket(address, **bearer(KEYS["alice"])) == (429, "rate_limited")


async def test_handshakes_without_a_token_take_nobodys_place(upstream: Upstream) -> None:
    async with serving(upstream, api_keys=API_KEYS, max_sockets=1) as address:
        for _ in range(5):
            assert await probe_socket(address) == UNAUTHENTICATED
        assert await probe_socket(address, **bearer(KEYS["alice"])) == OPEN


@pytest.mark.parametrize("name", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "CF-Connecting-IP"])
async def test_a_spoofed_forwarded_address(upstream: Upstream, name: str) -> None:
    async with serving(upstream, max_handshakes_per_minute=1) as address:
        assert await probe_socket(address, **{name: "192.0.2.1"}) == OPEN
        assert await probe_socket(address, **{name: "192.0.2.2"}) == (429, "rate_limited")


async def test_a_spoofed_forwarded_address_in_front_of_a_proxys(upstream: Upstream) -> None:
    async with serving(upstream, max_handshakes_per_minute=1, trusted_proxies="127.0.0.0/8") as address:
        for spoofed in ("192.0.2.1", "127.0.0.1", "nonsense"):
            first = spoofed == "192.0.2.1"
            answer = await probe_socket(address, **{"X-Forwarded-For": f"{spoofed}, 198.51.100.7"})
            assert answer == (OPEN if first else (429, "rate_limited"))
        assert await probe_socket(address, **{"X-Forwarded-For": "198.51.100.8"}) == OPEN


@pytest.mark.parametrize("trailer", [f"Authorization: Bearer {KEYS['alice']}", "X-Forwarded-Host: evil.example"])
async def test_a_header_that_comes_after_the_body(upstream: Upstream, trailer: str) -> None:
    async with sharing(upstream, api_keys=API_KEYS, trusted_proxies="127.0.0.1") as address:
        reader, writer = await asyncio.open_connection(*address.split(":"))
        head = "GET /conversations HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nTransfer-Encoding: chunked"
        writer.write(f"{head}\r\n\r\n0\r\n{trailer}\r\n\r\n".encode())
        assert (await asyncio.wait_for(reader.read(), AT_ONCE)).startswith(b"HTTP/1.1 401 ")
        writer.close()


async def test_a_spoofed_forwarded_host(address: str, upstream: Upstream, probe: Probe) -> None:
    evil = {"Origin": "http://evil.example", "X-Forwarded-Host": "evil.example", **bearer(KEYS["alice"])}
    assert await probe(address, **evil) == FORBIDDEN
    async with sharing(upstream, trusted_proxies="127.0.0.1") as proxied:
        assert await probe(proxied, **evil) == FORBIDDEN


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "127.0.0.1@evil.example", "localhost..", ""]
)
async def test_a_name_that_was_rebound_to_this_server(address: str, probe: Probe, host: str) -> None:
    assert await probe(address, Host=host, Origin=f"http://{host}", **bearer(KEYS["alice"])) == FORBIDDEN


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://127.0.0.1", "https://chat.example.evil.example"]
)
async def test_a_page_of_another_origin(upstream: Upstream, probe: Probe, origin: str) -> None:
    async with sharing(upstream, api_keys=API_KEYS, allowed_origins="https://chat.example") as address:
        key = bearer(KEYS["alice"])
        assert await probe(address, Origin=origin, **key) == FORBIDDEN
        assert await probe(address, Origin="https://chat.example", **key) == OPEN


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/json", ""],
)
@pytest.mark.parametrize("path", ["/chat", "/chat/stream"])
async def test_a_form_posted_as_something_else(upstream: Upstream, path: str, content_type: str) -> None:
    body = b'{"message": "hi", "history": [], "system": "="}'
    async with sharing(upstream) as address:
        status, problem, _ = await post(address, path, body, **{"Content-Type": content_type})
        assert (status, problem["code"]) == (415, "unsupported")
        origin = {"Origin": "http://evil.example", "Content-Type": content_type}
        status, problem, _ = await post(address, path, body, **origin)
        assert (status, problem["code"]) == FORBIDDEN
    assert upstream.exchanges == []


@pytest.mark.parametrize(
    "path",
    [
        "/models",
        "/models/",
        "//models",
        "/livez/../models",
        "/schema/../models",
        "/schema/assets/../../models",
        "/schema/assets/%2e%2e/%2e%2e/models",
        "/%2fmodels",
        "/models?/livez",
        "/models#/livez",
        "/models;/livez",
        "/models%00/livez",
        "/nothing",
        "/ws",
    ],
)
async def test_another_way_to_write_a_closed_path(address: str, path: str) -> None:
    host, _, port = address.partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(f"GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n".encode())
    status = int((await reader.readline()).split()[1])
    writer.close()
    assert status in (400, 401)


@pytest.mark.parametrize("path", ["/", "/livez", "/schema", "/ws"])
async def test_a_socket_to_an_open_path(address: str, path: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with connect(f"ws://{address}{path}"):
            pass
    assert refused.value.response.status_code == 401


async def test_two_tokens_at_once(address: str, probe: Probe) -> None:
    host, _, port = address.partition(":")
    heads: dict[Probe, str] = {
        probe_socket: "GET /ws HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13",
        probe_rest: "POST /chat HTTP/1.1",
        probe_sse: "POST /chat/stream HTTP/1.1",
    }
    reader, writer = await asyncio.open_connection(host, int(port))
    lines = [heads[probe], f"Host: {address}", *(f"Authorization: Bearer {key}" for key in KEYS.values()), "", ""]
    writer.write("\r\n".join(lines).encode())
    assert (await reader.readline()).split()[1] in (b"400", b"401")
    writer.close()


async def test_a_token_of_somebody_else_on_an_open_socket(address: str) -> None:
    async with connected(address, additional_headers=bearer(KEYS["alice"])) as client:
        for other in (KEYS["bob"], token(**CLAIMS, sub="alice"), token(**CLAIMS, sub="key:alice")):
            await client.send(type="auth", token=other)
            error = await client.receive()
            assert (error["id"], error["code"], error["field"]) == (None, "forbidden", "token")
        assert (await client.ask())[-1]["type"] == "usage"


async def test_a_bad_token_on_an_open_socket(address: str) -> None:
    async with connected(address, additional_headers=bearer(token(**CLAIMS))) as client:
        for bad in ("x", unsigned({"alg": "none"}, payload(**CLAIMS)), token(**CLAIMS, exp=time.time() - 1)):
            await client.send(type="auth", token=bad)
            error = await client.receive()
            assert (error["id"], error["code"], error["field"]) == (None, "unauthenticated", "token")
        assert (await client.ask())[-1]["type"] == "usage"


async def test_a_name_that_forges_log_lines(upstream: Upstream) -> None:
    async with running_over(upstream, jwt_secret=SECRET) as server:
        for probe in TRANSPORTS.values():
            for name in ("carol\n{}", "carol\r\nend=stop", "carol\x1b[2J", "carol\u2028", "carol\u202e", "carol\0"):
                assert await probe(server.address, **bearer(token(sub=name))) == UNAUTHENTICATED
            assert await probe(server.address, **bearer(token(sub='dave", "end": "stop'))) == OPEN
        await server.turn(1)
        await server.stop()
        assert {turn["caller"] for turn in server.turns} == {'jwt:dave", "end": "stop'}
        assert len(server.lines) == len(server.printed_lines)
        assert not any("carol" in line for line in server.printed_lines)


async def test_another_owners_conversation(address: str, probe: Probe) -> None:
    alice, bob = bearer(KEYS["alice"]), bearer(token(**CLAIMS, sub="alice"))
    async with aiohttp.ClientSession(f"http://{address}") as session:
        async with session.post("/conversations", json={"title": "mine"}, headers=alice) as made:
            mine = (await made.json())["id"]
        question = {"message": "hi", "conversation": mine}
        assert await ask(address, probe, question, alice) == "usage"
        assert await ask(address, probe, question, bob) == "not_found"
        for method, path, body in [
            ("GET", mine, None),
            ("GET", f"{mine}/export", None),
            ("PATCH", mine, {"title": "theirs"}),
            ("DELETE", mine, None),
        ]:
            async with session.request(method, f"/conversations/{path}", json=body, headers=bob) as refused:
                assert (refused.status, (await refused.json(content_type=None))["code"]) == (404, "not_found")
        for query in ("", "?q=mine", "?q=hi"):
            async with session.get(f"/conversations{query}", headers=bob) as listed:
                assert (await listed.json())["conversations"] == []
            async with session.get(f"/conversations{query}", headers=alice) as listed:
                assert mine in [conversation["id"] for conversation in (await listed.json())["conversations"]]


async def ask(address: str, probe: Probe, question: dict[str, str], headers: dict[str, str]) -> str:
    """Return the end of a turn: `usage`, or an error's code."""
    if probe is probe_socket:
        async with connected(address, additional_headers=headers) as client:
            end = (await client.ask(**question))[-1]
            return str(end.get("code", end["type"]))
    path = "/chat" if probe is probe_rest else "/chat/stream"
    status, body, _ = await post(address, path, json.dumps(question).encode(), **headers)
    return "usage" if status == 200 else str(body["code"])


async def shared(address: str, **fields: Any) -> tuple[str, dict[str, Any]]:
    """A conversation of alice's, and a link to it."""
    async with aiohttp.ClientSession(f"http://{address}", headers=bearer(KEYS["alice"])) as session:
        async with session.post("/conversations", json={}) as made:
            mine = (await made.json())["id"]
        async with session.post("/chat", json={"message": "hi", "conversation": mine}) as response:
            answer = (await response.json())["usage"]["message"]
        async with session.post(f"/conversations/{mine}/shares", json={"message": answer, **fields}) as link:
            assert link.status == 201, await link.text()
            return mine, await link.json()


async def read_link(address: str, token_of_link: str, *, by: str | None = "bob") -> int:
    headers = {} if by is None else bearer(KEYS[by])
    async with aiohttp.ClientSession(f"http://{address}", headers=headers) as session:
        async with session.get(f"/shared/{token_of_link}") as answer:
            return answer.status


async def test_a_guessed_link(address: str) -> None:
    _, link = await shared(address)
    right = link["token"]
    assert await read_link(address, right) == 200
    digest = sha256(right.encode()).hexdigest()
    for wrong in (
        right[:-1],
        right + "A",
        right.swapcase(),
        "s_" + "A" * 43,
        digest,
        link["id"],
        "%00",
        "s_%ff",
        "x" * 9_000,
    ):
        assert await read_link(address, wrong) == 404, wrong
    assert len({(await shared(address))[1]["token"] for _ in range(3)}) == 3
    assert len(right) == 45  # 32 bytes in base64, after two characters


async def test_a_link_that_has_expired(
    address: str, upstream: Upstream, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, link = await shared(address, days=1)
    assert 86_000 < link["expires"] - time.time() <= 86_400
    assert await read_link(address, link["token"]) == 200
    monkeypatch.setattr("deltawire.conversations.share_links.time", FixedTime(link["expires"] + 1))
    assert await read_link(address, link["token"]) == 404


class FixedTime:
    """A module `time` that stands."""

    def __init__(self, now: float) -> None:
        self._now = now

    def time(self) -> float:
        return self._now


async def test_a_link_that_was_revoked(address: str) -> None:
    _, link = await shared(address)
    _, other = await shared(address)
    async with aiohttp.ClientSession(f"http://{address}", headers=bearer(KEYS["alice"])) as session:
        async with session.delete(f"/shares/{link['id']}") as revoked:
            assert revoked.status == 204
        assert await read_link(address, link["token"]) == 404
        assert await read_link(address, other["token"]) == 200
        async with session.delete(f"/conversations/{other['conversation']}"):
            assert await read_link(address, other["token"]) == 404


async def test_a_link_without_a_token(address: str, upstream: Upstream) -> None:
    _, link = await shared(address)
    assert await read_link(address, link["token"], by=None) == 401
    assert await read_link(address, "p_" + link["token"][2:], by=None) == 401  # no server without the setting has any
    async with sharing(upstream, api_keys=API_KEYS, public_shares=True) as open_to_links:
        _, private = await shared(open_to_links)
        _, public = await shared(open_to_links, public=True)
        assert await read_link(open_to_links, private["token"], by=None) == 401
        assert await read_link(open_to_links, "p_" + private["token"][2:], by=None) == 404
        assert await read_link(open_to_links, public["token"], by=None) == 200
        assert await read_link(open_to_links, public["token"] + "/..", by=None) == 401
        async with aiohttp.ClientSession(f"http://{open_to_links}") as anybody:
            async with anybody.get("/shares") as refused:
                assert refused.status == 401
            async with anybody.delete(f"/shared/{public['token']}") as refused:
                assert refused.status == 401


async def test_a_shared_chat_is_not_indexed(address: str) -> None:
    _, link = await shared(address)
    async with aiohttp.ClientSession(f"http://{address}", headers=bearer(KEYS["bob"])) as session:
        async with session.get(f"/shared/{link['token']}") as answer:
            assert answer.headers["X-Robots-Tag"] == "noindex, nofollow"
        async with session.get(f"/s/{link['token']}", headers={"Accept": "text/html"}) as page:
            assert (page.status, page.headers["X-Robots-Tag"]) == (200, "noindex, nofollow")
            assert page.headers["Referrer-Policy"] == "no-referrer"
            assert '<meta name="robots" content="noindex' in await page.text()


async def test_no_token_of_a_link_is_in_a_log(address: str, capfd: pytest.CaptureFixture[str]) -> None:
    _, link = await shared(address)
    assert await read_link(address, link["token"], by=None) == 401
    assert await read_link(address, link["token"]) == 200
    assert await read_link(address, link["token"] + "x") == 404
    written = "".join(capfd.readouterr())
    assert "refused" in written
    assert link["token"] not in written


async def test_a_key_file_that_is_replaced_while_serving(upstream: Upstream, tmp_path: Path, probe: Probe) -> None:
    file = tmp_path / "keys"
    alice, bob = API_KEYS.split(",")
    file.write_text(alice)
    async with serving(upstream, api_keys_file=file, max_handshakes_per_minute=10**6) as address:
        assert await probe(address, **bearer(KEYS["bob"])) == UNAUTHENTICATED
        async with connected(address, additional_headers=bearer(KEYS["alice"])) as client:
            upstream.plays(says_and_is_silent("Hello"), says("Hi"))
            await client.chat(id="running")
            assert (await client.receive())["text"] == "Hello"
            file.write_text(bob)
            await until(lambda: probe(address, **bearer(KEYS["bob"])), OPEN)
            assert await probe(address, **bearer(KEYS["alice"])) == UNAUTHENTICATED
            [error] = await client.ask(id="later")
            assert (error["id"], error["code"]) == ("later", "unauthenticated")
            await client.send(type="cancel", id="running")
            assert (await client.until_end("running"))[-1]["finish_reason"] == "cancelled"


async def until(ask: Callable[[], Awaitable[Answer]], wanted: Answer) -> None:
    """Ask until this is the answer."""
    async with asyncio.timeout(60):
        while await ask() != wanted:
            pass


async def test_a_key_set_that_is_down_or_lies(upstream: Upstream, probe: Probe, free_port: int) -> None:
    async with serving(upstream, jwt_jwks_url=f"http://127.0.0.1:{free_port}/keys") as address:
        assert await probe(address, **bearer(Signer().token())) == (503, "overloaded")
        assert await probe(address, **bearer(token())) == UNAUTHENTICATED
        assert await probe(address) == UNAUTHENTICATED


def test_every_attack_is_in_the_table_and_every_row_of_the_table_has_its_test() -> None:
    table = (ROOT / "docs" / "guide" / "secure.md").read_text()
    rows = re.findall(r"^\| (?!attack|---).*\| `(?:(tests/\S+?)::)?(test_\w+)` \|$", table, re.MULTILINE)
    assert len(rows) == len(re.findall(r"^\| (?!attack|---)", table, re.MULTILINE))
    here = Path(__file__).relative_to(ROOT).as_posix()
    named = {(file or here, name) for file, name in rows}
    for file, name in named:
        assert re.search(rf"^(async )?def {name}\(", (ROOT / file).read_text(), re.MULTILINE), f"{file}::{name}"
    attacks = set(re.findall(r"^async def (test_\w+)\(", Path(__file__).read_text(), re.MULTILINE))
    assert {name for file, name in named if file == here} == attacks
