"""A database that is there and refuses: one line at the start, 503 to clients, and all is well once it is put right."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import asyncpg
import pytest
from support.conversations import Conversations, conversations_of, whole
from support.log import Log
from support.pgbouncer import pgbouncer
from support.postgres import Postgres, fresh_database, postgres
from support.proxy import TcpProxy
from support.serving import serving
from support.transports import TRANSPORTS, ask_rest
from support.upstream import Upstream

from deltawire.config.settings import Settings
from deltawire.conversations.migrate import migrate


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    """A PostgreSQL whose roles and settings may be changed."""
    with postgres() as server:
        yield server


@pytest.fixture
async def url(server: Postgres) -> AsyncIterator[str]:
    """A database of it, with tables."""
    async with fresh_database(server.url) as url:
        await migrate(Settings(database_url=url).database)
        yield url


@asynccontextmanager
async def connection(url: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """The database as its owner sees it."""
    owner = await asyncpg.connect(url)
    try:
        yield owner
    finally:
        await owner.close()


async def tell(url: str, *statements: str) -> None:
    async with connection(url) as owner:
        for statement in statements:
            await owner.execute(statement)


@asynccontextmanager
async def role(url: str, name: str, *grants: str) -> AsyncIterator[str]:
    """A role with these rights; yield the URL with which it logs in."""
    await tell(url, f"CREATE ROLE {name} LOGIN", *(f"{grant} TO {name}" for grant in grants))
    try:
        yield url.replace("postgres@", f"{name}@")
    finally:
        await tell(url, f"DROP OWNED BY {name}", f"DROP ROLE {name}")


READS = "GRANT SELECT ON ALL TABLES IN SCHEMA public"
SERVES = (
    "GRANT SELECT ON alembic_version",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON conversations, messages, files, message_files",
    "GRANT INSERT ON usage",
)


async def refuses(address: str, client: Conversations, conversation: str) -> None:
    """See that turns, requests and the readiness probe are told that the store is unavailable."""
    status, problem = await client.call("POST", body={})
    assert (status, problem["code"]) == (503, "store_unavailable")
    await refuses_turns(address, client, conversation)


async def refuses_turns(address: str, client: Conversations, conversation: str) -> None:
    for ask in TRANSPORTS.values():
        end = (await ask(address, conversation=conversation))[-1]
        assert (end["code"], end["retryable"], end.get("status", 503)) == ("store_unavailable", True, 503)
    assert not await client.is_ready()
    assert (await ask_rest(address))[-1]["type"] == "usage"


async def works(address: str, client: Conversations) -> None:
    assert await client.is_ready()
    conversation = await client.create()
    for ask in TRANSPORTS.values():
        assert (await ask(address, conversation=conversation))[-1]["type"] == "usage"
    await whole(client, [conversation])


async def test_a_role_with_the_rights_of_the_docs_is_enough(upstream: Upstream, url: str) -> None:
    async with role(url, "enough", *SERVES) as theirs, serving(upstream, database_url=theirs) as address:
        async with conversations_of(address) as client:
            await works(address, client)
            assert (await client.page(q="hi"))["conversations"] != []
            [conversation] = (await client.page())["conversations"]
            assert (await client.call("DELETE", f"/{conversation['id']}"))[0] == 204


@pytest.mark.parametrize("grants", [(), (READS,)])
async def test_a_right_that_is_missing_is_a_503_and_named_in_the_log(
    upstream: Upstream, url: str, grants: tuple[str, ...], log: Log
) -> None:
    async with role(url, "somebody", *grants) as theirs, serving(upstream, database_url=theirs) as address:
        async with conversations_of(address) as client:
            await refuses(address, client, "any")
            assert "the role lacks a right" in (await log.line("store_fault"))["cause"]
            await tell(url, *(f"{grant} TO somebody" for grant in SERVES))
            await works(address, client)
    assert not [line for line in log.lines if line["event"] == "bug"]


@pytest.mark.parametrize(
    "statement", ["DROP TABLE messages CASCADE", "ALTER TABLE messages RENAME COLUMN conversation TO c"]
)
async def test_tables_that_are_gone_are_a_503(upstream: Upstream, url: str, statement: str) -> None:
    async with serving(upstream, database_url=url) as address, conversations_of(address) as client:
        conversation = await client.create()
        await tell(url, statement)
        await refuses_turns(address, client, conversation)


async def test_a_lock_that_somebody_holds_makes_it_unready_until_it_is_given_back(upstream: Upstream, url: str) -> None:
    async with serving(upstream, database_url=url) as address, conversations_of(address) as client:
        async with connection(url) as other:
            async with other.transaction():
                await other.execute("LOCK TABLE messages IN ACCESS EXCLUSIVE MODE")
                assert not await client.is_ready()
        await works(address, client)


async def test_a_database_that_only_reads_makes_it_unready(upstream: Upstream, url: str) -> None:
    async with role(url, "reader", *SERVES) as theirs, serving(upstream, database_url=theirs) as address:
        async with conversations_of(address) as client:
            conversation = await client.create()
            await tell(url, "ALTER ROLE reader SET default_transaction_read_only = on", END_OTHERS)
            await refuses(address, client, conversation)
            await tell(url, "ALTER ROLE reader RESET default_transaction_read_only", END_OTHERS)
            await works(address, client)


END_OTHERS = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


@pytest.mark.nightly
async def test_after_a_switchover_it_leaves_the_old_primary_that_only_reads(upstream: Upstream) -> None:
    with postgres() as old, postgres() as new:
        await migrate(Settings(database_url=old.url).database)
        await migrate(Settings(database_url=new.url).database)
        async with TcpProxy(urlsplit(old.url).netloc.partition("@")[2]) as proxy:
            url = f"postgresql://postgres@{proxy.address}/postgres"
            async with serving(upstream, database_url=url) as address, conversations_of(address) as client:
                conversation = await client.create()
                turns = [ask_rest(address, conversation=conversation) for _ in range(8)]  # on several connections
                assert {frames[-1]["type"] for frames in await asyncio.gather(*turns)} == {"usage"}
                await tell(old.url, "ALTER SYSTEM SET default_transaction_read_only = on", "SELECT pg_reload_conf()")
                proxy.leads_to(urlsplit(new.url).netloc.partition("@")[2])
                [refused] = await ask_rest(address, conversation=conversation)
                assert refused["code"] == "store_unavailable"
                for _ in range(12):
                    await client.create()
                await works(address, client)


async def test_a_pooler_in_transaction_mode_may_stand_between(upstream: Upstream, url: str) -> None:
    async with pgbouncer(url) as through, serving(upstream, database_url=through) as address:
        async with conversations_of(address) as client:
            conversations = [await client.create(title=f"t{number}") for number in range(6)]
            for _ in range(4):
                turns = [ask(address, conversation=each) for each in conversations for ask in TRANSPORTS.values()]
                assert {frames[-1]["type"] for frames in await asyncio.gather(*turns)} == {"usage"}
                found = await asyncio.gather(*(client.found("hello") for _ in range(6)))
                assert all(set(each) == set(conversations) for each in found)
            await whole(client, conversations)
            assert await client.is_ready()


async def test_a_pooler_may_stand_before_a_migration(server: Postgres) -> None:
    async with fresh_database(server.url) as url, pgbouncer(url) as through:
        await migrate(Settings(database_url=through).database)
        async with connection(url) as owner:
            assert await owner.fetchval("SELECT count(*) FROM messages") == 0
