"""The bounds of a handshake and of a frame, and how a socket ends beyond them."""

import asyncio
from contextlib import suppress

import pytest
from support.client import connected, masked, raw_socket, text_of
from support.log import Log
from support.process import running_over
from support.serving import sharing
from support.upstream import AT_ONCE, Upstream, says_and_is_silent
from websockets.exceptions import ConnectionClosed


async def test_a_frame_over_its_bound_closes_the_socket_with_1009(upstream: Upstream) -> None:
    upstream.plays(says_and_is_silent("Hello"))
    async with sharing(upstream, max_frame_bytes=10_000) as address, connected(address) as client:
        await client.chat()
        await client.receive()
        with suppress(ConnectionClosed):
            await client.socket.send("x" * 5_000_000)
        assert await client.until_closed() == 1009
        await upstream.exchanges[0].closes()


async def test_a_frame_within_its_bound_is_read(upstream: Upstream) -> None:
    async with sharing(upstream, max_frame_bytes=10_000) as address, connected(address) as client:
        assert text_of(await client.ask("x" * 9_000)) == "Hello world"


async def test_a_long_header_such_as_many_cookies_keeps_no_socket_out(upstream: Upstream) -> None:
    async with sharing(upstream) as address, connected(address, additional_headers={"Cookie": "x" * 30_000}) as client:
        assert text_of(await client.ask()) == "Hello world"


async def raw(address: str, data: bytes, answered: bytes = b"", more: bytes = b"") -> bytes:
    """Return the answer to `data` until the server closes, soon; or to `more`, sent after an answer that ends so."""
    host, _, port = address.partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(data)
    if answered:
        await reader.readuntil(answered)
        writer.write(more)
    try:
        async with asyncio.timeout(AT_ONCE):
            return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.close()


async def test_text_that_is_not_utf_8_closes_the_socket_with_1007(upstream: Upstream) -> None:
    async with sharing(upstream) as address:
        reader, writer = await raw_socket(address)
        writer.write(masked(b"\xff\xfe"))
        assert (await reader.read()).startswith(b"\x88\x02\x03\xef")
        writer.close()


async def test_headers_over_32_kib_are_refused(upstream: Upstream) -> None:
    async with sharing(upstream) as address:
        for size in (33_000, 70_000):
            request = b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Big: " + b"x" * size + b"\r\n\r\n"
            assert (await raw(address, request)).startswith(b"HTTP/1.1 431 ")
        many = b"".join(b"X-%d: y\r\n" % number for number in range(5_000))
        assert (await raw(address, b"GET /livez HTTP/1.1\r\n" + many + b"\r\n")).startswith(b"HTTP/1.1 431 ")
        assert (await raw(address, b"GET /" + b"x" * 40_000)).startswith(b"HTTP/1.1 431 ")


