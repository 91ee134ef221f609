"""A store that is away, slow or broken: turns are refused or fail cleanly, and all is well when it is back."""

import asyncio
import resource
import sqlite3
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from support.client import Frame, connected
from support.conversations import Conversations, conversations_of, whole
from support.log import Log
from support.postgres import Postgres, fresh_database, postgres
from support.process import ServerProcess, running_over
from support.serving import serving
from support.transports import TRANSPORTS, Ask, ask_rest, ask_socket, listening
from support.upstream import Upstream, says, says_when

from deltawire.config.settings import Settings
from deltawire.conversations.migrate import migrate

NEVER = 3600
"""A bound of the store that no test reaches: what does not wait for the store ends all the same."""
BOUND = 20.0
"""Seconds: five for a transaction, two to give up its connection, and the rest for a busy machine."""


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    """A PostgreSQL that may be stopped."""
    with postgres() as server:
        yield server


@pytest.fixture
async def postgresql_url(server: Postgres) -> AsyncIterator[str]:
    """A database of it."""
    if not server.is_running:
        server.start()
    async with fresh_database(server.url) as url:
        await migrate(Settings(database_url=url).database)
        yield url
        server.thaw()
        if not server.is_running:
            server.start()


@pytest.fixture
async def postgresql_address(upstream: Upstream, postgresql_url: str) -> AsyncIterator[str]:
    async with serving(upstream, database_url=postgresql_url, store_timeout=0.3) as address:
        yield address


@pytest.fixture
async def sqlite_address(upstream: Upstream, sqlite_file: Path) -> AsyncIterator[str]:
    async with serving(upstream, database_url=f"sqlite:///{sqlite_file}", store_timeout=0.3) as address:
        yield address


async def test_a_store_that_is_away_refuses_turns_and_comes_back_by_itself(
    upstream: Upstream, server: Postgres, postgresql_address: str
) -> None:
    async with conversations_of(postgresql_address) as client:
        conversation = await client.create()
        assert await client.is_ready()
        server.stop()
        for ask in TRANSPORTS.values():
            [error] = await ask(postgresql_address, conversation=conversation, id="t1")
            assert (error["code"], error["retryable"]) == ("store_unavailable", True)
            assert ask is ask_socket or error["status"] == 503
        assert upstream.exchanges == []
        assert not await client.is_ready()
        for method, path, body in (("GET", "", None), ("POST", "", {}), ("GET", f"/{conversation}", None)):
            status, problem = await client.call(method, path, body)
            assert (status, problem["code"]) == (503, "store_unavailable")
        for ask in TRANSPORTS.values():
            assert (await ask(postgresql_address))[-1]["type"] == "usage"
        server.start()
        assert await client.is_ready()
        for ask in TRANSPORTS.values():
            assert (await ask(postgresql_address, conversation=conversation))[-1]["type"] == "usage"


async def test_an_answer_that_cannot_be_written_ends_its_turn_in_an_error(
    upstream: Upstream, server: Postgres, postgresql_address: str, ask: Ask
) -> None:
    async with conversations_of(postgresql_address) as client:
        conversation = await client.create()
        turn = await stopped_within(upstream, server, ask(postgresql_address, conversation=conversation))
        error = (await turn)[-1]
        assert (error["type"], error["code"]) == ("error", "store_unavailable")
        server.start()
        [question] = await client.messages(conversation)
        assert question["answered"] is False
        usage = error["usage"]
        names = (usage["conversation"], usage["question"], usage["message"])
        assert names == (conversation, question["id"], None)


async def test_an_answer_is_written_once_when_the_store_comes_back_in_time(
    upstream: Upstream, server: Postgres, postgresql_url: str, ask: Ask
) -> None:
    async with serving(upstream, database_url=postgresql_url) as address, conversations_of(address) as client:
        conversation = await client.create()
        turn = await stopped_within(upstream, server, ask(address, conversation=conversation))
        await asyncio.to_thread(server.start)
        usage = (await turn)[-1]
        question, reply = await client.messages(conversation)
        assert (reply["id"], reply["text"], question["answered"]) == (usage["message"], "Hello world", True)


async def stopped_within(upstream: Upstream, server: Postgres, asking: Any) -> "asyncio.Task[list[Frame]]":
    """Stop the store between a turn's first and last word."""
    released = asyncio.Event()
    upstream.plays(says_when(released))
    turn: asyncio.Task[list[Frame]] = asyncio.ensure_future(asking)
    await upstream.wait_for_request()
    await asyncio.to_thread(server.stop)
    released.set()
    return turn


