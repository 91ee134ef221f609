"""The look of an answer."""

import re

import pytest
from playwright.async_api import Browser, CDPSession, expect
from support.page import NARROW, ChatPage, opened
from support.paths import PICTURES
from support.serving import serving, sharing
from support.upstream import Upstream, says

MEBIBYTE = 2**20

TABLE = "| a | b |\n| --- | --- |\n| 1 | 2 |\n"
CODE = "```python\ndef f() -> int:\n    return 1\n```\n"


async def test_a_table_is_a_table(page: ChatPage, upstream: Upstream) -> None:
    upstream.plays(says(TABLE[:12], TABLE[12:]))
    await page.ask("hi")
    await page.has_ended()
    await expect(page.answer.get_by_role("cell", name="2")).to_be_visible()


async def test_code_is_highlighted_and_copied(page: ChatPage, upstream: Upstream) -> None:
    await page.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    upstream.plays(says(*CODE.split(" ")[:1], CODE[len(CODE.split(" ", maxsplit=1)[0]) :]))
    await page.ask("hi")
    await page.has_ended()
    await expect(page.answer.locator("[data-language=python] span", has_text=re.compile("^def$"))).to_have_css(
        "color", "rgb(207, 34, 46)"
    )
    await page.answer.get_by_role("button", name="Copy code").click()
    copied = await page.page.evaluate("navigator.clipboard.readText()")
    assert copied.strip() == CODE.removeprefix("```python\n").removesuffix("```\n").strip()


async def test_an_answer_is_copied_as_it_was_written(page: ChatPage, upstream: Upstream) -> None:
    await page.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    upstream.plays(says("**Bold** words"))
    await page.ask("hi")
    await page.has_ended()
    await page.button("Copy answer").click()
    await expect(page.button("Copied")).to_be_visible()
    assert await page.page.evaluate("navigator.clipboard.readText()") == "**Bold** words"


@pytest.mark.nightly
async def test_an_answer_of_8_mb_is_shown_to_its_end(page: ChatPage, upstream: Upstream) -> None:
    piece = ("A line of some length, as a model would write it.\n" * 400)[: 2**14]
    pieces = 8 * MEBIBYTE // len(piece)
    upstream.plays(says(*[piece] * pieces, "The very last word."))
    await page.ask("hi")
    await expect(page.answer).to_have_attribute("aria-busy", "false", timeout=60_000)
    last = page.answer.locator(".answer > div").last
    await expect(last).to_contain_text("The very last word.")
    await page.button("Jump to latest").click()
    await expect(page.button("Jump to latest")).to_be_hidden()
    assert await last.evaluate("element => element.getBoundingClientRect().bottom <= innerHeight")
    shown = await page.answer.locator(".answer").evaluate("element => element.textContent.length")
    assert shown == pieces * len(piece) + len("The very last word.")


@pytest.fixture
def page(used_page: ChatPage) -> ChatPage:
    """The page of all tests here: each looks at one answer."""
    return used_page


async def answers(page: ChatPage, upstream: Upstream, *pieces: str) -> None:
    upstream.plays(says(*pieces))
    await page.ask("hi")
    await page.has_ended()


@pytest.mark.parametrize(
    "text",
    ["Delete all *.tmp files", "a lone _ and ~~ and `", "It is [half a link](example.org", "costs $$5 and **more"],
)
async def test_an_ended_answer_is_shown_as_it_was_written(page: ChatPage, upstream: Upstream, text: str) -> None:
    await answers(page, upstream, *text.partition(" "))
    await expect(page.answer.locator(".answer")).to_have_text(text)
    await expect(page.answer.locator(".answer").locator("em, strong, del, a, code")).to_have_count(0)


async def test_a_fence_that_is_not_closed_gains_nothing(page: ChatPage, upstream: Upstream) -> None:
    await answers(page, upstream, "```sh\nrm ", "*.tmp")
    assert await page.answer.locator("pre").inner_text() == "rm *.tmp"


