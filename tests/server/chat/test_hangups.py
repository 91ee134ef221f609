"""A hang-up closes the upstream at once, whatever the turn was doing; watched from the upstream's side."""

import asyncio
import gc
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import pytest
import trustme
from support.client import Client, connected, masked, raw_socket
from support.functions import TOOLS
from support.log import Log
from support.openai_wire import FORMS
from support.phases import PHASES, SOCKET_PHASES, THINKS
from support.process import running_over
from support.serving import serving, sharing
from support.transports import Listener, ask_rest, ask_sse, listening
from support.upstream import (
    AT_ONCE,
    Script,
    Upstream,
    floods,
    is_silent,
    says_and_is_silent,
    says_when,
    until_blocked,
)

from deltawire.gemini.stream import GeminiStream


async def no_more_tasks_than(before: "set[asyncio.Task[Any]]", upstream: Upstream) -> None:
    """Wait until nothing runs that did not run before, but what the upstream runs itself."""
    async with asyncio.timeout(AT_ONCE):
        while left := asyncio.all_tasks() - before - upstream._tasks:
            await asyncio.wait(left)


async def close_frame(client: Client) -> None:
    await client.socket.close()


async def tcp_reset(client: Client) -> None:
    connection = client.socket.transport.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.socket.transport.abort()


async def half_close(client: Client) -> None:
    client.socket.transport.write_eof()


async def cancel_frame(client: Client) -> None:
    await client.send(type="cancel", id="t1")


DEPARTURES: dict[str, tuple[Callable[[Client], Awaitable[None]], str]] = {
    "a close frame": (close_frame, "client_gone"),
    "a FIN without a close frame": (half_close, "client_gone"),
    "a TCP reset": (tcp_reset, "client_gone"),
    "a cancel frame": (cancel_frame, "user_cancel"),
}


@pytest.mark.parametrize("departure", DEPARTURES)
@pytest.mark.parametrize("phase", SOCKET_PHASES)
async def test_leaving_closes_the_upstream(upstream: Upstream, log: Log, phase: str, departure: str) -> None:
    upstream.plays(SOCKET_PHASES[phase])
    leave, name = DEPARTURES[departure]
    async with sharing(upstream, retry_max_delay=30, retries=9) as address:
        before = asyncio.all_tasks()
        async with connected(address, close_timeout=0.1, max_queue=1, ping_interval=None) as client:
            await client.chat(id="t1", tools=TOOLS if phase == THINKS else [])
            exchange = await upstream.wait_for_request()
            if phase == "between tokens":
                assert (await client.receive())["text"] == "Hello"
            elif phase == THINKS:
                assert (await client.receive())["type"] == "tool_call"
                await exchange.closes()
            elif phase == "blocked in a send":
                await until_blocked(exchange)
            elif phase == "in a retry's back-off":
                await exchange.closes()
            await leave(client)
            await exchange.closes()
            if name == "user_cancel" and phase != "blocked in a send":
                assert (await client.until_end("t1"))[-1]["finish_reason"] == "cancelled"
        line = await log.line("turn_ended")
        requests = len(upstream.exchanges)
    assert (line["end"], line["reason"]) == ("cancelled", name)
    assert requests == len(upstream.exchanges) == 1
    await no_more_tasks_than(before, upstream)


LEAVING: dict[str, Callable[[Listener], None]] = {
    "closes": Listener.close,
    "closes its half": Listener.close_half,
    "is reset": Listener.reset,
}


HTTP_PATHS = ["/chat", "/chat/stream", *FORMS]
WHOLE = ["/chat", *(name for name, form in FORMS.items() if not form.stream)]
"""The paths whose answer is sent when the upstream is done."""
HTTP_CELLS = [
    (phase, path)
    for phase in PHASES
    for path in HTTP_PATHS
    if phase != "blocked in a send" or path not in WHOLE  # a whole answer is sent when the turn is over
]


@pytest.mark.parametrize("leave", LEAVING)
@pytest.mark.parametrize("phase, path", HTTP_CELLS)
async def test_leaving_a_request_closes_the_upstream(
    upstream: Upstream, log: Log, phase: str, path: str, leave: str
) -> None:
    upstream.plays(PHASES[phase])
    async with sharing(upstream, retry_max_delay=30, retries=9) as address:
        before = asyncio.all_tasks()
        listener = await listening(address, path)
        exchange = await upstream.wait_for_request()
        if phase == "between tokens" and path not in WHOLE:
            await listener.reads_until(b"Hello")
        elif phase == "blocked in a send":
            await until_blocked(exchange)
        elif phase == "in a retry's back-off":
            await exchange.closes()
        LEAVING[leave](listener)
        await exchange.closes()
        line = await log.line("turn_ended")
        listener.close()
    assert (line["end"], line["reason"]) == ("cancelled", "client_gone")
    assert len(upstream.exchanges) == 1
    await no_more_tasks_than(before, upstream)


