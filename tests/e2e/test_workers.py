"""Several processes behind one port."""

import asyncio
import os
import signal
import sys
from contextlib import AsyncExitStack

import aiohttp
import pytest
from support.client import connected
from support.forked import ForkServer
from support.postgres import postgres
from support.process import forked, running, running_over
from support.transports import ask_rest
from support.upstream import Upstream, says_and_is_silent
from support.workers import runs, sockets_of, until, workers_of

from deltawire.config.settings import Settings
from deltawire.conversations.migrate import migrate


async def test_sockets_are_spread_over_the_workers(fork_server: ForkServer) -> None:
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(forked(fork_server, DELTAWIRE_WORKERS="2"))
        await server.ready()
        workers = workers_of(server)
        before = [sockets_of(pid) for pid in workers]
        for _ in range(64):
            await stack.enter_async_context(connected(server.address))
        taken = [sockets_of(pid) - count for pid, count in zip(workers, before, strict=True)]
        assert sum(taken) == 64
        assert min(taken) >= 8
        assert await server.stop() == 0


async def test_a_worker_that_dies_is_replaced(fork_server: ForkServer) -> None:
    async with forked(fork_server, DELTAWIRE_WORKERS="2") as server:
        await server.ready()
        victim, survivor = workers_of(server)
        os.kill(victim, signal.SIGKILL)
        await server.wait_for_output('"worker died"')
        answers = await asyncio.gather(*(ask_rest(server.address) for _ in range(16)))
        assert {answer[-1]["type"] for answer in answers} == {"usage"}
        assert survivor in workers_of(server)
        assert await server.stop() == 0


@pytest.mark.nightly
async def test_a_worker_that_somebody_stops_by_itself_is_replaced_too(upstream: Upstream) -> None:
    async with running_over(upstream, workers="2") as server:
        before = workers_of(server)
        os.kill(before[0], signal.SIGTERM)
        await server.wait_for_output('"worker died"')
        answers = await asyncio.gather(*(ask_rest(server.address) for _ in range(16)))
        assert {answer[-1]["type"] for answer in answers} == {"usage"}
        after = workers_of(server)
        assert (len(after), before[1] in after) == (2, True)
        assert await server.stop() == 0
        assert server.drained == (0, 0, 0)


async def test_workers_do_not_outlive_a_parent_that_is_killed(fork_server: ForkServer) -> None:
    async with forked(fork_server, DELTAWIRE_WORKERS="2") as server:
        await server.ready()
        workers = workers_of(server)
        server.process.kill()
        await until(lambda: not any(map(runs, workers)))


async def test_a_worker_that_dies_before_it_serves_stops_the_parent(fork_server: ForkServer) -> None:
    async with forked(fork_server, DELTAWIRE_WORKERS="2") as server:
        await until(lambda: workers_of(server))
        os.kill(workers_of(server)[0], signal.SIGKILL)
        assert await server.wait() == 1
        assert '"worker died"' in server.output
        assert '"listening"' not in server.output


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
async def test_a_stop_of_them_all_before_they_serve_ends_as_a_shell_expects(how: signal.Signals) -> None:
    command = ("setsid", sys.executable, "-m", "deltawire")
    async with running(*command, DELTAWIRE_WORKERS="2") as server:
        await until(lambda: len(workers_of(server)) == 2)
        os.killpg(server.process.pid, how)
        assert await server.wait() == 128 + how
        assert server.output == ""


async def test_a_worker_that_is_told_to_stop_before_it_serves_stops_the_parent(fork_server: ForkServer) -> None:
    async with forked(fork_server, DELTAWIRE_WORKERS="2") as server:
        await until(lambda: workers_of(server))
        os.kill(workers_of(server)[0], signal.SIGTERM)
        assert await server.wait() == 128 + signal.SIGTERM
        assert server.output == ""


@pytest.mark.nightly
async def test_a_port_that_other_workers_share_is_taken(fork_server: ForkServer, free_port: int) -> None:
    async with forked(fork_server, DELTAWIRE_WORKERS="2", DELTAWIRE_PORT=str(free_port)) as first:
        await first.ready()
        async with forked(fork_server, DELTAWIRE_WORKERS="2", DELTAWIRE_PORT=str(free_port)) as second:
            assert await second.wait() == 1
            assert f"cannot listen on 127.0.0.1:{free_port}: address already in use" in second.output


@pytest.mark.nightly
async def test_a_worker_that_dies_while_it_drains_is_no_silent_success(upstream: Upstream) -> None:
    upstream.plays(says_and_is_silent("Hello"))
    async with running_over(upstream, workers="2") as server, AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(connected(server.address)) for _ in range(16)]
        for client in clients:
            await client.chat()
            await client.receive()
        server.process.send_signal(signal.SIGTERM)
        await server.wait_for_output('"draining"')
        for pid in workers_of(server):
            os.kill(pid, signal.SIGKILL)
        assert await server.wait() == 1
        assert '"worker died"' in server.output


@pytest.mark.nightly
async def test_a_worker_that_is_stuck_is_killed_in_the_end(upstream: Upstream) -> None:
    async with running_over(upstream, workers="2", drain_timeout="0.1", store_timeout="0.1") as server:
        os.kill(workers_of(server)[0], signal.SIGSTOP)
        server.process.send_signal(signal.SIGTERM)
        assert await server.wait() == 1
        assert '"worker died"' in server.output


@pytest.mark.nightly
async def test_a_worker_whose_store_hangs_is_not_stuck(upstream: Upstream) -> None:
    upstream.plays(says_and_is_silent("Hello"))
    with postgres() as database:
        await migrate(Settings(database_url=database.url).database)
        async with (
            running_over(upstream, workers="2", drain_timeout="0.1", database_url=database.url) as server,
            aiohttp.ClientSession(f"http://{server.address}") as session,
            connected(server.address) as client,
        ):
            async with session.post("/conversations", json={}) as response:
                conversation = (await response.json())["id"]
            await client.chat(conversation=conversation)
            await client.receive()
            database.freeze()
            assert await server.stop() == 0
            assert server.drained == (0, 1, 0)
