import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect
from support.browser import chromium
from support.page import ChatPage, opened
from support.serving import serving
from support.upstream import Upstream

from deltawire.conversations.migrate import migrate

expect.set_options(timeout=60_000)  # what is awaited comes when it comes: a busy machine is no fault


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as browser:
        yield browser


@pytest.fixture(scope="session")
async def no_chats(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with tables and nothing in them: migrating one for each test would take longer than copying it."""
    file = tmp_path_factory.mktemp("template") / "conversations.db"
    await migrate(f"sqlite+aiosqlite:///{file}")
    return file


@pytest.fixture(autouse=True)
def own_chats(no_chats: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test finds the list of chats empty."""
    shutil.copy(no_chats, tmp_path)
    monkeypatch.setenv("DELTAWIRE_DATA_DIR", str(tmp_path))


@pytest.fixture
async def page(browser: Browser, upstream: Upstream) -> AsyncIterator[ChatPage]:
    """The page of a server over `upstream`, which retries nothing."""
    async with serving(upstream, retries=0) as address, opened(browser, address) as page:
        yield page