async def test_a_store_that_hangs_refuses_within_its_bound_and_works_when_it_goes_on(
    upstream: Upstream, server: Postgres, postgresql_address: str
) -> None:
    async with conversations_of(postgresql_address) as client:
        conversation = await client.create()
        before = asyncio.all_tasks()
        server.freeze()
        began = time.monotonic()
        turns = [ask(postgresql_address, conversation=conversation) for ask in TRANSPORTS.values() for _ in range(6)]
        refused, is_ready = await asyncio.gather(asyncio.gather(*turns), client.is_ready())
        assert {frames[-1]["code"] for frames in refused} == {"store_unavailable"}
        assert not is_ready
        assert time.monotonic() - began < BOUND
        server.thaw()
        turns = [ask(postgresql_address, conversation=conversation) for ask in TRANSPORTS.values() for _ in range(6)]
        for frames in await asyncio.gather(*turns):
            assert frames[-1]["type"] == "usage"
    await no_more_tasks_than(before)


async def test_whoever_stops_or_leaves_does_not_wait_for_a_store_that_hangs(
    upstream: Upstream, server: Postgres, postgresql_url: str, log: Log
) -> None:
    async with serving(upstream, database_url=postgresql_url, store_timeout=NEVER) as address:
        async with conversations_of(address) as client:
            conversation = await client.create()
        server.freeze()
        await stop_and_leave(address, conversation, log)
        server.thaw()
        assert upstream.exchanges == []
        await nothing_is_kept_but_what_is_asked_now(address, conversation)


async def test_whoever_stops_or_leaves_does_not_wait_for_a_locked_file(
    upstream: Upstream, sqlite_file: Path, log: Log
) -> None:
    async with serving(upstream, database_url=f"sqlite:///{sqlite_file}", store_timeout=NEVER) as address:
        async with conversations_of(address) as client:
            conversation = await client.create()
        with closing(sqlite3.connect(sqlite_file)) as other:
            other.execute("BEGIN IMMEDIATE")
            await stop_and_leave(address, conversation, log)
        assert upstream.exchanges == []
        await nothing_is_kept_but_what_is_asked_now(address, conversation)


async def test_a_turn_that_was_stopped_while_it_waited_for_a_locked_file_holds_no_memory(
    upstream: Upstream, sqlite_file: Path
) -> None:
    async with serving(upstream, database_url=f"sqlite:///{sqlite_file}", max_memory_bytes=500_000) as address:
        async with conversations_of(address) as client:
            conversation = await client.create()
        assert (await ask_rest(address, "x" * 50_000, conversation=conversation))[-1]["type"] == "usage"
        async with connected(address) as client:
            with closing(sqlite3.connect(sqlite_file)) as other:
                other.execute("BEGIN IMMEDIATE")
                for _ in range(5):
                    await client.chat(conversation=conversation)
                    await client.send(type="cancel", id="nobody")
                    assert (await client.receive())["code"] == "unknown_turn"  # by now the turn waits for the file
                    await client.send(type="cancel")
                    assert (await client.receive())["finish_reason"] == "cancelled"
            for _ in range(2):
                assert (await client.ask("now", conversation=conversation))[-1]["type"] == "usage"


async def test_a_turn_that_waits_too_long_for_a_locked_file_is_logged_as_what_it_was_told(
    upstream: Upstream, sqlite_file: Path, log: Log
) -> None:
    async with serving(upstream, database_url=f"sqlite:///{sqlite_file}", turn_timeout=0.3) as address:
        async with conversations_of(address) as client:
            conversation = await client.create()
        with closing(sqlite3.connect(sqlite_file)) as other:
            other.execute("BEGIN IMMEDIATE")
            assert (await ask_rest(address, conversation=conversation))[-1]["code"] == "upstream_timeout"
        assert (await log.line("turn_ended"))["end"] == "upstream_timeout"


async def nothing_is_kept_but_what_is_asked_now(address: str, conversation: str) -> None:
    """Ask, behind all turns that still wait for the store, and see that none of them has written its question."""
    for _ in range(2):
        assert (await ask_rest(address, "now", conversation=conversation))[-1]["type"] == "usage"
    async with conversations_of(address) as client:
        assert [message["text"] for message in await client.messages(conversation)] == ["now", "Hello world"] * 2


