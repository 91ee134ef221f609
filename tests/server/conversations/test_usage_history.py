"""The history of usage: every turn is in the database, by its caller and model, also after a kill."""

import asyncio
import json
import signal
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from support.client import connected
from support.conversations import conversations_of
from support.forked import ForkServer
from support.identity import API_KEYS, KEYS, bearer
from support.log import Log
from support.postgres import fresh_database, postgres
from support.process import forked, running_over
from support.serving import serving
from support.transports import TRANSPORTS, ask_rest, post
from support.upstream import Upstream, fails, says

from deltawire.config.settings import Settings
from deltawire.conversations.database import Database
from deltawire.conversations.migrate import migrate
from deltawire.conversations.turn_report import as_text, read_turns
from deltawire.conversations.usage_history import UsageHistory
from deltawire.conversations.usage_rows import UsageFilter, UsageRow, UsageSum, read_sums, write_rows
from deltawire.protocol.usage_figures import TOKEN_FIELDS

MODEL = "gemini-2.5-flash"
COUNTS = {"promptTokenCount": 30, "candidatesTokenCount": 20, "totalTokenCount": 50}


async def sums_of(url: str, caller: str | None = None) -> list[UsageSum]:
    database = Database(url)
    try:
        async with database.reading() as connection:
            return await read_sums(connection, UsageFilter(since=date(1970, 1, 1), caller=caller))
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
        assert await command.wait() == 0, command.output
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


async def test_tokens_that_are_no_text_are_added_up(upstream: Upstream, database: str) -> None:
    sound = [{"modality": "AUDIO", "tokenCount": 4}, {"modality": "TEXT", "tokenCount": 3}]
    upstream.plays(says("Hello", usage={**COUNTS, "promptTokensDetails": sound}), says("Hello", usage=COUNTS))
    async with serving(upstream, database_url=database) as address:
        for _ in range(2):
            await ask_rest(address)
        [used] = await sums_with(database, 2)
    assert (used.audio_tokens, used.image_tokens) == (4, None)


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
    before = await told_by_the_command(fork_server, "--until", "2020-01-31", **ours)
    assert before == "No usage from 2020-01-01 to 2020-01-31, UTC.\n"


BAD_ARGUMENTS = {
    "a day that is none": (("--since", "yesterday"), "argument --since: got 'yesterday'; it is a day as YYYY-MM-DD"),
    "another form": (("--until", "20261128"), "argument --until: got '20261128'; it is a day as YYYY-MM-DD"),
    "another group": (("--by", "hour"), "argument --by: got 'hour'; it is one or several of day, caller and model"),
    "a group twice": (("--by", "day,day"), "argument --by: got 'day,day'; it is one or several of day"),
    "an end before its start": (
        ("--since", "2026-02-01", "--until", "2026-01-01"),
        "usage: --until 2026-01-01 is before --since 2026-02-01",
    ),
}


@pytest.mark.parametrize("arguments, line", BAD_ARGUMENTS.values(), ids=BAD_ARGUMENTS)
async def test_a_bad_argument_of_the_command_is_told_by_its_name(
    fork_server: ForkServer, arguments: tuple[str, ...], line: str, tmp_path: Path
) -> None:
    (tmp_path / "conversations.db").touch()
    async with forked(fork_server, "usage", *arguments, DELTAWIRE_DATA_DIR=str(tmp_path)) as command:
        assert await command.wait() == 2
    assert line in command.output


@pytest.mark.parametrize("command", [("usage",), ("turn", "x")])
async def test_a_folder_without_a_database_is_named_and_gets_none(
    fork_server: ForkServer, command: tuple[str, ...], tmp_path: Path
) -> None:
    async with forked(fork_server, *command, DELTAWIRE_DATA_DIR=str(tmp_path)) as process:
        assert await process.wait() == 1
    assert process.output.startswith(f"{command[0]}: there is no {tmp_path}/conversations.db;")
    assert not (tmp_path / "conversations.db").exists()


async def test_usage_is_added_up_by_what_is_named(database: str) -> None:
    day = 86_400.0
    rows = [
        UsageRow(
            **dict.fromkeys((*TOKEN_FIELDS, "nanodollars")),
            id=str(number),
            ended=ended,
            caller=caller,
            model=model,
        )
        for number, (ended, caller, model) in enumerate(
            [(day, "a", "m"), (2 * day - 0.001, "b", "m"), (2 * day, "a", "n"), (3 * day, "a", "m")]
        )
    ]
    connections = Database(database)
    async with connections.writing() as transaction:
        await write_rows(transaction, rows)

    async def sums(*by: str) -> list[tuple[object, ...]]:
        usage_filter = UsageFilter(since=date(1970, 1, 2), until=date(1970, 1, 3), by=by)
        async with connections.reading() as connection:
            found = await read_sums(connection, usage_filter)
        return [(*(getattr(each, name) for name in by), each.turns) for each in found]

    assert await sums("day") == [("1970-01-02", 2), ("1970-01-03", 1)]
    assert await sums("caller") == [("a", 2), ("b", 1)]
    assert await sums("model") == [("m", 2), ("n", 1)]
    assert await sums("caller", "day") == [("a", "1970-01-02", 1), ("a", "1970-01-03", 1), ("b", "1970-01-02", 1)]
    await connections.close()


async def test_a_turn_is_found_from_its_log_line_to_its_messages_and_its_usage_and_back(
    upstream: Upstream, database: str, log: Log
) -> None:
    upstream.plays(says("Hello", usage=COUNTS))
    async with serving(upstream, models=MODEL, database_url=database) as address:
        async with conversations_of(address) as client:
            conversation = await client.create()
            ends = [(await ask(address, conversation=conversation))[-1] for ask in TRANSPORTS.values()]
            shown = {message["id"]: message["request"] for message in await client.messages(conversation)}
        await sums_with(database, 3)
    requests = {line["request"] for line in log.lines if line["event"] == "turn_ended"}
    assert len(requests) == len(ends) == 3
    for end in ends:
        request = shown[end["message"]]
        assert request in requests
        for name in (request, end["message"], end["question"], request.partition(".")[0]):
            [turn] = await read_turns(database, name)
            [used] = turn.usage
            assert turn.request == request
            assert (used.model, used.tokens["total"], used.cost_usd) == (MODEL, 50, end["cost_usd"])
            assert [each.id for each in turn.messages] == [end["question"], end["message"]]
            assert end["message"] in as_text([turn])
    assert await read_turns(database, "000000000000") == []


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


async def test_a_file_of_usage_that_somebody_deletes_while_the_database_is_away_loses_no_row(
    upstream: Upstream, tmp_path: Path
) -> None:
    with postgres() as server:
        database = Settings(database_url=server.url).database
        await migrate(database)
        async with serving(upstream, database_url=server.url, data_dir=tmp_path) as address:
            server.stop()
            assert (await ask_rest(address))[-1]["type"] == "usage"
            [file] = tmp_path.rglob("*.usage")  # noqa: ASYNC240 - nobody waits
            file.unlink()
            server.start()
            assert (await ask_rest(address))[-1]["type"] == "usage"
            async with asyncio.timeout(60):
                await sums_with(database, 2)
