"""A stop, as the people who are talking meet it."""

import asyncio
import signal
from contextlib import AsyncExitStack, suppress

import aiohttp
import pytest
from support.client import Client, Frame, connected
from support.functions import call, calls
from support.process import ServerProcess, running_over
from support.transports import ask_rest, ask_socket, ask_sse, listening
from support.upstream import AT_ONCE, Exchange, Upstream, floods, says, says_and_is_silent, says_when, until_blocked
from websockets.exceptions import InvalidStatus


async def is_draining(server: ServerProcess, workers: int = 1) -> None:
    """Wait until all its workers are, and until whoever asks is told."""
    while sum(line["event"] == "draining" for line in server.lines) < workers:
        await server.wait_for_line()
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://{server.address}/readyz") as response,
    ):
        assert (response.status, (await response.json(content_type=None))["code"]) == (503, "draining")


async def talking(client: Client, turn: str = "t1") -> None:
    """Start a turn and hear its first word."""
    await client.chat(id=turn)
    assert (await client.receive())["text"] == "Hello"


async def finishes_its_turn(
    server: ServerProcess, client: Client, released: asyncio.Event, *signals: signal.Signals
) -> None:
    """Start a turn, send these signals, and let the turn end: the server stops after it, and says so."""
    await talking(client)
    for number in signals:
        server.process.send_signal(number)
    await is_draining(server)
    released.set()
    assert (await client.until_end())[-1]["type"] == "usage"
    assert await server.wait() == 0
    assert server.drained == (1, 0, 0)


async def test_running_turns_end_by_themselves_and_then_their_sockets(upstream: Upstream) -> None:
    released = asyncio.Event()
    upstream.plays(says_when(released))
    async with running_over(upstream) as server, connected(server.address) as client:
        await talking(client)
        server.process.send_signal(signal.SIGTERM)
        await is_draining(server)
        released.set()
        assert [frame["type"] for frame in await client.until_end()] == ["delta", "usage"]
        assert await client.until_closed() == 1012
        assert await server.wait() == 0
        assert server.drained == (1, 0, 0)


async def test_running_requests_end_by_themselves(upstream: Upstream) -> None:
    released = asyncio.Event()
    upstream.plays(says_when(released))
    async with running_over(upstream) as server:
        asking = [asyncio.create_task(ask(server.address)) for ask in (ask_rest, ask_sse)]
        await upstream.wait_for_request(2)
        server.process.send_signal(signal.SIGTERM)
        await is_draining(server)
        released.set()
        for answer in asking:
            assert (await answer)[-1]["type"] == "usage"
        assert await server.wait() == 0
        assert server.drained == (2, 0, 0)


async def test_idle_sockets_are_closed_at_once_while_others_go_on(upstream: Upstream) -> None:
    upstream.plays(says_and_is_silent("Hello"))
    async with running_over(upstream) as server, connected(server.address) as busy, connected(server.address) as idle:
        await talking(busy)
        server.process.send_signal(signal.SIGTERM)
        assert await idle.until_closed() == 1012
        await busy.send(type="cancel")
        assert (await busy.until_end())[-1]["finish_reason"] == "cancelled"
        assert await busy.until_closed() == 1012
        assert await server.wait() == 0


async def test_new_turns_are_refused_on_every_transport(upstream: Upstream) -> None:
    upstream.plays(says_and_is_silent("Hello"))
    async with running_over(upstream) as server, connected(server.address) as client:
        await talking(client)
        server.process.send_signal(signal.SIGTERM)
        await is_draining(server)
        await client.chat(id="t2")
        [refusal] = await client.until_end("t2")
        assert (refusal["code"], refusal["retryable"]) == ("draining", True)
        for ask in (ask_rest, ask_sse):
            [refusal] = await ask(server.address)
            assert (refusal["status"], refusal["code"]) == (503, "draining")
        with pytest.raises(InvalidStatus) as refused:
            await ask_socket(server.address)
        assert refused.value.response.status_code == 503
        assert len(upstream.exchanges) == 1


async def test_turns_that_are_late_end_in_an_error_with_what_they_cost(upstream: Upstream) -> None:
    async def never_ends(exchange: Exchange) -> None:
        await exchange.start()
        await exchange.text("Hello", usage={"promptTokenCount": 3, "totalTokenCount": 5})

    upstream.plays(never_ends)
    async with running_over(upstream, drain_timeout="0.3") as server, connected(server.address) as client:
        asking = [asyncio.create_task(ask(server.address)) for ask in (ask_rest, ask_sse)]
        await upstream.wait_for_request(2)
        await talking(client)
        server.process.send_signal(signal.SIGTERM)
        ends = [(await client.until_end())[-1], *[(await answer)[-1] for answer in asking]]
        assert await client.until_closed() == 1012
        for end in ends:
            assert (end["type"], end["code"], end["usage"]["input_tokens"]) == ("error", "draining", 3)
            assert (end["retryable"], "own cost" in end["message"]) == (False, True), "nobody pays twice by itself"
        assert await server.wait() == 0
        assert server.drained == (0, 3, 0)
        assert {(turn["end"], turn["reason"]) for turn in server.turns} == {("draining", "drain")}


async def waiting(client: Client, turn: str) -> None:
    """Start a turn, and hear the call that it waits for."""
    await client.chat(id=turn, tools=[{"name": "clock"}])
    assert (await client.receive())["type"] == "tool_call"


