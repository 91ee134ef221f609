"""The bounds of a handshake and of a frame, and how a socket ends beyond them."""

import asyncio
from contextlib import suppress

import pytest
from support.client import connected, masked, raw_socket, text_of
from support.serving import serving
from support.upstream import Upstream, says_and_is_silent
from websockets.exceptions import ConnectionClosed


async def test_a_frame_over_its_bound_closes_the_socket_with_1009(upstream: Upstream) -> None:
    upstream.plays(says_and_is_silent("Hello"))
    async with serving(upstream, max_frame_bytes=10_000) as address, connected(address) as client:
        await client.chat()
        await client.receive()
        with suppress(ConnectionClosed):
            await client.socket.send("x" * 5_000_000)
        assert await client.until_closed() == 1009
        await asyncio.wait_for(upstream.exchanges[0].closed.wait(), 1)


async def test_a_frame_within_its_bound_is_read(upstream: Upstream) -> None:
    async with serving(upstream, max_frame_bytes=10_000) as address, connected(address) as client:
        assert text_of(await client.ask("x" * 9_000)) == "Hello world"


async def raw(address: str, data: bytes) -> bytes:
    """What the server answers to these bytes until it closes."""
    host, _, port = address.partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(data)
    try:
        async with asyncio.timeout(5):
            return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.close()


async def test_text_that_is_not_utf_8_closes_the_socket_with_1007(upstream: Upstream) -> None:
    async with serving(upstream) as address:
        reader, writer = await raw_socket(address)
        writer.write(masked(b"\xff\xfe"))
        assert (await reader.read()).startswith(b"\x88\x02\x03\xef")
        writer.close()


async def test_headers_over_32_kib_are_refused(upstream: Upstream) -> None:
    async with serving(upstream) as address:
        for size in (33_000, 70_000):
            request = b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Big: " + b"x" * size + b"\r\n\r\n"
            assert (await raw(address, request)).startswith(b"HTTP/1.1 431 ")
        many = b"".join(b"X-%d: y\r\n" % number for number in range(5_000))
        assert (await raw(address, b"GET /livez HTTP/1.1\r\n" + many + b"\r\n")).startswith(b"HTTP/1.1 431 ")
        assert (await raw(address, b"GET /" + b"x" * 40_000)).startswith(b"HTTP/1.1 431 ")


async def test_what_is_not_http_gets_400(upstream: Upstream) -> None:
    async with serving(upstream) as address:
        assert (await raw(address, b"SSH-2.0-OpenSSH\r\n\r\n")).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize("start", [b"", b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: "])
async def test_a_handshake_that_takes_too_long_is_cut(upstream: Upstream, start: bytes) -> None:
    async with serving(upstream, handshake_timeout=0.2) as address:
        assert await raw(address, start) == b""


async def test_a_second_request_on_a_connection_has_a_clock_of_its_own(upstream: Upstream) -> None:
    get = b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    async with serving(upstream, handshake_timeout=0.3) as address:
        assert (await raw(address, get + b"\r\n" + get)).count(b"HTTP/1.1 200") == 1


async def test_a_socket_outlives_the_handshake_timeout(upstream: Upstream) -> None:
    async with serving(upstream, handshake_timeout=0.2) as address, connected(address) as client:
        await asyncio.sleep(0.4)
        assert text_of(await client.ask()) == "Hello world"