@pytest.mark.parametrize("path", ["/chat/stream", *(name for name, form in FORMS.items() if form.stream)])
async def test_a_stream_that_is_read_too_slowly_is_cut(upstream: Upstream, log: Log, path: str) -> None:
    upstream.plays(floods)
    async with sharing(upstream, send_timeout=0.3) as address:
        listener = await listening(address, path)
        exchange = await upstream.wait_for_request()
        await exchange.closes()
        assert (await log.line("turn_ended"))["reason"] == "slow_client"
        with suppress(ConnectionError):
            while await listener.reader.read(2**20):
                pass
        listener.close()


async def test_a_client_that_leaves_before_its_question_is_whole_asks_nothing(upstream: Upstream, log: Log) -> None:
    async with sharing(upstream) as address:
        host, _, port = address.partition(":")
        _, writer = await asyncio.open_connection(host, int(port))
        head = f"POST /chat HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n"
        writer.write(head.encode() + b'{"message": "h')
        await writer.drain()
        writer.close()
        assert (await ask_rest(address))[-1]["type"] == "usage"
    assert len(upstream.exchanges) == 1
    assert not [line for line in log.lines if line["event"] == "bug"]


async def test_a_turn_cancelled_while_its_client_does_not_read_still_ends_in_usage(upstream: Upstream) -> None:
    upstream.plays(floods)
    async with sharing(upstream) as address, connected(address, max_queue=1) as client:
        await client.chat(id="t1")
        exchange = await upstream.wait_for_request()
        await until_blocked(exchange)
        await client.send(type="cancel", id="t1")
        await exchange.closes()
        assert (await client.until_end("t1"))[-1]["finish_reason"] == "cancelled"


async def test_a_client_that_reads_too_slowly_is_ended_and_its_neighbour_is_not(upstream: Upstream, log: Log) -> None:
    released = asyncio.Event()
    upstream.plays(floods, says_when(released))
    async with (
        sharing(upstream, send_timeout=0.3) as address,
        connected(address, max_queue=1, close_timeout=0.1) as slow,
        connected(address) as neighbour,
    ):
        await slow.chat(id="t1")
        exchange = await upstream.wait_for_request()
        await until_blocked(exchange)
        await neighbour.chat(id="t2")
        assert (await neighbour.receive())["text"] == "Hello"
        await exchange.closes()
        await slow.until_closed()
        released.set()
        assert (await neighbour.until_end("t2"))[-1]["finish_reason"] == "stop"
    line = await log.line("turn_ended", turn="t1")
    assert (line["end"], line["reason"]) == ("cancelled", "slow_client")


@pytest.mark.parametrize("script", [says_and_is_silent("Hello"), floods], ids=["reading", "not reading"])
async def test_a_half_open_peer_is_dropped_after_a_ping_and_its_timeout(upstream: Upstream, script: Script) -> None:
    upstream.plays(script)
    async with sharing(upstream, ping_interval=0.2, ping_timeout=0.2) as address:
        _, writer = await raw_socket(address, limit=1)
        writer.write(masked(b'{"type": "chat", "message": "hi"}'))
        exchange = await upstream.wait_for_request()
        await exchange.closes()
        writer.close()


async def test_pings_of_a_client_that_does_not_read_do_not_pile_up(upstream: Upstream) -> None:
    upstream.plays(floods)
    async with sharing(upstream) as address:
        _, writer = await raw_socket(address, limit=1)
        writer.write(masked(b'{"type": "chat", "message": "hi"}'))
        exchange = await upstream.wait_for_request()
        await until_blocked(exchange)
        for _ in range(1000):
            writer.write(b"\x89\xfd" + bytes(4) + b"p" * 125)
        await writer.drain()
        writer.close()
        await exchange.closes()


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.mark.parametrize("phase", ["before headers", "before the first token", "between tokens"])
async def test_leaving_closes_an_upstream_over_tls_that_does_not_read(
    authority: trustme.CA, monkeypatch: pytest.MonkeyPatch, phase: str
) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with authority.cert_pem.tempfile() as certificate:
        monkeypatch.setenv("SSL_CERT_FILE", certificate)
        async with Upstream(context) as upstream, serving(upstream) as address:
            upstream.plays(PHASES[phase])
            async with connected(address) as client:
                await client.chat(id="t1")
                exchange = await upstream.wait_for_request()
                if phase == "between tokens":
                    await client.receive()
                exchange.stops_reading()
                assert exchange.is_open()
            async with asyncio.timeout(AT_ONCE):
                while exchange.is_open():  # noqa: ASYNC110 - the kernel tells nobody
                    await asyncio.sleep(0.005)


