"""A Redis that forbids a command: docs/guide/operate.md lists all that we need, and a missing one is noticed."""

import re
from collections.abc import AsyncIterator

import aiohttp
import pytest
from support.client import connected
from support.conversations import conversations_of
from support.log import Log
from support.paths import ROOT
from support.redis import RedisServer
from support.serving import serving
from support.transports import TRANSPORTS, ask_rest
from support.upstream import Upstream, says_and_is_silent

ROWS = (ROOT / "docs/guide/operate.md").read_text()


def listed(row: str) -> list[str]:
    """The commands in this row of the table."""
    [cell] = re.findall(rf"^\| {row} \| (.*) \|$", ROWS, re.MULTILINE)
    return re.findall(r"`([A-Z]+(?: [A-Z]+)?)`", cell)


COMMANDS = listed("Redis or Valkey")
FOR_RUNS = listed("the same, for turns with `grace`")
LIMITS = {"turns_per_minute": 50, "turns_at_once": 50, "tokens_per_day": 10**6, "usd_per_day": 100}


def grants(*commands: str) -> list[str]:
    """These commands, as rules of an ACL."""
    return [f"+{command.lower().replace(' ', '|')}" for command in commands]


@pytest.fixture
async def url(redis: RedisServer) -> AsyncIterator[str]:
    """The URL of a user who may do what is listed, with our keys."""
    async with redis.client() as client:
        await client.acl_deluser("listed")
        rules = ["on", "nopass", "~deltawire:*", *grants(*COMMANDS)]
        await client.execute_command("ACL", "SETUSER", "listed", *rules)
        yield redis.url.replace("redis://", "redis://listed:any@")
        await client.acl_deluser("listed")


async def test_what_is_listed_is_enough(upstream: Upstream, url: str, log: Log) -> None:
    async with serving(upstream, redis_url=url, **LIMITS) as address, aiohttp.ClientSession() as http:
        for ask in TRANSPORTS.values():
            assert (await ask(address))[-1]["type"] == "usage"
        async with http.get(f"http://{address}/usage?days=3") as response:
            assert (await response.json())["days"][0]["models"][0]["turns"] == 3
        async with conversations_of(address) as client:
            assert await client.is_ready()
    assert not [line for line in log.lines if "store" in line["event"]]


async def test_what_is_listed_for_runs_is_enough(upstream: Upstream, redis: RedisServer, url: str, log: Log) -> None:
    upstream.plays(says_and_is_silent("Hello"))
    async with redis.client() as owner:
        await owner.execute_command("ACL", "SETUSER", "listed", *grants(*FOR_RUNS))
    async with (
        serving(upstream, redis_url=url) as one,
        serving(upstream, redis_url=url) as two,
        connected(one) as asker,
        connected(two) as listener,
        aiohttp.ClientSession(f"http://{two}") as http,
    ):
        await asker.chat(id="t1", grace=60)
        run = (await asker.receive())["run"]
        await listener.send(type="resume", run=run)
        assert [(await listener.receive())["type"] for _ in range(2)] == ["started", "delta"]
        async with http.get("/runs") as response:
            assert [each["run"] for each in (await response.json())["runs"]] == [run]
        await listener.send(type="cancel", run=run)
        assert (await listener.until_end())[-1]["finish_reason"] == "cancelled"
    assert not [line for line in log.lines if "store" in line["event"]]


@pytest.mark.parametrize("command", [command for command in COMMANDS if command != "SCRIPT LOAD"])
async def test_each_of_them_is_missed_by_the_readiness_probe(
    upstream: Upstream, redis: RedisServer, url: str, command: str, log: Log
) -> None:
    async with serving(upstream, redis_url=url, **LIMITS) as address, conversations_of(address) as client:
        assert await client.is_ready()
        async with redis.client() as owner:
            await owner.execute_command(
                "ACL", "SETUSER", "listed", *[each.replace("+", "-") for each in grants(command)]
            )
            assert not await client.is_ready()
            assert (await ask_rest(address))[-1]["code"] == "store_unavailable"
            cause = (await log.line("limits: the store is away"))["cause"]
            assert cause.endswith(f": may not run {command.lower().replace(' ', '|')}")
            await owner.execute_command("ACL", "SETUSER", "listed", *grants(command))
        await log.line("limits: the store is back")
        assert await client.is_ready()
