"""A Redis that becomes a replica of another one, as after a failover: its name leads to the other one only later."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from support.log import Log
from support.ports import free_port as another_port
from support.proxy import TcpProxy
from support.redis import RedisServer, redis_server
from support.serving import serving
from support.transports import ask_rest
from support.upstream import Upstream


@pytest.fixture
async def primary(free_port: int) -> AsyncIterator[RedisServer]:
    async with redis_server(free_port) as server:
        yield server


@pytest.fixture
async def next_primary() -> AsyncIterator[RedisServer]:
    async with redis_server(another_port()) as server:
        yield server


def address_of(store: RedisServer) -> str:
    return store.url.split("/")[2]


async def test_after_a_failover_it_leaves_the_old_primary_that_only_reads(
    upstream: Upstream, primary: RedisServer, next_primary: RedisServer, log: Log
) -> None:
    async with (
        TcpProxy(address_of(primary)) as name,
        serving(upstream, redis_url=f"redis://{name.address}/0", turns_per_minute=100) as address,
    ):
        assert (await ask_rest(address))[-1]["type"] == "usage"
        async with primary.client() as client:
            host, _, port = address_of(next_primary).partition(":")
            await client.replicaof(host, int(port))
            assert (await ask_rest(address))[-1]["code"] == "store_unavailable"
            cause = (await log.line("limits: the store is away"))["cause"]
            assert cause == "ReadOnlyError"
            tries = int((await client.info("commandstats")).get("cmdstat_evalsha", {}).get("calls", 0))

            async def looks_for_it() -> bool:
                stats = await client.info("commandstats")
                return int(stats["cmdstat_evalsha"]["calls"]) > tries

            async with asyncio.timeout(60):
                while not await looks_for_it():  # noqa: ASYNC110 - it happens in the store
                    await asyncio.sleep(0.01)
        name.leads_to(address_of(next_primary))
        async with asyncio.timeout(30):
            await log.line("limits: the store is back")
        assert (await ask_rest(address))[-1]["type"] == "usage"
