"""The panels of the archive, of links and of prompts, and shared chats: complete, or with the reason why not."""

import asyncio

import aiohttp
import pytest
from playwright.async_api import Browser, Dialog, Locator, Route, expect
from support.conversations import conversations_of
from support.page import ChatPage, opened
from support.serving import serving, sharing
from support.upstream import Upstream, says


async def opens(page: ChatPage, name: str) -> Locator:
    await page.button(name).click()
    return page.page.get_by_role("dialog", name=name, exact=True)


def answers(page: ChatPage, *, accept: bool) -> asyncio.Future[str]:
    """Say yes or no to the next question of the page; the question."""
    question: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def answer(dialog: Dialog) -> None:
        question.set_result(dialog.message)
        page.errors.remove(f"dialog: {dialog.message}")
        await (dialog.accept() if accept else dialog.dismiss())

    page.page.once("dialog", answer)
    return question


async def test_all_archived_chats_can_be_seen_and_brought_back(browser: Browser, upstream: Upstream) -> None:
    async with serving(upstream) as address, conversations_of(address) as chats:
        for number in range(101):
            await chats.call("PATCH", f"/{await chats.create(title=f'Chat {number}')}", {"archived": True})
        async with opened(browser, address) as page:
            panel = await opens(page, "Archived chats")
            await expect(panel.get_by_role("listitem")).to_have_count(100)
            await panel.get_by_role("button", name="More").click()
            await expect(panel.get_by_role("listitem")).to_have_count(101)
            await expect(panel.get_by_role("button", name="More")).to_have_count(0)
            oldest = panel.get_by_role("listitem").last
            await expect(oldest).to_contain_text("Chat 0")
            await oldest.get_by_role("button", name="Bring back").click()
            await expect(panel.get_by_role("listitem")).to_have_count(100)
            await page.page.keyboard.press("Escape")
            await expect(page.chat("Chat 0")).to_be_visible()


async def test_an_archived_chat_is_deleted_only_after_a_question(browser: Browser, upstream: Upstream) -> None:
    async with serving(upstream) as address, conversations_of(address) as chats:
        await chats.call("PATCH", f"/{await chats.create(title='Keep me')}", {"archived": True})
        async with opened(browser, address) as page:
            panel = await opens(page, "Archived chats")
            for accept, count in ((False, 1), (True, 0)):
                question = answers(page, accept=accept)
                await panel.get_by_role("button", name="Delete").click()
                assert await question == "Delete 1 chat? This cannot be undone."
                await expect(panel.get_by_role("listitem")).to_have_count(count)
            await expect(panel).to_contain_text("No chat is archived.")


@pytest.mark.parametrize(
    "name, path, none",
    [
        ("Archived chats", "**/conversations?*archived*", "No chat is archived."),
        ("Shared links", "**/shares", "Nothing is shared."),
        ("Your prompts", "**/prompts", "You have no prompts yet."),
    ],
)
async def test_a_panel_whose_content_does_not_come_says_so_and_loads_it_again(
    page: ChatPage, name: str, path: str, none: str
) -> None:
    await page.page.route(path, lambda route: route.abort())
    panel = await opens(page, name)
    await expect(panel.get_by_role("status")).to_have_text("The server cannot be reached.")
    await expect(panel.get_by_text(none)).to_have_count(0)
    await page.page.unroute(path)
    await panel.get_by_role("button", name="Try again").click()
    await expect(panel.get_by_role("status")).to_have_text(none)
    await expect(panel.get_by_role("button", name="Try again")).to_have_count(0)


async def test_a_shared_chat_that_does_not_come_says_why_and_a_link_that_has_ended_says_that(
    browser: Browser, upstream: Upstream
) -> None:
    upstream.plays(says("An answer."))

    async def too_many(route: Route) -> None:
        problem = {"type": "error", "code": "rate_limited", "message": "", "retryable": True, "field": None}
        await route.fulfill(status=429, content_type="application/problem+json", json=problem)

    async with sharing(upstream, retries=0, public_shares=True) as address, opened(browser, address) as own:
        async with aiohttp.ClientSession(f"http://{address}") as http:
            made = await (await http.post("/conversations", json={"title": "Read this"})).json()
            async with http.post("/chat", json={"message": "hi", "conversation": made["id"]}) as response:
                message = (await response.json())["usage"]["message"]
            async with http.post(f"/conversations/{made['id']}/shares", json={"message": message}) as link:
                share = await link.json()
            page = own.page
            await page.route("**/shared/*", lambda route: route.abort())
            await page.goto(f"http://{address}/s/{share['token']}")
            await expect(page.get_by_role("status")).to_have_text("The server cannot be reached.")
            await page.unroute("**/shared/*")
            await page.route("**/shared/*", too_many)
            await page.get_by_role("button", name="Try again").click()
            await expect(page.get_by_role("status")).to_have_text("Too many questions came from here.")
            await page.unroute("**/shared/*")
            await page.get_by_role("button", name="Try again").click()
            await expect(page.get_by_role("article", name="Answer")).to_contain_text("An answer.")
            await http.delete(f"/shares/{share['id']}")
            await page.reload()
            await expect(page.get_by_role("status")).to_contain_text("The link has ended, or was taken back.")
            await expect(page.get_by_role("button", name="Try again")).to_have_count(0)