async def test_a_turn_that_is_stopped_or_left_while_its_question_is_committed_is_answered(
    upstream: Upstream, postgresql_url: str, postgresql_address: str
) -> None:
    database = await asyncpg.connect(postgresql_url)
    await database.execute("""
        CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS
            'BEGIN PERFORM pg_sleep(0.5); RETURN NULL; END';
        CREATE CONSTRAINT TRIGGER dawdles AFTER INSERT ON messages DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW EXECUTE FUNCTION dawdle()
    """)

    async def commits() -> None:
        while not await database.fetchval("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"):
            pass

    async with conversations_of(postgresql_address) as client:
        stopped, left = [await client.create() for _ in range(2)]
        async with connected(postgresql_address) as socket:
            await socket.chat(conversation=stopped)
            await commits()
            await socket.send(type="cancel")
            assert (await socket.receive())["question"] is None
        await cancelled(client, stopped)
        listener = await listening(postgresql_address, "/chat", conversation=left)
        await commits()
        listener.close()
        await cancelled(client, left)
    await database.close()
    assert upstream.exchanges == []


async def cancelled(client: Conversations, conversation: str) -> None:
    """See that its only question gets an empty answer."""
    async with asyncio.timeout(BOUND):
        while len(messages := await client.messages(conversation)) < 2:
            pass
    assert (messages[1]["text"], messages[1]["finish_reason"]) == ("", "cancelled")
    await whole(client, [conversation])


async def stop_and_leave(address: str, conversation: str, log: Log) -> None:
    """Stop a turn and leave three, while the store does not answer."""
    async with connected(address) as socket:
        await socket.chat(conversation=conversation, id="stopped")
        await socket.send(type="cancel", id="stopped")
        usage = await socket.receive()
        assert (usage["type"], usage["finish_reason"]) == ("usage", "cancelled")
        await socket.chat(conversation=conversation, id="left")
        await socket.send(type="cancel", id="nosuch")
        assert (await socket.receive())["code"] == "unknown_turn"
    assert (await log.line("turn_ended", turn="left"))["end"] == "cancelled"
    for path in ("/chat", "/chat/stream"):
        listener = await listening(address, path, turn=path[1:].replace("/", "-"), conversation=conversation)
        async with connected(address) as socket:
            await socket.ask(id=f"after-{path[1:].replace('/', '-')}", conversation="nosuch\0")
        listener.close()
        assert (await log.line("turn_ended", turn=path[1:].replace("/", "-")))["end"] == "cancelled"


async def test_a_file_that_another_process_locks_is_read_and_refuses_turns_within_the_bound(
    upstream: Upstream, sqlite_file: Path, sqlite_address: str
) -> None:
    async with conversations_of(sqlite_address) as client:
        conversation = await client.create()
        before = asyncio.all_tasks()
        with closing(sqlite3.connect(sqlite_file)) as other:
            other.execute("BEGIN IMMEDIATE")
            began = time.monotonic()
            turns = [ask(sqlite_address, conversation=conversation) for ask in TRANSPORTS.values() for _ in range(4)]
            answers = asyncio.gather(*turns)
            assert await client.messages(conversation) == []
            assert not await client.is_ready()
            assert {frames[-1]["code"] for frames in await answers} == {"store_unavailable"}
            assert time.monotonic() - began < BOUND
        assert upstream.exchanges == []
        turns = [ask(sqlite_address, conversation=conversation) for ask in TRANSPORTS.values() for _ in range(4)]
        for frames in await asyncio.gather(*turns):
            assert frames[-1]["type"] == "usage"
    await no_more_tasks_than(before)


async def no_more_tasks_than(before: "set[asyncio.Task[Any]]") -> None:
    """Wait until nothing runs that did not run before."""
    while left := asyncio.all_tasks() - before:
        await asyncio.wait(left, timeout=5)


async def test_a_file_that_may_not_be_written_is_read_and_refuses_turns(upstream: Upstream, sqlite_file: Path) -> None:
    async with (
        serving(upstream, database_url=f"sqlite:///{sqlite_file}") as address,
        conversations_of(address) as client,
    ):
        conversation = await client.create()
    read_only = f"sqlite:///file:{sqlite_file}?mode=ro&uri=true"
    async with serving(upstream, database_url=read_only) as address, conversations_of(address) as client:
        assert (await client.read(conversation))["id"] == conversation
        assert await refused(address, conversation) == "store_unavailable"
        assert not await client.is_ready()
    assert upstream.exchanges == []


async def test_a_broken_file_refuses_turns_and_the_rest_goes_on(upstream: Upstream, sqlite_file: Path) -> None:
    async with (
        serving(upstream, database_url=f"sqlite:///{sqlite_file}") as address,
        conversations_of(address) as client,
    ):
        conversation = await client.create()
    content = await asyncio.to_thread(sqlite_file.read_bytes)
    await asyncio.to_thread(sqlite_file.write_bytes, content[:4096] + b"\xff" * (len(content) - 4096))
    async with (
        serving(upstream, database_url=f"sqlite:///{sqlite_file}") as address,
        conversations_of(address) as client,
    ):
        assert await refused(address, conversation) == "store_unavailable"
        assert (await client.call("GET"))[0] == 503
        assert not await client.is_ready()
        assert upstream.exchanges == []
        assert (await ask_rest(address))[-1]["type"] == "usage"


