"""Each bound, pushed through while a neighbour listens to an answer: it must not notice."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import NamedTuple

import pytest
from support.client import Client, connected, masked, raw_socket
from support.serving import serving
from support.transports import ask_rest, ask_socket, ask_sse, listening
from support.upstream import AT_ONCE, Exchange, Upstream, floods, says, says_and_is_silent, until_blocked
from websockets.exceptions import ConnectionClosed, InvalidStatus

ALPHABET = "abcdefghijklmnopqrstuvwxyz"
MANY = 50
SECONDS = 5
"""Between two pieces of the neighbour's answer, which are sent two milliseconds apart: the machine may be busy."""


class Neighbour:
    """A client in the middle of an answer that says the alphabet, over and over, until it may end."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.received = ""
        self.arrived = asyncio.Event()
        self.may_end = asyncio.Event()

    async def says_alphabets(self, exchange: Exchange) -> None:
        await exchange.start()
        while not self.may_end.is_set():
            for letter in ALPHABET:
                await exchange.text(letter)
                await asyncio.sleep(0.002)
        await exchange.text("", finish="STOP", usage={"promptTokenCount": 3, "totalTokenCount": 5})
        await exchange.finish()

    async def listen(self) -> str:
        """Listen to the end; return how it ended. No piece may be long after the last one."""
        while True:
            frame = await asyncio.wait_for(self.client.receive(), SECONDS)
            if frame["type"] != "delta":
                return str(frame.get("finish_reason"))
            self.received += frame["text"]
            self.arrived.set()

    async def receives_more(self) -> None:
        """Wait for ten more letters."""
        wanted = len(self.received) + 10
        while len(self.received) < wanted:
            self.arrived.clear()
            await asyncio.wait_for(self.arrived.wait(), SECONDS)


@asynccontextmanager
async def neighbour_of(upstream: Upstream, **settings: object) -> AsyncIterator[str]:
    """Serve, and hold a neighbour to what it was promised."""
    async with serving(upstream, **settings) as address, connected(address) as client:
        neighbour = Neighbour(client)
        others = upstream.scripts
        upstream.plays(neighbour.says_alphabets, *others)
        await client.chat("speak", id="neighbour")
        hearing = asyncio.create_task(neighbour.listen())
        try:
            await neighbour.receives_more()
            yield address
            await neighbour.receives_more()
            neighbour.may_end.set()
            assert await hearing == "stop"
            assert neighbour.received == ALPHABET * (len(neighbour.received) // len(ALPHABET))
        finally:
            hearing.cancel()


async def sends_huge_frames(address: str, _upstream: Upstream) -> None:
    async with connected(address) as client:
        with suppress(ConnectionClosed):
            await client.socket.send("x" * 5_000_000)
        assert await client.until_closed() == 1009


async def says_too_much(address: str, _upstream: Upstream) -> None:
    for ask in (ask_socket, ask_sse, ask_rest):
        [refusal] = await ask(address, "x" * 101)
        assert (refusal["code"], refusal["field"]) == ("message_too_large", "message")
        [refusal] = await ask(address, history=[{"role": "user", "text": "x" * 201}])
        assert (refusal["code"], refusal["field"]) == ("message_too_large", "history")


async def starts_many_turns(address: str, upstream: Upstream) -> None:
    upstream.scripts[-1] = says_and_is_silent("Hello")
    async with connected(address) as client:
        for number in range(MANY):
            await client.chat(id=f"t{number}")
        refused = [await client.until_end() for _ in range(MANY - 2)]
        assert {frames[-1]["code"] for frames in refused} == {"too_many_turns"}
        await client.send(type="cancel")
        assert {(await client.until_end())[-1]["finish_reason"] for _ in range(2)} == {"cancelled"}


async def fills_the_server(address: str, upstream: Upstream) -> None:
    upstream.scripts[-1] = says_and_is_silent("Hello")
    async with connected(address) as client:
        await client.chat(id="last")
        await client.receive()
        for _ in range(MANY):
            await client.chat(id="more")
            [refusal] = await client.until_end("more")
            assert refusal["code"] == "overloaded"
            assert 0.5 <= refusal["retry_after"] <= 1.5  # spread
        for ask in (ask_sse, ask_rest):
            [refusal] = await ask(address)
            assert (refusal["code"], refusal["status"]) == ("overloaded", 503)


async def opens_many_sockets(address: str, _upstream: Upstream) -> None:
    async with connected(address):
        for _ in range(MANY):
            assert await refused_with(address) == 503


async def knocks_often(address: str, _upstream: Upstream) -> None:
    async with connected(address):
        for _ in range(MANY):
            assert await refused_with(address) == 429


async def refused_with(address: str) -> int:
    """The status with which a handshake is refused."""
    with pytest.raises(InvalidStatus) as refused:
        await ask_socket(address)
    return refused.value.response.status_code


async def remembers_much(address: str, upstream: Upstream) -> None:
    upstream.scripts[-1] = says("x" * 10_000)
    async with connected(address) as first, connected(address) as second:
        for client in (first, second):
            for _ in range(MANY // 5):
                await client.ask()
        await first.ask("what did I say?", id="t1")
        assert upstream.exchanges[-1].texts[-1] == "what did I say?"
        assert sum(map(len, upstream.exchanges[-1].texts)) < 50_000


async def floods_with_frames(address: str, _upstream: Upstream) -> None:
    async with connected(address) as client:
        with suppress(ConnectionClosed):
            for _ in range(10 * MANY):
                await client.send(type="cancel", id="nothing")
        assert await client.until_closed() == 1008


async def shakes_hands_slowly(address: str, _upstream: Upstream) -> None:
    host, _, port = address.partition(":")
    head = b" HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 9\r\n"
    starts = [b"", b"GET /ws" + head + b"X-Slow:", b"POST /chat" + head + b"\r\n{"]
    connections = [await asyncio.open_connection(host, int(port)) for _ in range(MANY)]
    for number, (_, writer) in enumerate(connections):
        writer.write(starts[number % len(starts)])
    for reader, writer in connections:
        with suppress(ConnectionError):
            assert await asyncio.wait_for(reader.read(), AT_ONCE) == b""
        writer.close()


async def sends_huge_headers(address: str, _upstream: Upstream) -> None:
    host, _, port = address.partition(":")
    for path in (b"/ws", b"/chat", b"/livez"):
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"GET " + path + b" HTTP/1.1\r\nHost: x\r\nX-Big: " + b"x" * 65_536 + b"\r\n\r\n")
        assert (await reader.read()).startswith(b"HTTP/1.1 431 ")
        writer.close()


async def falls_asleep(address: str, _upstream: Upstream) -> None:
    async with connected(address) as client:
        assert await client.until_closed() == 1001


async def does_not_read(address: str, upstream: Upstream) -> None:
    upstream.scripts[-1] = floods
    _, socket = await raw_socket(address, limit=1)
    socket.write(masked(b'{"type": "chat", "message": "hi"}'))
    stream = await listening(address, "/chat/stream")
    for number in (2, 3):
        await until_blocked(await upstream.wait_for_request(number))
    for number in (2, 3):
        await upstream.exchanges[number - 1].closes()
    socket.close()
    stream.close()


class Push(NamedTuple):
    """A push over a bound."""

    push: Callable[[str, Upstream], Awaitable[None]]
    settings: dict[str, float]


PUSHES = {
    "MAX_FRAME_BYTES": Push(sends_huge_frames, {"max_frame_bytes": 10_000}),
    "MAX_MESSAGE_CHARS": Push(says_too_much, {"max_message_chars": 100, "max_history_chars": 200}),
    "MAX_TURNS_PER_SOCKET": Push(starts_many_turns, {"max_turns_per_socket": 2}),
    "MAX_TURNS": Push(fills_the_server, {"max_turns": 2}),
    "MAX_SOCKETS": Push(opens_many_sockets, {"max_sockets": 2}),
    "MAX_MEMORY_BYTES": Push(remembers_much, {"max_memory_bytes": 100_000}),
    "MAX_FRAMES_PER_SECOND": Push(floods_with_frames, {"max_frames_per_second": 10}),
    "MAX_HANDSHAKES_PER_MINUTE": Push(knocks_often, {"max_handshakes_per_minute": 2}),
    "HANDSHAKE_TIMEOUT": Push(shakes_hands_slowly, {"handshake_timeout": 1}),
    "headers": Push(sends_huge_headers, {}),
    "IDLE_TIMEOUT": Push(falls_asleep, {"idle_timeout": 0.2}),
    "SEND_TIMEOUT": Push(does_not_read, {"send_timeout": 0.2}),
}


@pytest.mark.parametrize("bound", PUSHES)
async def test_pushing_through_a_bound_disturbs_no_neighbour(upstream: Upstream, bound: str) -> None:
    push, settings = PUSHES[bound]
    async with neighbour_of(upstream, **{"max_handshakes_per_minute": 1_000, **settings}) as address:
        await push(address, upstream)