async def test_a_turn_that_waits_for_its_functions_takes_a_result_until_it_is_cut(upstream: Upstream) -> None:
    called = calls(call("clock", {}, named="c1", signature="s"))
    upstream.plays(called, called, says("Noon."))
    async with (
        running_over(upstream, drain_timeout="2") as server,
        connected(server.address) as one,
        connected(server.address) as other,
    ):
        await waiting(one, "t1")
        await waiting(other, "t2")
        server.process.send_signal(signal.SIGTERM)
        await is_draining(server)
        await one.send(type="tool_result", id="t1", call="c1", result="noon")
        assert [frame["type"] for frame in await one.until_end("t1")] == ["delta", "usage"]
        [end] = await other.until_end("t2")
        assert (end["code"], end["retryable"], end["usage"]["total_tokens"]) == ("draining", False, 5)
        assert await one.until_closed() == await other.until_closed() == 1012
        assert await server.wait() == 0
        assert server.drained == (1, 1, 0)
        assert {turn["turn"]: turn.get("phase") for turn in server.turns} == {"t1": None, "t2": "waiting"}


@pytest.mark.parametrize("workers", ["1", pytest.param("2", marks=pytest.mark.nightly)])
async def test_a_second_signal_at_least_a_second_later_stops_at_once(upstream: Upstream, workers: str) -> None:
    upstream.plays(says_and_is_silent("Hello"))
    async with running_over(upstream, workers=workers) as server, connected(server.address) as client:
        await talking(client)
        server.process.send_signal(signal.SIGTERM)
        await is_draining(server, int(workers))
        await asyncio.sleep(1.1)
        assert server.process.returncode is None
        server.process.send_signal(signal.SIGTERM)
        assert (await client.until_end())[-1]["code"] == "draining"
        assert await server.wait() == 0
        assert server.drained == (0, 1, 0)


@pytest.mark.parametrize("workers", ["1", "2"])
async def test_a_terminal_that_closes_cuts_no_answer(upstream: Upstream, workers: str) -> None:
    released = asyncio.Event()
    upstream.plays(says_when(released))
    async with running_over(upstream, workers=workers) as server, connected(server.address) as client:
        await finishes_its_turn(server, client, released, signal.SIGHUP)


async def test_a_signal_that_is_delivered_twice_is_one(upstream: Upstream) -> None:
    released = asyncio.Event()
    upstream.plays(says_when(released))
    async with running_over(upstream) as server, connected(server.address) as client:
        await finishes_its_turn(server, client, released, signal.SIGINT, signal.SIGTERM)


@pytest.mark.parametrize("workers", [1, 2])
async def test_200_turns_finish_when_they_fit_the_deadline_and_are_cut_when_not(
    upstream: Upstream, workers: int
) -> None:
    released = asyncio.Event()
    fits, does_not = says_when(released), says_and_is_silent("Hello")
    upstream.plays(*[fits, does_not] * 100)
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(running_over(upstream, workers=str(workers), drain_timeout="5"))
        clients = [await stack.enter_async_context(connected(server.address)) for _ in range(160)]
        await asyncio.gather(*map(talking, clients))
        asking = [asyncio.create_task(ask(server.address)) for ask in (ask_rest, ask_sse) for _ in range(20)]
        await upstream.wait_for_request(200)
        server.process.send_signal(signal.SIGTERM)
        await is_draining(server, workers)
        released.set()
        answers = await asyncio.gather(*(client.until_end() for client in clients), *asking)
        ends: list[Frame] = [frames[-1] for frames in answers]
        assert [end["type"] for end in ends].count("usage") == 100
        assert [end.get("code") for end in ends].count("draining") == 100
        assert set(await asyncio.gather(*(client.until_closed() for client in clients))) == {1012}
        assert await server.wait() == 0
        assert server.drained == (100, 100, 0)
        assert [turn["end"] for turn in server.turns].count("draining") == 100
        await asyncio.gather(*(exchange.closed.wait() for exchange in upstream.exchanges))


async def test_turns_whose_listeners_leave_are_counted_apart(upstream: Upstream) -> None:
    upstream.plays(says_and_is_silent("Hello"))
    async with running_over(upstream) as server:
        async with connected(server.address) as client:
            await talking(client)
            server.process.send_signal(signal.SIGTERM)
            await is_draining(server)
        assert await server.wait() == 0
        assert server.drained == (0, 0, 1)


async def test_a_whole_answer_is_read_to_its_last_byte(upstream: Upstream) -> None:
    size = 8_000_000
    upstream.plays(says("x" * size))
    async with running_over(upstream) as server:
        slow = await listening(server.address, "/chat")
        await (await upstream.wait_for_request()).closed.wait()
        server.process.send_signal(signal.SIGTERM)
        await is_draining(server)
        body = await slow.reader.read()
        assert body.count(b"x") >= size
        assert body.endswith(b"}")
        assert await server.wait() == 0
        assert server.drained == (1, 0, 0)
        slow.close()


async def test_what_comes_too_late_or_is_not_read_does_not_hold_it_up(upstream: Upstream) -> None:
    upstream.plays(floods)
    async with running_over(upstream, drain_timeout="0.2", send_timeout="60", handshake_timeout="60") as server:
        unread = await listening(server.address, "/chat/stream")
        await until_blocked(await upstream.wait_for_request())
        coming = await listening(server.address, "/chat/stream", finished=False)
        server.process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(server.wait(), AT_ONCE) == 0
        assert await coming.reader.read() == b""
        assert [line for line in server.lines if line["level"] == "error"] == []
        coming.close()
        unread.close()


async def test_an_echo_of_the_signal_on_the_last_steps_does_not_kill_it(upstream: Upstream) -> None:
    async with running_over(upstream) as server:
        while server.process.returncode is None:
            with suppress(ProcessLookupError):
                server.process.send_signal(signal.SIGTERM)
            await asyncio.sleep(0.01)
        assert await server.wait() == 0