@pytest.mark.filterwarnings("ignore:Sending a large body:ResourceWarning")  # aiohttp's advice to whoever calls it
async def test_leaving_while_the_question_is_still_being_sent_does_not_send_the_rest() -> None:
    question = "x" * 8_000_000
    arrived, left, over = asyncio.Event(), asyncio.Event(), asyncio.Event()
    received = 0

    async def reads_nothing_for_now(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal received
        arrived.set()
        with suppress(ConnectionError):
            await left.wait()
            while data := await reader.read(2**20):
                received += len(data)
        over.set()
        writer.close()

    upstream = Upstream()
    server = await asyncio.start_server(reads_nothing_for_now, "127.0.0.1", 0, limit=2**16)
    upstream.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    bounds = {"max_message_chars": len(question), "max_frame_bytes": 2**26}
    async with serving(upstream, **bounds) as address:
        async with connected(address) as client:
            await client.chat(question)
            await arrived.wait()
        left.set()
        await over.wait()
    server.close()
    assert received < len(question)


@pytest.mark.parametrize("goodbye", [b"\x88\x82\0\0\0\0\x03\xe8", b""], ids=["a close frame", "a FIN"])
async def test_a_goodbye_with_bytes_unread_behind_it_frees_the_socket(upstream: Upstream, goodbye: bytes) -> None:
    upstream.plays(floods)
    before = asyncio.all_tasks()
    async with serving(upstream, max_sockets=1) as address:
        for _ in range(3):
            _, writer = await raw_socket(address, limit=1)
            upstream.exchanges.clear()
            writer.write(masked(b'{"type": "chat", "message": "hi"}'))
            exchange = await upstream.wait_for_request()
            await until_blocked(exchange)
            writer.write(goodbye or b"\x8a\x80\0\0\0\0")
            if not goodbye:
                writer.write_eof()
            await exchange.closes()
            writer.close()
    await no_more_tasks_than(before, upstream)


async def test_a_request_before_the_last_is_answered_does_not_hide_a_hang_up(upstream: Upstream) -> None:
    upstream.plays(is_silent)
    async with sharing(upstream) as address:
        listener = await listening(address, "/chat")
        exchange = await upstream.wait_for_request()
        listener.writer.write(b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        await exchange.closes()
        listener.close()


async def test_a_client_that_does_not_read_costs_little_memory_and_slows_its_own_upstream(upstream: Upstream) -> None:
    upstream.plays(floods)
    clients = 8
    async with running_over(upstream) as server:
        writers = []
        before = 0
        for number in range(clients + 1):
            _, writer = await raw_socket(server.address, limit=1)
            writer.write(masked(b'{"type": "chat", "message": "hi"}'))
            await until_blocked(await upstream.wait_for_request(number + 1))
            writers.append(writer)
            before = before or server.resident_kib()  # the first one pays for what all of them share
        cost = (server.resident_kib() - before) / clients
        for writer in writers:
            writer.close()
    assert cost < 1024, f"{cost:.0f} KiB a client"


@pytest.mark.parametrize("path", ["/ws", "/chat", "/chat/stream", "/v1/responses streamed"])
async def test_a_stop_is_the_reason_of_the_turns_that_it_cuts(upstream: Upstream, log: Log, path: str) -> None:
    upstream.plays(says_and_is_silent("Hello"))
    async with serving(upstream) as address:
        if path == "/ws":
            _, writer = await raw_socket(address)
            writer.write(masked(b'{"type": "chat", "message": "hi"}'))
        else:
            writer = (await listening(address, path)).writer
        exchange = await upstream.wait_for_request()
    writer.close()
    assert (await log.line("turn_ended"))["reason"] == "drain"
    assert exchange.closed.is_set()


async def test_nothing_is_kept_of_a_turn_whose_stream_was_closed_while_it_was_read(upstream: Upstream) -> None:
    upstream.plays(says_and_is_silent("Hello"))
    async with serving(upstream, token_timeout=0.05) as address:
        for _ in range(10):
            assert (await ask_sse(address))[-1]["code"] == "upstream_timeout"
        gc.collect()
        kept = [thing for thing in gc.get_objects() if isinstance(thing, GeminiStream)]
        assert len(kept) <= 1  # the last one may be on its way out