async def refused(address: str, conversation: str) -> str:
    """The code with which a turn is refused, over all transports."""
    [code] = {(await ask(address, conversation=conversation))[0]["code"] for ask in TRANSPORTS.values()}
    return str(code)


async def test_a_store_that_restarts_under_load_loses_nothing_and_halves_nothing(
    server: Postgres, upstream: Upstream, postgresql_url: str
) -> None:
    upstream.plays(says("Hello", " world"))
    ends: list[Frame] = []
    stop = asyncio.Event()
    async with serving(upstream, database_url=postgresql_url) as address, conversations_of(address) as client:
        conversations = [await client.create() for _ in range(24)]

        async def talk(number: int, ask: Ask) -> None:
            while not stop.is_set():
                frames = await ask(address, f"q{number}", conversation=conversations[number])
                assert [frame["type"] for frame in frames[:-1]] == ["delta"] * (len(frames) - 1)
                ends.append(frames[-1])

        talks = [
            asyncio.create_task(talk(number, ask))
            for number, ask in zip(range(24), list(TRANSPORTS.values()) * 8, strict=True)
        ]
        for disturb in (lambda: server.stop("fast"), server.stop, server.kill):
            await more(ends, 30)
            await asyncio.to_thread(disturb)
            await asyncio.sleep(0.3)
            await asyncio.to_thread(server.start)
        await more(ends, 30)
        server.freeze()
        await asyncio.sleep(1)
        server.thaw()
        await more(ends, 30)
        stop.set()
        await asyncio.gather(*talks)
        kinds = {frame.get("code", "usage") for frame in ends}
        assert kinds <= {"usage", "store_unavailable"}
        assert "usage" in kinds
        stored = {message["id"]: message for each in conversations for message in await client.messages(each)}
        await whole(client, conversations)
    for end in ends:
        if end["type"] == "usage":
            assert stored[end["message"]]["text"] == "Hello world"
            assert stored[end["message"]]["parent"] == end["question"]


async def more(ends: list[Frame], turns: int) -> None:
    """Wait until so many more turns have ended well."""
    wanted = sum(end["type"] == "usage" for end in ends) + turns
    while sum(end["type"] == "usage" for end in ends) < wanted:  # noqa: ASYNC110 - many tell
        await asyncio.sleep(0.02)


async def test_a_server_stops_although_its_store_hangs(
    server: Postgres, upstream: Upstream, postgresql_url: str
) -> None:
    async with running_over(upstream, database_url=postgresql_url, drain_timeout="0.1") as process:
        async with conversations_of(process.address) as client:
            conversation = await client.create()
        server.freeze()
        await stops_with_a_turn(process, conversation)


async def test_a_server_stops_although_its_file_is_locked(upstream: Upstream, sqlite_file: Path) -> None:
    async with running_over(upstream, database_url=f"sqlite:///{sqlite_file}", drain_timeout="0.1") as process:
        async with conversations_of(process.address) as client:
            conversation = await client.create()
        with closing(sqlite3.connect(sqlite_file)) as other:
            other.execute("BEGIN IMMEDIATE")
            await stops_with_a_turn(process, conversation)


async def stops_with_a_turn(process: ServerProcess, conversation: str) -> None:
    """Stop a server in which a turn waits for the store."""
    async with connected(process.address) as socket:
        await socket.chat(conversation=conversation)
        await socket.send(type="cancel", id="nosuch")
        assert (await socket.receive())["code"] == "unknown_turn"
        began = time.monotonic()
        assert await process.stop() == 0
    assert time.monotonic() - began < 2 * BOUND
    assert "Traceback" not in process.output


async def test_a_disk_that_is_full_refuses_turns_and_the_rest_goes_on(upstream: Upstream, sqlite_file: Path) -> None:
    async with running_over(upstream, database_url=f"sqlite:///{sqlite_file}", store_timeout="0.1") as process:
        async with conversations_of(process.address) as client:
            conversation = await client.create()
            resource.prlimit(process.process.pid, resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
            end: Frame = {}
            while end.get("code") != "store_unavailable":
                end = (await ask_rest(process.address, "x" * 20_000, conversation=conversation))[-1]
            async with asyncio.timeout(BOUND):
                while await client.is_ready():
                    pass
            assert (await ask_rest(process.address))[-1]["type"] == "usage"
            resource.prlimit(process.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
            assert await client.is_ready()
            assert (await ask_rest(process.address, conversation=conversation))[-1]["type"] == "usage"
            await whole(client, [conversation])
