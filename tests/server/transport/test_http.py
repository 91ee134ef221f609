"""HTTP/1.x on the wire, byte for byte: what is read, what is refused before a route, and how responses are framed."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any, NamedTuple

import pytest
from support.log import Log
from support.serving import serving
from support.upstream import AT_ONCE, Upstream

from deltawire.protocol.errors import TABLE

QUESTION = b'{"message": "hi"}'


class Response(NamedTuple):
    """A response, as its bytes say."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def problem(self) -> dict[str, Any]:
        """The error that it tells of, in the words of the table."""
        assert self.headers["content-type"] == "application/problem+json"
        problem: dict[str, Any] = json.loads(self.body)
        assert problem["status"] == self.status
        assert problem["code"] in TABLE
        return problem


class Raw:
    """A connection on which a test writes the bytes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def send(self, head: str, body: bytes = b"", *, host: str | None = "Host: localhost") -> None:
        """Send a request."""
        lines = [*head.split("\n"), *([host] if host else [])]
        self.writer.write("\r\n".join([*lines, "", ""]).encode("latin-1") + body)

    def post(self, *headers: str, path: str = "/chat", body: bytes = QUESTION, version: str = "1.1") -> None:
        """Ask a question."""
        length = f"Content-Length: {len(body)}"
        head = "\n".join([f"POST {path} HTTP/{version}", "Content-Type: application/json", length, *headers])
        self.send(head, body)

    async def response(self, *, has_body: bool = True) -> Response:
        """The next response."""
        async with asyncio.timeout(AT_ONCE):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            first, *lines = head.strip().split("\r\n")
            headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
            body = await self.reader.readexactly(int(headers.get("content-length", 0))) if has_body else b""
        return Response(int(first.split()[1]), headers, body)

    async def rest(self) -> bytes:
        """Return what comes until the server closes."""
        async with asyncio.timeout(AT_ONCE):
            with suppress(ConnectionError):
                return await self.reader.read()
        return b""

    async def is_kept(self) -> bool:
        """Return True if another request is answered."""
        self.send("GET /livez HTTP/1.1")
        return (await self.response()).status == 200


@pytest.fixture(scope="module")
async def address() -> AsyncIterator[str]:
    async with Upstream() as upstream, serving(upstream, max_frame_bytes=10_000) as address:
        yield address


@pytest.fixture
async def raw(address: str) -> AsyncIterator[Raw]:
    host, _, port = address.partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    yield Raw(reader, writer)
    writer.close()


UPGRADES = {
    "curl and Java": ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__"),
    "two lines": ("Connection: keep-alive", "Connection: Upgrade", "Upgrade: h2c"),
    "TLS": ("Connection: upgrade", "Upgrade: TLS/1.3"),
    "several": ("Connection: upgrade", "Upgrade: h2c, IRC/6.9"),
    "a socket, but not by GET": ("Connection: upgrade", "Upgrade: websocket"),
}


@pytest.mark.parametrize("upgrade", UPGRADES.values(), ids=UPGRADES)
async def test_an_upgrade_that_is_not_taken_is_ignored(raw: Raw, upgrade: tuple[str, ...]) -> None:
    for _ in range(2):
        raw.post(*upgrade)
        response = await raw.response()
        assert (response.status, json.loads(response.body)["text"]) == (200, "Hello world")
    assert await raw.is_kept()


async def test_an_upgrade_that_is_not_taken_is_ignored_with_any_method_and_however_the_body_comes(raw: Raw) -> None:
    for method, status in (("GET", 200), ("OPTIONS", 204), ("DELETE", 405)):
        raw.send(f"{method} /models HTTP/1.1\nConnection: Upgrade, HTTP2-Settings\nUpgrade: h2c")
        assert (await raw.response()).status == status
    head = "POST /chat HTTP/1.1\nContent-Type: application/json\nConnection: Upgrade\nUpgrade: h2c\n"
    raw.send(head + "Transfer-Encoding: chunked", b"11\r\n" + QUESTION + b"\r\n0\r\n\r\n")
    assert (await raw.response()).status == 200
    raw.send(head + "Content-Length: 17", QUESTION[:5])
    await raw.writer.drain()
    raw.writer.write(QUESTION[5:])
    assert (await raw.response()).status == 200
    assert await raw.is_kept()


async def test_an_upgrade_in_http_1_0_is_ignored(raw: Raw) -> None:
    raw.send("GET /ws HTTP/1.0\nConnection: Upgrade\nUpgrade: websocket\nSec-WebSocket-Version: 13")
    assert (await raw.response()).problem["code"] == "unsupported"


async def test_a_handshake_may_name_the_server_in_its_target(raw: Raw, address: str) -> None:
    key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\nSec-WebSocket-Version: 13"
    raw.send(f"GET http://{address}/ws HTTP/1.1\nConnection: Upgrade\nUpgrade: websocket\n{key}", host="Host: evil")
    assert (await raw.response(has_body=False)).status == 101


@pytest.mark.parametrize(
    "lines, status",
    [
        ("Sec-WebSocket-Version: 13", 400),
        ("Sec-WebSocket-Key: x\nSec-WebSocket-Version: 13", 400),
        ("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\nSec-WebSocket-Version: 8", 400),
        ("\n".join(f"X-{number}: y" for number in range(200)), 431),
    ],
    ids=["no key", "a bad key", "another version", "many headers"],
)
async def test_a_handshake_that_is_none_is_refused_in_the_words_of_the_table(raw: Raw, lines: str, status: int) -> None:
    raw.send(f"GET /ws HTTP/1.1\nConnection: Upgrade\nUpgrade: websocket\n{lines}")
    response = await raw.response()
    assert (response.status, response.problem["retryable"]) == (status, False)
    assert response.headers["sec-websocket-version"] == "13"
    assert await raw.rest() == b""


async def test_http_1_0_gets_a_stream_without_chunks_that_ends_with_the_connection(raw: Raw) -> None:
    raw.post("Connection: keep-alive", path="/chat/stream", version="1.0")
    response = await raw.response(has_body=False)
    assert (response.headers["content-type"], response.headers["connection"]) == (
        "text/event-stream; charset=utf-8",
        "close",
    )
    assert "transfer-encoding" not in response.headers
    body = await raw.rest()
    assert re.fullmatch(rb"(event: (delta|usage)\ndata: \{.*\}\n\n)+", body)


async def test_http_1_0_need_not_say_the_host_where_any_will_do(raw: Raw) -> None:
    raw.send("GET /livez HTTP/1.0", host=None)
    assert (await raw.response()).status == 200
    assert await raw.rest() == b""


@pytest.mark.parametrize("host", [None, "Host: localhost\nHost: localhost", "Host: localhost\nhost: evil.example"])
@pytest.mark.parametrize("path", ["/models", "/livez", "http://localhost/models"])
async def test_one_host_is_named_and_not_none_or_several(raw: Raw, host: str | None, path: str) -> None:
    raw.send(f"GET {path} HTTP/1.1" + (f"\n{host}" if host else ""), host=None)
    response = await raw.response()
    assert (response.status, response.problem["code"], response.problem["field"]) == (400, "invalid_frame", "Host")


@pytest.mark.parametrize(
    "target, status",
    [
        ("http://localhost/models", 200),
        ("HTTP://LOCALHOST:80/models?x=1", 200),
        ("https://localhost./models", 200),
        ("http://localhost", 200),
        ("http://localhost?x=1", 200),
        ("http://evil.example/models", 403),
        ("http://localhost@evil.example/models", 400),
        ("ftp://localhost/models", 400),
    ],
)
async def test_a_target_may_be_a_whole_url_whose_host_counts(raw: Raw, target: str, status: int) -> None:
    raw.send(f"GET {target} HTTP/1.1", host="Host: evil.example" if status == 200 else "Host: localhost")
    response = await raw.response()
    assert response.status == status
    assert status == 200 or response.problem["code"] in ("forbidden", "invalid_frame")


async def test_what_is_too_large_is_refused_before_it_is_sent_and_swallows_no_request(raw: Raw) -> None:
    raw.send("POST /chat HTTP/1.1\nContent-Type: application/json\nExpect: 100-continue\nContent-Length: 20000")
    response = await raw.response()
    assert (response.status, response.problem["code"]) == (413, "message_too_large")
    assert response.headers["connection"] == "close"
    raw.send("GET /livez HTTP/1.1")
    assert await raw.rest() == b""


async def test_a_refusal_reaches_a_client_that_goes_on_to_send(raw: Raw) -> None:
    raw.send("POST /chat HTTP/1.1\nContent-Type: application/json\nExpect: 100-continue\nContent-Length: 20000")
    raw.writer.write(b"x" * 20_000)
    assert (await raw.response()).status == 413


async def test_a_client_that_waits_for_it_is_told_to_go_on(raw: Raw) -> None:
    raw.send("POST /chat HTTP/1.1\nContent-Type: application/json\nExpect: 100-Continue\nContent-Length: 17")
    assert (await raw.response()).status == 100
    raw.writer.write(QUESTION)
    assert (await raw.response()).status == 200
    assert await raw.is_kept()


async def test_nobody_is_told_to_go_on_who_has_or_who_speaks_http_1_0(raw: Raw) -> None:
    raw.post("Expect: 100-continue")
    assert (await raw.response()).status == 200
    raw.post("Expect: 100-continue", version="1.0")
    assert (await raw.response()).status == 200


async def test_a_connection_is_kept_whose_answer_came_before_the_body(raw: Raw) -> None:
    raw.send("POST /models HTTP/1.1\nContent-Length: 2", b"{")
    assert (await raw.response()).status == 405
    raw.writer.write(b"}")
    assert await raw.is_kept()


REFUSED = {
    "no request": (b"GET\r\n\r\n", 400, "invalid_frame"),
    "another protocol": (b"SSH-2.0-OpenSSH\r\n\r\n", 400, "invalid_frame"),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(50), 400, "invalid_frame"),
    "HTTP/0.9": (b"GET /\r\n\r\n", 505, "unsupported"),
    "HTTP/2": (b"GET / HTTP/2.0\r\nHost: localhost\r\n\r\n", 505, "unsupported"),
    "a method of nobody's": (b"FROB / HTTP/1.1\r\nHost: localhost\r\n\r\n", 501, "unsupported"),
    "a proxy's method": (b"CONNECT a.example:80 HTTP/1.1\r\nHost: a.example:80\r\n\r\n", 501, "unsupported"),
    "a target with a space": (b"GET /a b HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, "invalid_frame"),
    "a header without a name": (b"GET / HTTP/1.1\r\nHost: localhost\r\n: x\r\n\r\n", 400, "invalid_frame"),
    "a folded header": (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: a\r\n b\r\n\r\n", 400, "invalid_frame"),
    "two lengths": (b"POST /chat HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400, "invalid_frame"),
    "a length and chunks": (
        b"POST /chat HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        400,
        "invalid_frame",
    ),
    "a compressed transfer": (
        b"POST /chat HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        501,
        "unsupported",
    ),
    "large headers": (b"GET / HTTP/1.1\r\nX: " + b"x" * 40_000 + b"\r\n\r\n", 431, "message_too_large"),
    "many headers": (b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 300 + b"\r\n", 431, "message_too_large"),
    "a header without an end": (b"GET / HTTP/1.1\r\nX: " + b"x" * 400_000, 431, "message_too_large"),
    "a long target": (b"GET /" + b"x" * 40_000 + b" HTTP/1.1\r\n\r\n", 431, "message_too_large"),
    "a broken chunk": (
        b"POST /chat HTTP/1.1\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        400,
        "invalid_frame",
    ),
}


@pytest.mark.parametrize("data, status, code", REFUSED.values(), ids=REFUSED)
async def test_what_no_route_can_answer_is_refused_in_the_words_of_the_table(
    raw: Raw, log: Log, data: bytes, status: int, code: str
) -> None:
    raw.writer.write(data)
    response = await raw.response()
    assert (response.status, response.problem["code"]) == (status, code)
    assert response.headers["connection"] == "close"
    assert "date" in response.headers
    assert await raw.rest() == b""
    assert not [line for line in log.lines if line["event"] == "bug"]


async def test_a_method_that_no_route_takes_is_told_which_are(raw: Raw) -> None:
    for method in ("PROPFIND", "TRACE", "POST"):
        raw.send(f"{method} /models HTTP/1.1")
        response = await raw.response()
        assert (response.status, response.problem["code"]) == (405, "unsupported")
        assert response.headers["allow"] == "GET, HEAD, OPTIONS"
    raw.send("GET /ws HTTP/1.1")
    response = await raw.response()
    assert (response.status, response.problem["code"]) == (405, "unsupported")
    assert (response.headers["allow"], response.headers["upgrade"]) == ("GET", "websocket")


async def test_a_body_of_very_many_small_chunks_is_refused(raw: Raw) -> None:
    head = "POST /chat HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked"
    raw.writer.write(f"{head}\r\n\r\n".encode() + b"1\r\n \r\n" * 5_000)
    response = await raw.response()
    assert (response.status, response.problem["field"]) == (400, "Transfer-Encoding")
    assert await raw.rest() == b""


async def test_a_body_may_come_byte_by_byte(raw: Raw) -> None:
    head = "POST /chat HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked"
    body = b" " * 3_000 + QUESTION
    raw.writer.write(f"{head}\r\n\r\n".encode() + b"".join(b"1\r\n%c\r\n" % byte for byte in body) + b"0\r\n\r\n")
    assert (await raw.response()).status == 200
    assert await raw.is_kept()


async def test_a_kept_connection_ends_when_no_request_comes(upstream: Upstream) -> None:
    async with serving(upstream, keep_alive_timeout=0.2) as address:
        host, _, port = address.partition(":")
        raw = Raw(*await asyncio.open_connection(host, int(port)))
        assert await raw.is_kept()
        assert await raw.rest() == b""
        raw.writer.close()
