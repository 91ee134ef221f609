from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect
from support.browser import chromium
from support.page import ChatPage, opened
from support.serving import serving
from support.upstream import Upstream

expect.set_options(timeout=60_000)  # what is awaited comes when it comes: a busy machine is no fault


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as browser:
        yield browser


@pytest.fixture(autouse=True)
def own_chats(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test finds the list of chats empty."""
    monkeypatch.setenv("DELTAWIRE_DATA_DIR", str(tmp_path))


@pytest.fixture
async def page(browser: Browser, upstream: Upstream) -> AsyncIterator[ChatPage]:
    """The page of a server over `upstream`, which retries nothing."""
    async with serving(upstream, retries=0) as address, opened(browser, address) as page:
        yield page
