"""The clipboard after a copy: answers, tables, code and formulas, as they were written."""

import pytest
from playwright.async_api import expect
from support.page import ChatPage
from support.upstream import Upstream, says

TABLE = '| name | says |\n| --- | --- |\n| a, b | "yes" |\n| **c** | one<br>two |\n| $x^2$ | `d` |\n'
READ_HTML = """async () => {
  const [item] = await navigator.clipboard.read();
  return (await item.getType("text/html")).text();
}"""


@pytest.fixture
def page(used_page: ChatPage) -> ChatPage:
    """The page of all tests here: each looks at one answer."""
    return used_page


async def answers(page: ChatPage, upstream: Upstream, text: str) -> None:
    await page.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    upstream.plays(says(text))
    await page.ask("hi")
    await page.has_ended()


async def copied(page: ChatPage, label: str) -> str:
    await page.answer.get_by_role("button", name=label, exact=True).click()
    await expect(page.answer.get_by_role("button", name="Copied", exact=True)).to_be_visible()
    return str(await page.page.evaluate("navigator.clipboard.readText()"))


async def test_an_answer_is_copied_as_rich_text_and_as_markdown(page: ChatPage, upstream: Upstream) -> None:
    text = "# T\n\n**Bold** *.tmp, $x_1$\n\n| a |\n| - |\n| b |\n\n```py\nx = 1\n```"
    await answers(page, upstream, text)
    assert await copied(page, "Copy answer") == text
    html = await page.page.evaluate(READ_HTML)
    for part in ("<h1>T</h1>", "<strong>Bold</strong> *.tmp, $x_1$", "<th>a</th>", "<td>b</td>", "x = 1"):
        assert part in html
    assert "<button" not in html
    assert "katex" not in html


async def test_an_answer_is_copied_as_markdown_alone(page: ChatPage, upstream: Upstream) -> None:
    await answers(page, upstream, "**Bold** words")
    assert await copied(page, "Copy as Markdown") == "**Bold** words"
    types = await page.page.evaluate("navigator.clipboard.read().then(([item]) => item.types)")
    assert types == ["text/plain"]


@pytest.mark.parametrize("label", ["Copy answer", "Copy as Markdown", "Copy code"])
async def test_a_browser_that_does_not_let_the_page_copy_is_said_to(
    page: ChatPage, upstream: Upstream, label: str
) -> None:
    await answers(page, upstream, "```py\nx = 1\n```")
    session = await page.page.context.new_cdp_session(page.page)
    context = (await session.send("Target.getTargetInfo"))["targetInfo"]["browserContextId"]
    for unsanitized in (True, False):
        permission = {"name": "clipboard-write", "allowWithoutSanitization": unsanitized}
        denied = {"permission": permission, "setting": "denied", "browserContextId": context}
        await session.send("Browser.setPermission", denied)
    await page.answer.get_by_role("button", name=label, exact=True).click()
    await expect(page.answer.get_by_role("button", name="The browser does not let this page copy")).to_be_visible()
    await page.page.context.clear_permissions()


@pytest.mark.parametrize(
    "label,text",
    [
        ("Copy table as TSV", 'name\tsays\na, b\t"yes"\nc\tone two\n$x^2$\td'),
        ("Copy table as CSV", 'name,says\n"a, b","""yes"""\nc,"one\ntwo"\n$x^2$,d'),
    ],
)
async def test_a_table_is_copied_for_spreadsheets(page: ChatPage, upstream: Upstream, label: str, text: str) -> None:
    await answers(page, upstream, TABLE)
    await expect(page.answer.locator(".katex")).to_have_count(1)
    assert await copied(page, label) == text


@pytest.mark.parametrize("fence", ["```py\nx = 1\n\ny = 2\n```\n", "```\nnever closed", "    indented\n"])
async def test_code_is_copied_without_a_line_break_at_its_end(page: ChatPage, upstream: Upstream, fence: str) -> None:
    await answers(page, upstream, fence)
    code = fence.removeprefix("```py\n").removeprefix("```\n").removesuffix("\n```\n").strip()
    assert await copied(page, "Copy code") == code
    assert await page.answer.locator("pre code").evaluate("code => code.textContent") == code


async def test_a_formula_is_copied_as_tex(page: ChatPage, upstream: Upstream) -> None:
    await answers(page, upstream, "So $a_1$ and\n\n$$\n\\frac{1}{2}\n$$\n\nthe end.")
    await expect(page.answer.locator(".katex")).to_have_count(2)
    await page.answer.get_by_role("group", name="Formula").hover()
    assert await copied(page, "Copy formula as TeX") == "\\frac{1}{2}"


async def test_what_is_selected_is_copied_with_formulas_as_tex(page: ChatPage, upstream: Upstream) -> None:
    await answers(page, upstream, "So $a_1$ and\n\n$$\n\\frac{1}{2}\n$$\n\nthe end.")
    await expect(page.answer.locator(".katex")).to_have_count(2)
    await page.answer.locator(".answer").evaluate("answer => getSelection().selectAllChildren(answer)")
    await page.page.keyboard.press("Control+C")
    text = await page.page.evaluate("navigator.clipboard.readText()")
    assert [line for line in text.split("\n") if line] == ["So $a_1$ and", "$$\\frac{1}{2}$$", "the end."]
