"""Who used how much: every turn is in the database, by its caller and model, also after a kill."""

import asyncio
import json
import signal
from pathlib import Path
from typing import Any

from support.client import connected
from support.forked import ForkServer
from support.identity import API_KEYS, KEYS, bearer
from support.postgres import fresh_database
from support.process import forked, running_over
from support.serving import serving
from support.transports import TRANSPORTS, ask_rest, post
from support.upstream import Upstream, fails, says

from deltawire.config.settings import Settings
from deltawire.conversations.database import Database
from deltawire.conversations.migrate import migrate
from deltawire.conversations.usage_history import UsageHistory
from deltawire.conversations.usage_rows import UsageSum, read_sums

MODEL = "gemini-2.5-flash"
COUNTS = {"promptTokenCount": 30, "candidatesTokenCount": 20, "totalTokenCount": 50}


async def sums_of(url: str, caller: str | None = None) -> list[UsageSum]:
    database = Database(url)
    try:
        async with database.reading() as connection:
            return await read_sums(connection, 0, caller, None)
    finally:
        await database.close()


async def sums_with(url: str, turns: int) -> list[UsageSum]:
    """The sums once they have these turns: a task writes them."""
    sums: list[UsageSum] = []
    while sum(each.turns for each in sums) < turns:  # nobody tells
        await asyncio.sleep(0.02)
        sums = await sums_of(url)
    return sums


async def told_by_the_command(fork_server: ForkServer, *arguments: str, **environment: str) -> str:
    async with forked(fork_server, "usage", *arguments, **environment) as command:
        assert await command.ended() == 0, command.output
        return command.output


async def test_each_turn_of_every_transport_is_in_the_database(upstream: Upstream, database: str) -> None:
    upstream.plays(says("Hello", usage=COUNTS))
    async with serving(upstream, models=MODEL, database_url=database) as address:
        frames = [(await ask(address))[-1] for ask in TRANSPORTS.values()]
        upstream.plays(fails(400))
        assert (await ask_rest(address))[-1]["type"] == "error"
        [used] = await sums_with(database, 4)
    assert (used.caller, used.model, used.turns, used.uncounted_turns, used.unpriced_turns) == ("", MODEL, 4, 1, 1)
    assert used.total_tokens == sum(frame["total_tokens"] for frame in frames)
    assert used.cost_usd == sum(round(frame["cost_usd"] * 1e9) for frame in frames) / 1e9


async def test_a_stop_writes_what_was_kept(upstream: Upstream, database: str) -> None:
    async with serving(upstream, database_url=database) as address:
        await ask_rest(address)
    assert [each.turns for each in await sums_of(database)] == [1]


async def test_a_turn_whose_end_was_told_outlives_a_kill(upstream: Upstream, tmp_path: Path) -> None:
    settings = {"upstream": upstream, "data_dir": str(tmp_path)}
    database = f"sqlite+aiosqlite:///{tmp_path / 'conversations.db'}"
    async with running_over(**settings) as server:  # type: ignore[arg-type]
        async with connected(server.address) as client:
            assert (await client.ask())[-1]["type"] == "usage"
        await server.stop(signal.SIGKILL)
    assert await sums_of(database) == [], "it was killed before it wrote"
    async with running_over(**settings):  # type: ignore[arg-type]
        assert [each.turns for each in await sums_with(database, 1)] == [1]


async def test_the_command_shows_who_used_how_much(fork_server: ForkServer, upstream: Upstream, tmp_path: Path) -> None:
    upstream.plays(says("Hello", usage=COUNTS))
    settings = {"data_dir": str(tmp_path), "models": f"{MODEL},gemini-2.5-pro", "api_keys": API_KEYS}
    async with running_over(upstream, **settings) as server:
        for name, model in (("alice", MODEL), ("alice", "gemini-2.5-pro"), ("bob", MODEL)):
            body = json.dumps({"message": "hi", "model": model}).encode()
            status, _, _ = await post(server.address, "/chat", body, **bearer(KEYS[name]))
            assert status == 200
        assert await server.stop() == 0
    ours = {"DELTAWIRE_DATA_DIR": str(tmp_path)}
    table = (await told_by_the_command(fork_server, **ours)).splitlines()
    assert [line.split()[:3] for line in table[3:]] == [
        ["key:alice", MODEL, "1"],
        ["key:alice", "gemini-2.5-pro", "1"],
        ["key:bob", MODEL, "1"],
        ["all", "3", "90"],
    ]
    of_alice = ("--json", "--caller", "key:alice", "--model", MODEL)
    report: Any = json.loads(await told_by_the_command(fork_server, *of_alice, **ours))
    [row] = report["usage"]
    assert (row["turns"], row["total_tokens"], row["cost_usd"]) == (1, 50, 0.000059)
    assert report["total"]["turns"] == 1
    later = json.loads(await told_by_the_command(fork_server, "--json", "--since", "2999-01-01", **ours))
    assert (later["usage"], later["total"]["turns"], later["total"]["cost_usd"]) == ([], 0, None)


async def test_a_database_that_is_away_delays_no_turn_and_loses_no_row(
    upstream: Upstream, tmp_path: Path, postgresql: str
) -> None:
    async with fresh_database(postgresql) as url:
        database = Settings(database_url=url).database
        await migrate(database)
        away = database.replace("/test_", "/gone_")
        first = UsageHistory(away, tmp_path)
        async with first.running():
            first.keep("a", "key:alice", MODEL, None)
        second = UsageHistory(database, tmp_path)
        async with second.running():
            second.keep("b", "key:alice", MODEL, None)
            [used] = await sums_with(database, 2)
        assert used.turns == 2
        third = UsageHistory(database, tmp_path)
        async with third.running():
            third.keep("b", "key:alice", MODEL, None)  # written again: it counts once
        assert [each.turns for each in await sums_of(database)] == [2]
