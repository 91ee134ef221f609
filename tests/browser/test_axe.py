"""axe looks at every main state, light and dark, wide and narrow: nothing of it may shut people out.

By day at those states, wide, of which test_looks.py takes no picture: there it looks at the others. All, by night.
"""

import re
from typing import Any

import pytest
from playwright.async_api import Browser, expect
from support.page import NARROW, WIDE, ChatPage, opened
from support.proxy import TcpProxy
from support.serving import serving
from support.upstream import Upstream, fails, says, says_and_is_silent

ANSWER = """\
## With everything in it

Words, **strong** ones, `code` in a line, and [a link](https://example.org).

| a column of some width | another one | a third, so that a phone has to scroll |
| --- | --- | --- |
| 1 | 2 | 3 |

| a second table |
| --- |
| 4 |

- [x] done
- [ ] to do

> What somebody said[^1].

```python
def scrolls_sideways_on_a_phone(first: int, second: int, third: int) -> tuple[int, int, int]:
    return first, second, third
```

```
without a language
```

[^1]: In a note.
"""


async def welcomes(_page: ChatPage, _upstream: Upstream, _proxy: TcpProxy) -> None:
    """Nothing is asked yet."""


async def streams(page: ChatPage, upstream: Upstream, _: TcpProxy) -> None:
    upstream.plays(says_and_is_silent(ANSWER[:400]))
    await page.ask("hi")
    await expect(page.answer.get_by_role("table").first).to_be_visible()


async def has_answered(page: ChatPage, upstream: Upstream, _: TcpProxy) -> None:
    upstream.plays(says(ANSWER, thoughts=["Let me see."]))
    await page.button("Show thoughts").click()
    await page.ask("hi")
    await page.has_ended()
    await expect(page.answer.locator("[data-language=python] span", has_text=re.compile("^def$"))).to_be_visible()
    await page.answer.get_by_text("Thoughts", exact=True).click()
    await expect(page.answer.get_by_text("Let me see.")).to_be_visible()


async def is_stopped(page: ChatPage, upstream: Upstream, proxy: TcpProxy) -> None:
    await streams(page, upstream, proxy)
    await page.button("Stop").click()
    await page.has_ended()


async def is_refused(page: ChatPage, upstream: Upstream, _: TcpProxy) -> None:
    upstream.plays(fails(429, "RESOURCE_EXHAUSTED"))
    await page.ask("hi")
    await expect(page.button("Retry")).to_be_visible()


async def has_lost_its_connection(page: ChatPage, upstream: Upstream, proxy: TcpProxy) -> None:
    await streams(page, upstream, proxy)
    await proxy.__aexit__()
    await page.is_connected("Not connected")


async def edits(page: ChatPage, upstream: Upstream, proxy: TcpProxy) -> None:
    await has_answered(page, upstream, proxy)
    await page.button("Regenerate").click()
    await page.has_ended()
    await page.button("Edit question").click()
    await expect(page.page.get_by_role("textbox", name="Edit your question")).to_be_focused()


async def shows_a_refused_setting(page: ChatPage, _upstream: Upstream, _proxy: TcpProxy) -> None:
    settings = await page.opens_settings()
    await settings.get_by_label("Temperature").fill("3")
    await page.page.keyboard.press("Escape")
    await page.ask("hi")
    await page.button("Open settings").click()
    await expect(settings.get_by_label("Temperature")).to_be_focused()


async def lists_its_shortcuts(page: ChatPage, _upstream: Upstream, _proxy: TcpProxy) -> None:
    await page.page.keyboard.press("Control+/")
    await expect(page.page.get_by_role("dialog", name="Shortcuts")).to_be_visible()


async def has_its_menu_open(page: ChatPage, _upstream: Upstream, _proxy: TcpProxy) -> None:
    await page.ask("hi")
    await page.has_ended()
    await page.lists_chats()
    await page.button("Options of hi").click()
    await expect(page.page.get_by_role("menuitem", name="Rename")).to_be_focused()


