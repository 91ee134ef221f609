"""Behind a real nginx and a real Caddy that run the files of deploy/."""

import asyncio
import json
import re
import signal
import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import pytest
from support.process import running_over
from support.proxies import Front, Proxy, caddy, nginx
from support.proxy import TcpProxy
from support.serving import serving, sharing
from support.upstream import AT_ONCE, Exchange, Upstream, says_and_is_silent, says_when
from websockets.exceptions import ConnectionClosed, InvalidStatus

from deltawire.config.settings import Settings

either = pytest.mark.parametrize("proxy", [nginx, caddy])


async def begins_on_a_socket(front: Front) -> None:
    async with front.connected() as client:
        await client.chat()
        assert (await client.receive())["text"] == "Hello"


async def begins_in_a_stream(front: Front) -> None:
    listener = await front.listening("/chat/stream")
    await listener.reads_until(b"Hello")
    listener.drop()


@either
@pytest.mark.parametrize("begins", [begins_on_a_socket, begins_in_a_stream])
async def test_the_first_word_is_not_held_up(
    upstream: Upstream,
    tmp_path: Path,
    free_port: int,
    proxy: Proxy,
    begins: Callable[[Front], Awaitable[None]],
) -> None:
    upstream.plays(says_and_is_silent("Hello"))
    async with sharing(upstream, token_timeout=60) as address, proxy(tmp_path, free_port, address) as front:
        async with asyncio.timeout(AT_ONCE):  # a proxy that gathers words holds it up until the answer ends
            await begins(front)


async def leave_a_socket(front: Front, wait_for_request: Callable[[], Awaitable[Exchange]]) -> Exchange:
    async with front.connected() as client:
        await client.chat()
        exchange = await wait_for_request()
        await client.receive()
        client.socket.transport.abort()
        return exchange


async def leave_a_stream(front: Front, wait_for_request: Callable[[], Awaitable[Exchange]]) -> Exchange:
    listener = await front.listening("/chat/stream")
    exchange = await wait_for_request()
    await listener.reads_until(b"Hello")
    listener.drop()
    return exchange


async def leave_a_request(front: Front, wait_for_request: Callable[[], Awaitable[Exchange]]) -> Exchange:
    listener = await front.listening("/chat")
    exchange = await wait_for_request()
    listener.drop()
    return exchange


@either
@pytest.mark.parametrize("leave", [leave_a_socket, leave_a_stream, leave_a_request])
async def test_a_hang_up_closes_the_upstream(
    upstream: Upstream,
    tmp_path: Path,
    free_port: int,
    proxy: Proxy,
    leave: Callable[[Front, Callable[[], Awaitable[Exchange]]], Awaitable[Exchange]],
) -> None:
    upstream.plays(says_and_is_silent("Hello"))
    async with sharing(upstream) as address, proxy(tmp_path, free_port, address) as front:
        exchange = await leave(front, upstream.wait_for_request)
        await exchange.closes()
    assert len(upstream.exchanges) == 1


NGINX_TIMES_OUT = {"proxy_read_timeout 60s": "proxy_read_timeout 2s"}


async def test_pings_keep_an_idle_socket_open_beyond_the_timeout_of_nginx(
    upstream: Upstream, tmp_path: Path, free_port: int
) -> None:
    async with (
        sharing(upstream, ping_interval=0.3) as address,
        nginx(tmp_path, free_port, address, changes=NGINX_TIMES_OUT) as front,
        front.connected(ping_interval=None) as client,
    ):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(client.receive(), 3.5)
        assert (await client.ask())[-1]["type"] == "usage"


async def test_without_pings_nginx_would_cut_an_idle_socket(upstream: Upstream, tmp_path: Path, free_port: int) -> None:
    async with (
        sharing(upstream, ping_interval=60) as address,
        nginx(tmp_path, free_port, address, changes=NGINX_TIMES_OUT) as front,
        front.connected(ping_interval=None) as client,
    ):
        with pytest.raises(ConnectionClosed):
            await client.receive()


