"""Whatever the model writes: nothing of it runs, and nothing leaves the host."""

import pytest
from playwright.async_api import expect
from support.page import ChatPage
from support.upstream import Upstream, says

ELSEWHERE = "http://203.0.113.7"
HOSTILE = {
    "a script": "<script>window.ran = true</script>",
    "a handler": '<img src="/nothing" onerror="window.ran = true">',
    "a handler in SVG": '<svg onload="window.ran = true"><a xlink:href="javascript:window.ran=1">x</a></svg>',
    "a frame": f'<iframe src="{ELSEWHERE}/frame" srcdoc="<script>parent.ran = true</script>"></iframe>',
    "a style": f"<style>@import '{ELSEWHERE}/style';</style><p style=\"background: url({ELSEWHERE}/style)\">x</p>",
    "a form": f'<form action="{ELSEWHERE}/form"><input name="x" autofocus onfocus="window.ran = true"></form>',
    "a reload": f'<meta http-equiv="refresh" content="0; url={ELSEWHERE}/reload"><base href="{ELSEWHERE}/">',
    "a beacon": f"![ ]({ELSEWHERE}/beacon.png) ![]( {ELSEWHERE}/beacon2.png 'x')",
    "a beacon by reference": f"![x][y]\n\n[y]: {ELSEWHERE}/beacon.png",
    "a beacon in HTML": f'<img src="{ELSEWHERE}/a" srcset="{ELSEWHERE}/b 2x"><video poster="{ELSEWHERE}/c">',
    "a beacon in a diagram": f'```mermaid\ngraph TD; A["<img src={ELSEWHERE}/d.png>"]\n```',
}
NAMES_OF_ELEMENTS = """(answer) => {
  const read = ["br", "sub", "sup", "kbd", "mark", "details", "summary", "b", "object", "textarea", "svg", "use"];
  const found = [...answer.querySelectorAll(read.join())].filter((element) => !element.closest("[data-tools]"));
  return Object.fromEntries(read.map((name) => [name, found.filter(({ localName }) => localName === name).length])
    .filter(([, number]) => number > 0));
}"""
LINKS = {
    "javascript": "[click](javascript:window.ran=true)",
    "javascript, disguised": "[click](java\tscript:window.ran=true) [click](&#106;avascript:window.ran=true)",
    "data": "[click](data:text/html,<script>opener.ran=true</script>)",
    "a file": "[click](file:///etc/passwd)",
    "another host without a scheme": "[click](//203.0.113.7/x)",
    "an application": "[click](irc://203.0.113.7/x)",
}


@pytest.fixture
def page(used_page: ChatPage) -> ChatPage:
    """The same page for all of them: what runs in one would be seen by those that follow, too."""
    return used_page


async def answered(page: ChatPage, upstream: Upstream, text: str) -> None:
    upstream.plays(says(text, "\n\nThe end."))
    await page.ask("hi")
    await page.has_ended()
    await expect(page.answer.get_by_text("The end.")).to_be_visible()


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
async def test_nothing_runs_and_nothing_leaves(page: ChatPage, upstream: Upstream, text: str) -> None:
    await answered(page, upstream, text)
    for element in ("script", "img", "iframe", "svg a", "form", "input", "style", "meta", "base", "video"):
        await expect(page.answer.locator(element)).to_have_count(0)
    await page.page.wait_for_load_state("networkidle")
    assert await page.page.evaluate("window.ran") is None


@pytest.mark.parametrize("text", LINKS.values(), ids=LINKS)
async def test_a_link_that_is_no_page_is_no_link(page: ChatPage, upstream: Upstream, text: str) -> None:
    await answered(page, upstream, text)
    await expect(page.answer.locator("a")).to_have_count(0)
    for words in await page.answer.get_by_text("click").all():
        await words.click()
    assert await page.page.evaluate("window.ran") is None


async def test_a_link_opens_a_page_that_learns_nothing_of_this_one(page: ChatPage, upstream: Upstream) -> None:
    await answered(page, upstream, f"[a page]({ELSEWHERE}/page) and [a letter](mailto:someone@example.org)")
    link = page.answer.get_by_role("link", name="a page")
    await expect(link).to_have_attribute("rel", "noopener noreferrer")
    await expect(link).to_have_attribute("target", "_blank")
    await expect(page.answer.get_by_role("link", name="a letter")).to_have_attribute(
        "href", "mailto:someone@example.org"
    )


async def test_an_image_is_a_link_with_its_description(page: ChatPage, upstream: Upstream) -> None:
    await answered(page, upstream, f"![A cat]({ELSEWHERE}/cat.png)")
    await expect(page.answer.get_by_role("link", name="A cat")).to_have_attribute("href", f"{ELSEWHERE}/cat.png")


async def test_of_html_only_the_tags_of_the_list_are_read(page: ChatPage, upstream: Upstream) -> None:
    read = "a<br>b <sub>c</sub> <sup>d</sup> <kbd>e</kbd> <mark>f</mark>"
    attributes = '<sub onclick="window.ran = true">g</sub> <mark style="color: red">h</mark> <br class="i">'
    folded = "<details>\n<summary>j</summary>\n\nk\n\n</details>\n\n<details ontoggle='window.ran = true' open>\n\nl"
    others = "<b>m</b> <a href='x'>n</a> <object data='x'>o</object> <textarea>p</textarea> <svg><use href='x'/></svg>"
    await answered(page, upstream, f"{read}\n\n{attributes}\n\n{others}\n\n{folded}")
    await expect(page.answer.locator("details")).to_be_visible()  # it is read, not shown as it was written
    found = await page.answer.locator(".answer").evaluate(NAMES_OF_ELEMENTS)
    assert found == {"br": 1, "sub": 1, "sup": 1, "kbd": 1, "mark": 1, "details": 1, "summary": 1}
    for text in ('onclick="window.ran = true"', 'style="color: red"', "<b>m</b>", "<textarea>", "ontoggle="):
        await expect(page.answer).to_contain_text(text)


GROWING = {
    "macros": r"$$\def\a{" + "x" * 50 + r"}\def\b{" + r"\a" * 25 + "}" + r"\b" * 25 + "$$",
    "groups": "$$" + r"\sqrt{" * 400 + "x" + "}" * 400 + "$$",
    "quotes": "> " * 400 + "x",
    "a table": "|a" * 250 + "|\n" + "|-" * 250 + "|\n" + "|b|\n" * 40,
}


@pytest.mark.parametrize("text", GROWING.values(), ids=GROWING)
async def test_what_grows_without_end_is_shown_as_it_was_written(page: ChatPage, upstream: Upstream, text: str) -> None:
    await answered(page, upstream, f"{text}\n\nWhere $x^2$ is drawn.")
    if "$$" in text:
        await expect(page.answer.locator(".katex")).to_have_count(1)
    for element in ("blockquote", "table"):
        await expect(page.answer.locator(element)).to_have_count(0)
    await expect(page.answer).to_contain_text(text[2:60].strip())