@pytest.mark.parametrize(
    "name",
    [
        *("yml", "console", "Python3"),
        *(
            pytest.param(name, marks=pytest.mark.nightly)
            for name in ("c++", "golang", "C#", "dockerfile", "jsonc", "tsx", "hs")
        ),
    ],
)
async def test_code_is_highlighted_by_the_names_that_models_use(page: ChatPage, upstream: Upstream, name: str) -> None:
    code = {"console": "$ echo 'a'", "dockerfile": "FROM scratch", "yml": "a: 1"}.get(name, 'return "a" + 1')
    await answers(page, upstream, f"```{name}\n{code}\n```\n")
    await expect(page.answer.locator("pre code span").first).to_be_visible()


async def test_long_lines_of_code_wrap_when_asked(page: ChatPage, upstream: Upstream) -> None:
    await answers(page, upstream, f"```text\n{'word ' * 200}\n```\n")
    code = page.answer.get_by_role("group", name="Code")
    wide = "element => element.scrollWidth > element.clientWidth"
    assert await code.evaluate(wide)
    await page.answer.get_by_role("button", name="Wrap lines").click()
    await expect(page.answer.get_by_role("button", name="Wrap lines")).to_have_attribute("aria-pressed", "true")
    assert not await code.evaluate(wide)


async def test_a_diagram_is_drawn_when_that_is_asked_for(browser: Browser, upstream: Upstream) -> None:
    async with sharing(upstream, retries=0) as address, opened(browser, address) as page:
        urls: list[str] = []
        page.page.on("request", lambda request: urls.append(request.url))
        await answers(page, upstream, "```mermaid\ngraph TD\n  A[Start] --> B{Good?}\n  B -->|yes| C[End]\n```\n")
        await expect(page.answer.locator("img")).to_have_count(0)
        assert not any("diagram" in url for url in urls)
        await page.answer.get_by_role("button", name="Draw").click()
        drawing = page.answer.get_by_role("group", name="Diagram").get_by_role("img")
        await expect(drawing).to_be_visible()
        assert await drawing.evaluate("image => image.decode().then(() => image.naturalWidth)") > 50
        assert await page.violations() == []
        await page.answer.get_by_role("button", name="Show source").click()
        await expect(page.answer.locator("pre")).to_contain_text("graph TD")


async def test_what_is_no_diagram_is_said_to_be_none(page: ChatPage, upstream: Upstream) -> None:
    await answers(page, upstream, "```mermaid\nno diagram at all\n```\n")
    await page.answer.get_by_role("button", name="Draw").click()
    await expect(page.answer.get_by_text("This diagram cannot be drawn here")).to_be_visible()


async def test_headings_of_each_depth_differ(page: ChatPage, upstream: Upstream) -> None:
    await answers(page, upstream, "\n\n".join(f"{'#' * depth} Heading" for depth in range(1, 7)) + "\n\nText")
    await expect(page.answer.get_by_role("heading")).to_have_count(6)
    looks = "element => [getComputedStyle(element).fontSize, getComputedStyle(element).textTransform].join()"
    styles = [await heading.evaluate(looks) for heading in await page.answer.get_by_role("heading").all()]
    assert len(set(styles)) == len(styles) == 6


async def test_a_task_has_a_box_and_no_bullet(page: ChatPage, upstream: Upstream) -> None:
    await answers(page, upstream, "- [x] done\n- [ ] to do\n- neither")
    await expect(page.answer.get_by_role("checkbox")).to_have_count(2)
    styles = "items => items.map(item => getComputedStyle(item).listStyleType)"
    assert await page.answer.locator(".answer li").evaluate_all(styles) == ["none", "none", "disc"]


async def test_a_note_is_reached_and_left_by_its_number(page: ChatPage, upstream: Upstream) -> None:
    await answers(page, upstream, "It is so[^1].\n\n", "Words.\n\n" * 50, "[^1]: As somebody said.")
    await page.answer.get_by_role("link", name="Note 1").click()
    note = page.answer.get_by_role("region", name="Notes").get_by_role("listitem")
    await expect(note).to_be_focused()
    await expect(note).to_be_in_viewport()
    await note.get_by_role("button", name="Back to where note 1 is named").click()
    await expect(page.answer.get_by_role("link", name="Note 1")).to_be_in_viewport()