async def test_what_is_not_http_gets_400(upstream: Upstream) -> None:
    async with sharing(upstream) as address:
        assert (await raw(address, b"SSH-2.0-OpenSSH\r\n\r\n")).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize("start", [b"", b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: "])
async def test_a_handshake_that_takes_too_long_is_cut(upstream: Upstream, start: bytes) -> None:
    async with sharing(upstream, handshake_timeout=0.2) as address:
        assert await raw(address, start) == b""


@pytest.mark.parametrize("again", [b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\n", b"\r\n"])
async def test_a_second_request_on_a_connection_has_a_clock_of_its_own(upstream: Upstream, again: bytes) -> None:
    async with sharing(upstream, handshake_timeout=1) as address:
        first = b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
        assert await raw(address, first, b'{"status":"ok"}', again) == b""


async def test_a_connection_whose_answer_came_before_a_body_that_never_ends_is_cut(upstream: Upstream) -> None:
    async with sharing(upstream, handshake_timeout=1) as address:
        head = b"POST /models HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 3\r\n\r\n{"
        assert await raw(address, head, b'"text":""}', b"}") == b""


async def test_a_body_that_takes_too_long_is_cut(upstream: Upstream) -> None:
    head = b"POST /chat HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{"
    async with sharing(upstream, handshake_timeout=0.2) as address:
        assert await raw(address, head) == b""


async def test_a_header_that_never_ends_is_refused(upstream: Upstream) -> None:
    async with sharing(upstream) as address:
        answer = await raw(address, b"GET /livez HTTP/1.1\r\nX-Endless: " + b"x" * 200_000)
        assert answer == b"" or answer.startswith(b"HTTP/1.1 431 ")


async def test_a_handshake_that_the_library_refuses_is_answered(upstream: Upstream) -> None:
    handshake = (
        b"GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    )
    many = b"".join(b"X-%d: y\r\n" % number for number in range(200))
    async with sharing(upstream) as address:
        assert (await raw(address, handshake + many + b"\r\n")).startswith(b"HTTP/1.1 4")


@pytest.mark.parametrize(
    "target, header",
    [(b"/ws", b"Content-Length: 1"), (b"/ws", b"Transfer-Encoding: chunked"), (b"/ws\xc3\xa4", b"X-Nothing: x")],
    ids=["a body", "a body in chunks", "a target that is not ASCII"],
)
async def test_a_handshake_with_a_body_or_another_target_is_refused(
    upstream: Upstream, target: bytes, header: bytes
) -> None:
    request = b"GET %b HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n%b\r\n"
    key = b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    async with sharing(upstream) as address:
        assert (await raw(address, request % (target, header) + key)).startswith(b"HTTP/1.1 400 ")


async def test_a_message_in_too_many_pieces_closes_the_socket_with_1009(upstream: Upstream) -> None:
    async with sharing(upstream) as address:
        reader, writer = await raw_socket(address)
        writer.write(b"\x01\x80\0\0\0\0" + b"\x00\x80\0\0\0\0" * 2_000)
        assert (await reader.read(4)) == b"\x88\x14\x03\xf1"
        writer.close()


async def test_a_flood_with_a_close_behind_it_is_no_bug(upstream: Upstream, log: Log) -> None:
    async with sharing(upstream, max_frames_per_second=1) as address:
        reader, writer = await raw_socket(address)
        writer.write(masked(b'{"type": "cancel", "id": "x"}') * 50 + b"\x88\x82\0\0\0\0\x03\xe8")
        await reader.read()
        writer.close()
    assert not [line for line in log.lines if line["event"] == "bug"]


async def test_a_socket_outlives_the_handshake_timeout(upstream: Upstream) -> None:
    async with sharing(upstream, handshake_timeout=1) as address, connected(address) as client:
        await asyncio.sleep(1.2)
        assert text_of(await client.ask()) == "Hello world"


@pytest.mark.parametrize(
    "frames",
    [b"\x89\x80\0\0\0\0", b"\x8a\x80\0\0\0\0", b"\x81\x82\0\0\0\0{}", b"\x01\x80\0\0\0\0\x80\x80\0\0\0\0"],
    ids=["pings", "pongs", "messages", "pieces"],
)
async def test_a_flood_of_any_frames_ends_its_socket_and_starves_nobody(upstream: Upstream, frames: bytes) -> None:
    upstream.plays(says_and_is_silent("Hello"))
    async with running_over(upstream) as server:
        reader, writer = await raw_socket(server.address)
        with suppress(ConnectionError):
            for _ in range(20):
                writer.write(frames * 50_000)
                await asyncio.wait_for(writer.drain(), AT_ONCE)
        async with connected(server.address) as client:
            await client.chat()
            assert (await asyncio.wait_for(client.receive(), AT_ONCE))["text"] == "Hello"
        with suppress(ConnectionError):
            assert b"\x88\x11\x03\xf0too many frames" in await asyncio.wait_for(reader.read(), AT_ONCE)
        writer.close()


async def test_trailers_are_bounded_as_headers_are(upstream: Upstream) -> None:
    head = b"POST /chat HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n"
    head += b"Content-Type: application/json\r\n\r\n"
    async with sharing(upstream) as address:
        for trailers in (b"X-Endless: " + b"x" * 200_000, b"X-Many: y\r\n" * 20_000):
            answer = await raw(address, head + b"1\r\n \r\n0\r\n" + trailers)
            assert answer == b"" or answer.startswith(b"HTTP/1.1 431 ")