async def renames(page: ChatPage, upstream: Upstream, proxy: TcpProxy) -> None:
    await has_its_menu_open(page, upstream, proxy)
    await page.page.get_by_role("menuitem", name="Rename").click()
    await expect(page.page.get_by_role("textbox", name="Title")).to_be_focused()


async def has_deleted(page: ChatPage, upstream: Upstream, proxy: TcpProxy) -> None:
    await has_its_menu_open(page, upstream, proxy)
    await page.page.get_by_role("menuitem", name="Delete").click()
    await expect(page.button("Undo")).to_be_visible()


async def has_found(page: ChatPage, _upstream: Upstream, _proxy: TcpProxy) -> None:
    for question in ("first", "second"):
        await page.page.keyboard.press("Control+Shift+O")
        await page.ask(question)
        await page.has_ended()
    await page.page.keyboard.press("Control+k")
    await page.page.keyboard.type("first")
    await expect(page.page.get_by_role("link", name="second")).to_have_count(0)


async def has_found_nothing(page: ChatPage, _upstream: Upstream, _proxy: TcpProxy) -> None:
    await page.page.keyboard.press("Control+k")
    await page.page.keyboard.type("nobody said this")
    await expect(page.page.get_by_text("No chat holds these words.").last).to_be_visible()


async def shows_no_chat(page: ChatPage, _upstream: Upstream, _proxy: TcpProxy) -> None:
    await page.page.goto(f"{page.page.url}c/nothing")
    await expect(page.page.get_by_text("There is no chat at this address")).to_be_visible()


async def has_no_answer(page: ChatPage, upstream: Upstream, _: TcpProxy) -> None:
    upstream.plays(fails(400, "INVALID_ARGUMENT"))
    await page.ask("hi")
    await page.has_ended()
    await page.page.reload()
    await expect(page.button("Ask again")).to_be_visible()


STATES = [
    welcomes,
    streams,
    has_answered,
    is_stopped,
    is_refused,
    has_lost_its_connection,
    edits,
    shows_a_refused_setting,
    lists_its_shortcuts,
    has_its_menu_open,
    renames,
    has_deleted,
    has_found,
    has_found_nothing,
    shows_no_chat,
    has_no_answer,
]


NO_PICTURES = [has_answered, has_found_nothing]


def cells() -> list[Any]:
    return [
        pytest.param(
            *(state, size),
            id=f"{state.__name__}-{name}",
            marks=() if size is WIDE and state in NO_PICTURES else pytest.mark.nightly,
        )
        for state in STATES
        for name, size in (("wide", WIDE), ("narrow", NARROW))
    ]


@pytest.mark.parametrize("state, size", cells())
async def test_axe_finds_nothing_and_no_word_is_unfit(
    browser: Browser, upstream: Upstream, state: Any, size: dict[str, int]
) -> None:
    async with serving(upstream, models="a,b", retries=0) as address, TcpProxy(address) as proxy:
        async with opened(browser, proxy.address, viewport=size) as page:
            await state(page, upstream, proxy)
            assert await page.unfit_words() == []
            assert await page.violations() == []


async def test_axe_finds_nothing_in_the_drawer_of_chats(browser: Browser, upstream: Upstream) -> None:
    async with serving(upstream) as address:
        async with opened(browser, address, viewport=NARROW) as page:
            await page.ask("hi")
            await page.has_ended()
            await page.button("Chats").click()
            await expect(page.page.get_by_role("dialog", name="Chats")).to_be_visible()
            assert await page.violations() == []


async def test_axe_finds_nothing_without_a_model(browser: Browser) -> None:
    async with serving(None) as address, opened(browser, address) as page:
        assert await page.violations() == []


async def test_axe_looks_at_the_page(page: ChatPage) -> None:
    await page.page.evaluate("document.querySelector('textarea').removeAttribute('aria-label')")
    await page.page.evaluate("document.querySelector('textarea').removeAttribute('placeholder')")
    await page.page.evaluate("document.querySelector('h2').style.color = 'light-dark(black, #222)'")
    found = [violation.split(": ")[:2] for violation in await page.violations()]
    assert found == [["light", "label"], ["dark", "color-contrast"]]