LARGE = {
    "opened brackets": "[" * 100_000,
    "quotes in quotes": "> " * 20_000 + "x",
    "lists in lists": "- " * 20_000 + "x",
    "a table of 10,000 columns": "|" + "a|" * 10_000 + "\n|" + "-|" * 10_000 + "\n|b|\n",
    "a macro that grows": "$$\\def\\a{" + "x" * 1_500 + "}" + "\\a" * 1_000 + "$$",
    "a macro without end": "$$\\def\\a{\\a\\a}\\a$$",
    "a formula larger than the page": "$$\\rule{99999em}{99999em}$$",
    "formulas": "$x$ " * 20_000,
    "one line of code": "```js\n" + "a=[1,2];" * 12_000 + "\n```",
    "marks": "*a **b " * 8_000,
}


@pytest.mark.parametrize("text", LARGE.values(), ids=LARGE)
async def test_what_is_more_than_its_length_is_worth_stops_nothing(
    page: ChatPage, upstream: Upstream, text: str
) -> None:
    session = await page.page.context.new_cdp_session(page.page)
    await session.send("Performance.enable", {"timeDomain": "threadTicks"})
    before = await busy_seconds(session)
    await answers(page, upstream, "Before.\n\n", text, "\n\nThe end.")
    await expect(page.answer.get_by_text("The end.")).to_be_visible()
    await page.page.evaluate("new Promise((resume) => requestIdleCallback(resume))")
    assert await busy_seconds(session) - before < 4


async def busy_seconds(session: CDPSession) -> float:
    """For how long the page's main thread has had the processor."""
    metrics = await session.send("Performance.getMetrics")
    return next(float(metric["value"]) for metric in metrics["metrics"] if metric["name"] == "TaskDuration")


EVERYTHING = """\
# Heading 1
## Heading 2
### Heading 3
#### Heading 4
##### Heading 5
###### Heading 6

Delete all *.tmp files, then press <kbd>Ctrl</kbd>+<kbd>C</kbd>: H<sub>2</sub>O, x<sup>2</sup>, <mark>seen</mark>.
A line of its own. **\u91cd\u70b9\uff08\u6ce8\uff09**\u89c1https://example.org/a\u3002\u597d
`inline` and a note[^1] and [a link][later].

> A quote, in
> two lines.

> [!NOTE]
> Mind *this*.

> [!WARNING]
> And that.

- [x] done
- [ ] to do
- an item
  - in an item

1. one

   with a paragraph
2. two

<details>
<summary>More of it</summary>

Words that were **hidden**.

</details>

| name | value |
| --- | ---: |
| a<br>b | 1 |
| $|x|$ | 2 |

```python
def f(x: int) -> str:  # a line that is long enough to be wider than a narrow screen, or to be wrapped when asked
    return f"{x!r}"
```

```markdown
# T
```js
code
```
```

```mermaid
graph LR
  A[Start] --> B{Good?} -->|yes| C[End]
```

$$
x = \\frac{-b \\pm \\sqrt{b^2 - 4ac}}{2a}
$$

---

The end.

[^1]: As *somebody* said.

[later]: https://example.org/later
"""


@pytest.mark.parametrize(
    "size",
    [{"width": 1200, "height": 2600}, pytest.param(NARROW | {"height": 3600}, marks=pytest.mark.nightly)],
    ids=["wide", "narrow"],
)
async def test_all_of_it_fits_its_screen_and_axe_finds_nothing(
    browser: Browser, upstream: Upstream, size: dict[str, int]
) -> None:
    async with serving(upstream) as address:
        async with opened(browser, address, viewport=size) as page:
            await answers(page, upstream, EVERYTHING)
            await expect(page.answer.locator(".katex")).to_have_count(2)
            await page.answer.get_by_role("button", name="Draw").click()
            await expect(page.answer.get_by_role("group", name="Diagram").get_by_role("img")).to_be_visible()
            await page.answer.get_by_text("More of it").click()
            await expect(page.answer.locator("pre code span").first).to_be_visible()
            assert await page.page.evaluate("document.documentElement.scrollWidth") == size["width"]
            assert await page.violations() == []
            await page.page.locator("[data-scroller]").evaluate("element => element.scrollTo(0, 0)")
            async for scheme in page.in_each_scheme():
                await page.page.screenshot(path=PICTURES / f"markdown-{scheme}-{size['width']}.png")
