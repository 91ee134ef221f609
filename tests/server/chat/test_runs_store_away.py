"""Runs of two servers whose Valkey is away from one of them, or from both, for a while."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from support.client import Client, Frame, connected, text_of
from support.log import Log
from support.proxy import TcpProxy
from support.redis import RedisServer, redis_server
from support.serving import serving
from support.upstream import Upstream, says, says_and_is_silent, says_when

AWAY, BACK = "runs: the store is away", "runs: the store is back"
CHAT: dict[str, Any] = {"message": "hi", "id": "t1", "grace": 60}


@pytest.fixture
async def store(free_port: int) -> AsyncIterator[RedisServer]:
    """A Valkey that a test may kill."""
    async with redis_server(free_port) as server:
        yield server


def address_of(store: RedisServer) -> str:
    return store.url.split("/")[2]


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(60):
        while not await holds():  # noqa: ASYNC110 - what it waits for is in another process
            await asyncio.sleep(0.01)


async def lines(log: Log, event: str, times: int) -> None:
    """Wait until the servers together have logged this so many times."""

    async def are_there() -> bool:
        return len([line for line in log.lines if line["event"] == event]) >= times

    await until(are_there)


async def report(address: str, run: str) -> str:
    """Ask a server for a run; return its state, or the code of the refusal."""
    async with aiohttp.ClientSession(f"http://{address}") as http, http.get(f"/runs/{run}") as response:
        answer = await response.json(content_type=None)
        return str(answer["state"] if response.status == 200 else answer["code"])


async def listed(address: str) -> list[str]:
    async with aiohttp.ClientSession(f"http://{address}") as http, http.get("/runs") as response:
        return [each["run"] for each in (await response.json())["runs"]]


async def test_runs_are_reached_from_another_server_again_after_the_store_has_lost_everything(
    upstream: Upstream, store: RedisServer, log: Log
) -> None:
    goes_on = asyncio.Event()
    upstream.plays(says_when(goes_on))
    async with serving(upstream, redis_url=store.url) as one, serving(upstream, redis_url=store.url) as two:
        async with connected(one) as asker, connected(two) as client:
            await asker.chat(**CHAT)
            run = (await asker.receive())["run"]
            assert await report(two, run) == "streaming"
            await store.kill()
            await lines(log, AWAY, 2)
            assert await report(two, run) == "store_unavailable"
            await store.start()
            await lines(log, BACK, 2)

            async def is_listed() -> bool:
                assert await report(two, run) in ("streaming", "store_unavailable")
                return await listed(two) == [run]

            await until(is_listed)
            await client.chat(**CHAT)
            started = await client.receive()
            assert started["run"] == run, "the same chat is recognised"
            goes_on.set()
            assert text_of(await client.until_end()) == "Hello world"
    assert len(upstream.exchanges) == 1


async def test_a_run_whose_server_reaches_the_store_last_is_neither_gone_nor_asked_for_again(
    upstream: Upstream, store: RedisServer, log: Log
) -> None:
    upstream.plays(says_and_is_silent("Hello"))
    async with (
        TcpProxy(address_of(store)) as proxy_one,
        TcpProxy(address_of(store)) as proxy_two,
        serving(upstream, redis_url=f"redis://{proxy_one.address}/0") as one,
        serving(upstream, redis_url=f"redis://{proxy_two.address}/0") as two,
        connected(one) as asker,
        connected(two) as client,
        store.client() as keys,
    ):
        await asker.chat(**CHAT)
        run = (await asker.receive())["run"]
        assert await report(two, run) == "streaming"
        for proxy in (proxy_one, proxy_two):
            proxy.leads_to("127.0.0.1:1")
            proxy.cut()
        await lines(log, AWAY, 2)

        async def nobody_has_a_lease() -> bool:
            return not await keys.keys("deltawire:run:process:*")

        await until(nobody_has_a_lease)
        proxy_two.leads_to(address_of(store))
        await log.line(BACK)
        await client.chat(**CHAT)
        assert await report(two, run) == "store_unavailable"
        refused = await client.receive()
        assert (refused["code"], refused["retryable"]) == ("store_unavailable", True)
        proxy_one.leads_to(address_of(store))
        await lines(log, BACK, 2)

        async def is_reached() -> bool:
            return await report(two, run) == "streaming"

        await until(is_reached)
        await client.chat(**CHAT)
        assert (await client.receive())["run"] == run
    assert len(upstream.exchanges) == 1


@asynccontextmanager
async def two_servers(
    upstream: Upstream, store_of_one: str, store_of_two: str
) -> AsyncIterator[tuple[Client, Client, str]]:
    """Two servers with these addresses of their store; yield a client of each, and the address of the second."""
    async with (
        serving(upstream, redis_url=store_of_one) as one,
        serving(upstream, redis_url=store_of_two) as two,
        connected(one) as asker,
        connected(two) as client,
    ):
        yield asker, client, two


async def test_a_server_whose_connections_to_the_store_have_vanished_is_not_taken_for_dead(
    upstream: Upstream, store: RedisServer
) -> None:
    goes_on = asyncio.Event()
    upstream.plays(says_when(goes_on))
    async with (
        TcpProxy(address_of(store)) as proxy,
        two_servers(upstream, f"redis://{proxy.address}/0", store.url) as (asker, client, two),
    ):
        await asker.chat(**CHAT)
        run = (await asker.receive())["run"]
        proxy.freeze_all()

        async def is_reached() -> bool:
            state = await report(two, run)  # a message that was on its way is lost
            assert state in ("streaming", "store_unavailable")
            return state == "streaming"

        await until(is_reached)
        await client.send(type="resume", run=run)
        goes_on.set()
        frames = await client.until_end()
        assert (text_of(frames), frames[-1]["type"]) == ("Hello world", "usage")


async def listening_elsewhere(asker: Client, client: Client) -> tuple[str, list[Frame]]:
    """Ask, and listen through another server; return the run, and its first two frames."""
    await asker.chat(**CHAT)
    run = (await asker.receive())["run"]
    await client.send(type="resume", run=run, id="here")
    return run, [await client.receive() for _ in range(2)]


async def comes_again(client: Client, run: str, frames: list[Frame]) -> None:
    """Hear that the rest cannot come, and resume after these frames: it comes then."""
    refused = await client.receive()
    assert (refused["code"], refused["retryable"]) == ("store_unavailable", True)
    await client.send(type="resume", run=run, after=frames[-1]["seq"], id="here")
    frames += await client.until_end("here")
    assert (text_of(frames), frames[-1]["type"]) == ("Hello world", "usage")


async def test_a_listener_whose_connection_to_the_store_has_vanished_is_told_to_come_again(
    upstream: Upstream, store: RedisServer
) -> None:
    goes_on = asyncio.Event()
    upstream.plays(says_when(goes_on))
    async with (
        TcpProxy(address_of(store)) as proxy,
        two_servers(upstream, store.url, f"redis://{proxy.address}/0") as (asker, client, _),
    ):
        run, frames = await listening_elsewhere(asker, client)
        proxy.freeze_all()
        goes_on.set()
        await comes_again(client, run, frames)


async def test_a_listener_whose_frames_could_not_be_written_is_told_to_come_again(
    upstream: Upstream, store: RedisServer, log: Log
) -> None:
    goes_on = asyncio.Event()
    upstream.plays(says_when(goes_on))
    async with store.client() as owner:
        await owner.execute_command("ACL", "SETUSER", "one", "on", "nopass", "~*", "+@all")
        limited = store.url.replace("redis://", "redis://one:any@")
        async with two_servers(upstream, limited, store.url) as (asker, client, _):
            run, frames = await listening_elsewhere(asker, client)
            await owner.execute_command("ACL", "SETUSER", "one", "-xadd")
            goes_on.set()
            await log.line(AWAY)
            await owner.execute_command("ACL", "SETUSER", "one", "+xadd")
            await log.line(BACK)
            await comes_again(client, run, frames)


async def test_an_answer_that_cannot_be_fetched_from_its_server_is_not_reported_as_no_longer_kept(
    upstream: Upstream, store: RedisServer
) -> None:
    upstream.plays(says("Hello"))
    async with store.client() as owner:
        await owner.execute_command("ACL", "SETUSER", "one", "on", "nopass", "~*", "+@all")
        async with (
            serving(upstream, redis_url=store.url.replace("redis://", "redis://one:any@")) as one,
            serving(upstream, redis_url=store.url) as two,
            connected(one) as asker,
        ):
            await asker.chat(**CHAT)
            run = (await asker.until_end())[0]["run"]
            assert await report(two, run) == "ended"
            await owner.execute_command("ACL", "SETUSER", "one", "-xadd")
            assert await report(two, run) in ("store_unavailable", "gone")