@pytest.mark.filterwarnings("ignore:Sending a large body:ResourceWarning")  # aiohttp's advice to whoever calls it
@either
async def test_the_largest_frame_and_the_largest_body_pass(
    upstream: Upstream, tmp_path: Path, free_port: int, proxy: Proxy
) -> None:
    message = "x" * (4 * 2**20 - 100)
    async with (
        sharing(upstream, max_message_chars=len(message), max_history_chars=len(message)) as address,
        proxy(tmp_path, free_port, address) as front,
    ):
        async with front.connected() as client:
            assert (await client.ask(message))[-1]["type"] == "usage"
        listener = await front.listening("/chat", message)
        await listener.reads_until(b'"finish_reason":"stop"')
        listener.drop()
    assert [exchange.texts[-1] == message for exchange in upstream.exchanges] == [True, True]


@either
async def test_a_page_behind_it_is_of_the_servers_own_origin(
    upstream: Upstream, tmp_path: Path, free_port: int, proxy: Proxy
) -> None:
    async with sharing(upstream) as address, proxy(tmp_path, free_port, address) as front:
        async with front.connected(origin=front.origin) as client:
            assert (await client.ask())[-1]["type"] == "usage"
        with pytest.raises(InvalidStatus):
            async with front.connected(origin="https://elsewhere.example"):
                pass


@either
async def test_each_client_has_its_own_bound_on_handshakes_whatever_it_says_of_itself(
    upstream: Upstream, tmp_path: Path, free_port: int, proxy: Proxy
) -> None:
    settings = {"trusted_proxies": "127.0.0.1", "max_handshakes_per_minute": 1}

    async def knocks(front: Front, address: str, **headers: str) -> int:
        try:
            async with front.connected(local_addr=(address, 0), additional_headers=headers):
                return 101
        except InvalidStatus as refused:
            return refused.response.status_code

    async with serving(upstream, **settings) as server, proxy(tmp_path, free_port, server) as front:
        assert await knocks(front, "127.0.0.2") == 101
        assert await knocks(front, "127.0.0.2", **{"X-Forwarded-For": "192.0.2.1"}) == 429
        assert await knocks(front, "127.0.0.3") == 101


@either
async def test_a_client_cannot_say_by_which_name_it_asked(
    upstream: Upstream, tmp_path: Path, free_port: int, proxy: Proxy
) -> None:
    async with (
        sharing(upstream, trusted_proxies="127.0.0.1") as server,
        proxy(tmp_path, free_port, server) as front,
        front.session() as session,
        session.get("/models", headers={"X-Forwarded-Host": "evil.example"}) as response,
    ):
        assert response.status == 200


@either
async def test_an_answer_that_runs_when_the_server_stops_comes_whole_through_it(
    upstream: Upstream, tmp_path: Path, free_port: int, proxy: Proxy
) -> None:
    released = asyncio.Event()
    upstream.plays(says_when(released))
    async with (
        running_over(upstream) as server,
        proxy(tmp_path, free_port, server.address) as front,
        front.connected() as client,
    ):
        stream = await front.listening("/chat/stream")
        await stream.reads_until(b"Hello")
        await client.chat()
        await client.receive()
        server.process.send_signal(signal.SIGTERM)
        await server.wait_for_output('"draining"')
        released.set()
        assert (await client.until_end())[-1]["type"] == "usage"
        assert await client.until_closed() == 1012
        await stream.reads_until(b"event: usage")
        stream.drop()
        assert await server.wait() == 0
        assert server.drained == (2, 0, 0)


async def h2c(address: str, tls: ssl.SSLContext | None, requests: int) -> list[tuple[bytes, dict[str, object]]]:
    """The statuses and bodies of requests on one connection that each offer HTTP/2, as Java's client and curl do."""
    host, _, port = address.partition(":")
    reader, writer = await asyncio.open_connection(host, int(port), ssl=tls)
    body = b'{"message": "hi"}'
    lines = [
        b"POST /chat HTTP/1.1",
        b"Host: " + address.encode(),
        b"Content-Type: application/json",
        b"Content-Length: %d" % len(body),
        b"Connection: Upgrade, HTTP2-Settings",
        b"Upgrade: h2c",
        b"HTTP2-Settings: AAMAAABkAAQAAP__",
    ]
    answers = []
    for _ in range(requests):
        writer.write(b"\r\n".join([*lines, b"", body]))
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        [length] = re.findall(rb"content-length: (\d+)", head)
        answers.append((head.split()[1], json.loads(await reader.readexactly(int(length)))))
    writer.close()
    return answers


