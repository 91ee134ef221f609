from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect
from support.browser import chromium
from support.conversations import conversations_of
from support.page import ChatPage, opened
from support.serving import serving, sharing
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


@pytest.fixture(scope="session")
def shared_chats(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which the server of `page` keeps its chats."""
    return tmp_path_factory.mktemp("chats")


@pytest.fixture
async def page(browser: Browser, upstream: Upstream, shared_chats: Path) -> AsyncIterator[ChatPage]:
    """The page of a server over `upstream`, which retries nothing, and has no chats."""
    async with sharing(upstream, retries=0, data_dir=shared_chats) as address:
        async with conversations_of(address) as chats:
            for chat in (await chats.page(limit=100))["conversations"]:
                await chats.call("DELETE", f"/{chat['id']}")
        async with opened(browser, address) as page:
            yield page
        await upstream.forget()  # else an answer that is still played would go on for the page's grace


@pytest.fixture(scope="module")
async def module_page(
    browser: Browser, session_upstream: Upstream, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[ChatPage]:
    async with serving(session_upstream, retries=0, data_dir=tmp_path_factory.mktemp("chats")) as address:
        async with opened(browser, address) as page:
            yield page


@pytest.fixture
async def used_page(module_page: ChatPage, upstream: Upstream) -> AsyncIterator[ChatPage]:
    """A page at a new chat, for tests that look at an answer, and to whom it is all one what the page has shown before.

    To open one takes a second of the processor.
    """
    if await module_page.question.count():
        await module_page.button("New chat").click()
        await expect(module_page.question).to_have_count(0)
    yield module_page
    errors, module_page.errors = module_page.errors, []
    assert errors == []
