from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from support.conversations import Conversations, conversations_of
from support.postgres import copied
from support.serving import serving
from support.upstream import Upstream, says

from deltawire.conversations.migrate import migrate


@pytest.fixture(scope="module")
async def module_database(
    template: str, postgresql: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[str]:
    """One of each kind for a whole module."""
    async with copied(template, postgresql, tmp_path_factory.mktemp("module")) as url:
        yield url


@pytest.fixture(scope="module")
async def shared_upstream() -> AsyncIterator[Upstream]:
    async with Upstream() as server:
        yield server


@pytest.fixture
def upstream(shared_upstream: Upstream) -> Upstream:
    """The upstream of a module's server; each test finds it as new."""
    shared_upstream.plays(says("Hello", " world"))
    return shared_upstream


@pytest.fixture(scope="module")
async def address(shared_upstream: Upstream, module_database: str) -> AsyncIterator[str]:
    """A server over the upstream and a database of its own; the tests of a module share it."""
    async with serving(shared_upstream, database_url=module_database) as address:
        yield address


@pytest.fixture
async def client(address: str) -> AsyncIterator[Conversations]:
    """Each test makes conversations of its own."""
    async with conversations_of(address) as client:
        yield client


@pytest.fixture
async def sqlite_file(tmp_path: Path) -> Path:
    """A SQLite database."""
    await migrate(f"sqlite+aiosqlite:///{tmp_path / 'c.db'}")
    return tmp_path / "c.db"