@either
async def test_an_offer_of_http_2_is_ignored(upstream: Upstream, tmp_path: Path, free_port: int, proxy: Proxy) -> None:
    async with sharing(upstream) as address, proxy(tmp_path, free_port, address) as front:
        answers = await h2c(front.address, front.tls, 2)
    assert [(status, answer["text"]) for status, answer in answers] == [(b"200", "Hello world")] * 2


UVICORNS_KEEP_ALIVE = 5.0


@pytest.mark.parametrize(
    "settings, status", [({"keep_alive_timeout": "0.2"}, 502), ({}, 405)], ids=["shorter than the proxy's", "default"]
)
async def test_a_server_that_keeps_connections_for_longer_than_its_proxy_leaves_no_request_without_an_answer(
    upstream: Upstream, tmp_path: Path, free_port: int, settings: dict[str, str], status: int
) -> None:
    async with (
        serving(upstream, **settings) as address,
        TcpProxy(address, late=True) as tcp_proxy,
        caddy(tmp_path, free_port, tcp_proxy.address) as front,
        front.session() as session,
    ):
        # Caddy would try a GET once more. That the server refuses this does not matter, as long as it is heard.
        async with session.post("/models") as response:
            assert response.status == 405
        with suppress(TimeoutError):
            await asyncio.wait_for(tcp_proxy.server_closed.wait(), UVICORNS_KEEP_ALIVE + 1)
        async with session.post("/models") as response:
            assert response.status == status


async def test_caddy_passes_turns_on_that_need_no_database_when_it_is_away(
    upstream: Upstream, tmp_path: Path, free_port: int
) -> None:
    nobody = f"postgresql://nobody@127.0.0.1:{free_port + 1}/none"
    often = {"health_interval 1s": "health_interval 20ms"}
    async with (
        serving(upstream, database_url=nobody) as address,
        caddy(tmp_path, free_port, address, changes=often) as front,
        front.session() as session,
    ):
        async with session.get("/readyz") as response:
            assert (response.status, (await response.json())["code"]) == (503, "store_unavailable")
        for _ in range(10):
            async with session.post("/chat", json={"message": "hi"}) as response:
                assert response.status == 200
            await asyncio.sleep(0.02)  # for its next look


@either
async def test_a_file_of_any_size_that_is_taken_comes_through(
    upstream: Upstream, tmp_path: Path, free_port: int, proxy: Proxy
) -> None:
    most = Settings.model_fields["max_file_bytes"].default
    async with (
        sharing(upstream) as address,
        proxy(tmp_path, free_port, address) as front,
        front.session() as session,
    ):
        async with session.post("/files", data=BytesIO(b"a" * most)) as response:
            assert (response.status, (await response.json())["size"]) == (201, most)
        async with session.post("/files", data=BytesIO(b"a" * (most + 1))) as response:
            assert (response.status, (await response.json())["code"]) == (413, "message_too_large")


@either
async def test_refusals_take_no_replica_away_from_the_others(
    upstream: Upstream, tmp_path: Path, free_port: int, proxy: Proxy
) -> None:
    async with (
        serving(upstream, max_sockets=1) as first,
        serving(upstream, max_sockets=1) as second,
        proxy(tmp_path, free_port, first, second) as front,
        front.connected() as client,
        front.connected(),
    ):
        for _ in range(3):
            with pytest.raises(InvalidStatus, match="503"):
                async with front.connected():
                    pass
        async with front.session() as session:
            for _ in range(3):
                async with session.post("/chat", json={"message": "hi"}) as response:
                    assert response.status == 200
        assert (await client.ask())[-1]["type"] == "usage"
