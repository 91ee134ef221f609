import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from support.conversations import Conversations, conversations_of
from support.postgres import fresh_database
from support.serving import serving
from support.upstream import Upstream, says

from deltawire.config.settings import Settings
from deltawire.conversations.migrate import migrate


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
async def template(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, postgresql: str
) -> AsyncIterator[str]:
    """The URL of a database of each kind, with tables and nothing in them."""
    if request.param == "sqlite":
        url = f"sqlite+aiosqlite:///{tmp_path_factory.mktemp('template') / 'conversations.db'}"
        await migrate(url)
        yield url
    else:
        async with fresh_database(postgresql) as url:
            await migrate(Settings(database_url=url).database)
            yield url


@asynccontextmanager
async def copied(template: str, postgresql: str, folder: Path) -> AsyncIterator[str]:
    """The URL of a copy of it."""
    scheme, _, file = template.partition(":///")
    if file:
        shutil.copy(file, folder)
        yield f"{scheme}:///{folder / Path(file).name}"
    else:
        async with fresh_database(postgresql, template.rpartition("/")[2]) as url:
            yield Settings(database_url=url).database


@pytest.fixture
async def database(template: str, postgresql: str, tmp_path: Path) -> AsyncIterator[str]:
    """A database of each kind for one test; its URL."""
    async with copied(template, postgresql, tmp_path) as url:
        yield url


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
