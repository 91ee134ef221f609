"""A start with a database that refuses: one line in the log, and no stack trace."""

from collections.abc import AsyncIterator

import asyncpg
import pytest
from support.conversations import conversations_of
from support.forked import ForkServer
from support.postgres import fresh_database
from support.process import forked, running_over
from support.transports import ask_rest
from support.upstream import Upstream


@pytest.fixture
async def url(postgresql: str) -> AsyncIterator[str]:
    """A database in which a role of the name `visitor` may do nothing."""
    async with fresh_database(postgresql) as url:
        owner = await asyncpg.connect(url)
        await owner.execute("CREATE ROLE visitor LOGIN")
        await owner.execute("CREATE TABLE alembic_version (version_num TEXT)")
        yield url
        await owner.execute("DROP ROLE visitor")
        await owner.close()


REFUSALS = {
    "login": ("postgres@", "nobody-knows@", "the database refuses the login"),
    "database": ("/test_", "/nosuch_", "there is no such database"),
    "rights": ("postgres@", "visitor@", "the role lacks a right"),
    "certificate": ("?", "?ssl=require&", "ConnectionError"),
}


@pytest.mark.parametrize("refusal", REFUSALS)
async def test_a_start_says_in_one_line_that_the_database_refuses(upstream: Upstream, url: str, refusal: str) -> None:
    old, new, why = REFUSALS[refusal]
    async with running_over(upstream, database_url=f"{url}?".replace(old, new, 1)) as server:
        [line] = [line for line in server.lines if "database" in line["event"]]
        assert why in line["cause"]
        async with conversations_of(server.address) as client:
            assert not await client.is_ready()
            assert (await client.call("GET"))[0] == 503
        assert (await ask_rest(server.address, conversation="any"))[-1]["code"] == "store_unavailable"
        assert (await ask_rest(server.address))[-1]["type"] == "usage"
        assert await server.stop() == 0
        assert "Traceback" not in server.output


@pytest.mark.parametrize("refusal", REFUSALS)
async def test_a_migration_says_in_one_line_that_the_database_refuses(
    fork_server: ForkServer, url: str, refusal: str
) -> None:
    old, new, why = REFUSALS[refusal]
    async with forked(fork_server, "migrate", DELTAWIRE_DATABASE_URL=f"{url}?".replace(old, new, 1)) as migration:
        assert await migration.wait() == 1
    [line] = migration.printed_lines
    assert why in line
