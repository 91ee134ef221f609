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
LINKS = {
    "javascript": "[click](javascript:window.ran=true)",
    "javascript, disguised": "[click](java\tscript:window.ran=true) [click](&#106;avascript:window.ran=true)",
    "data": "[click](data:text/html,<script>opener.ran=true</script>)",
    "a file": "[click](file:///etc/passwd)",
    "another host without a scheme": "[click](//203.0.113.7/x)",
    "an application": "[click](irc://203.0.113.7/x)",
}


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
