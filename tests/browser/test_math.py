"""Formulas in answers: drawn when they are whole, read out, and nothing loaded for answers without any."""

import asyncio

import pytest
from playwright.async_api import Browser, expect
from support.page import NARROW, WIDE, ChatPage, opened
from support.paths import PICTURES
from support.serving import serving, sharing
from support.upstream import Exchange, Upstream, says

FORMULAS = r"""
The roots of $a x^2 + b x + c = 0$ cost nothing, unlike the $5 and the $10 of before:

$$
x = \frac{-b \pm \sqrt{b^2 - 4ac}}{2a}
$$

1. With brackets, where \(\alpha \ne \beta\):

   \[
   \begin{aligned}
   f(x) &= \sum_{n=0}^{\infty} \frac{f^{(n)}(a)}{n!} (x - a)^n \\
        &= \int_{-\infty}^{\infty} \hat f(\xi)\, e^{2 \pi i \xi x}\, d\xi
   \end{aligned}
   \]

2. A wide one: $$S = 1 + 2 + 3 + 4 + 5 + 6 + 7 + 8 + 9 + 10 + 11 + 12 + 13 + 14 + 15 + 16 + 17 + 18 + 19 + 20$$

| name | value |
| --- | --- |
| norm | $|x| = \sqrt{x_1^2 + x_2^2}$ |

$$ \boxed{\overbrace{\mathbb{E}[X]}^{\text{mean}} = \begin{pmatrix} 1 & 0 \\ 0 & 1 \end{pmatrix}} $$

$$ 1 + 2 + 3 + 4 + 5 + 6 + 7 + 8 + 9 + 10 + 11 + 12 + 13 + 14 + 15 + 16 + 17 + 18 + 19 + 20 + 21 + 22 + 23 + 24 = S $$
"""


@pytest.fixture
def page(used_page: ChatPage) -> ChatPage:
    """The page of all tests here: each looks at one answer."""
    return used_page


async def draws(page: ChatPage, upstream: Upstream, text: str = FORMULAS) -> None:
    upstream.plays(says(text))
    await page.ask("hi")
    await page.has_ended()
    await expect(page.answer.locator(".katex").first).to_be_visible()
    await page.page.evaluate("document.fonts.ready.then(() => {})")


async def test_formulas_are_drawn_and_money_is_not(page: ChatPage, upstream: Upstream) -> None:
    await draws(page, upstream)
    await expect(page.answer.get_by_text("unlike the $5 and the $10 of before")).to_be_visible()
    await expect(page.answer.locator(".katex")).to_have_count(8)
    await expect(page.answer.locator(".katex-error")).to_have_count(0)
    await expect(page.answer.get_by_role("listitem").first.get_by_role("group", name="Formula")).to_be_visible()
    await expect(page.answer.get_by_role("cell").last.locator(".katex")).to_be_visible()
    loaded = await page.page.evaluate("[...document.fonts].filter((font) => font.status === 'loaded').length")
    assert loaded > 3


async def test_formulas_are_read_out(page: ChatPage, upstream: Upstream) -> None:
    await draws(page, upstream, r"It is \(E = mc^2\).")
    await expect(page.answer.get_by_role("math")).to_have_count(1)
    assert await page.answer.get_by_role("math").evaluate("math => math.firstChild.firstChild.textContent") == "E=mc2"
    assert await page.answer.locator(".katex-html").get_attribute("aria-hidden") == "true"


async def test_an_answer_without_formulas_loads_nothing_for_them(browser: Browser, upstream: Upstream) -> None:
    async with sharing(upstream, retries=0) as address, opened(browser, address) as page:
        urls: list[str] = []
        page.page.on("request", lambda request: urls.append(request.url))
        upstream.plays(says("It costs $5, or $10 with `$x$`."))
        await page.ask("hi")
        await page.has_ended()
        await expect(page.answer.get_by_text("It costs $5, or $10 with")).to_be_visible()
        assert not any("math" in url or "KaTeX" in url for url in urls)


async def test_a_formula_is_drawn_when_it_is_whole_and_never_as_an_error(page: ChatPage, upstream: Upstream) -> None:
    go_on = asyncio.Event()

    async def script(exchange: Exchange) -> None:
        await exchange.start()
        await exchange.text("First $$x_1$$. Then:\n\n\\[\n\\frac{1}{")
        await go_on.wait()
        for piece in "2} + \\sqrt{y}\n\\]\n\nand \\(\\frac{a}{b}\\) too.":
            await exchange.text(piece)
            await asyncio.sleep(0.005)
        await exchange.text("", finish="STOP")
        await exchange.finish()

    upstream.plays(script)
    await page.ask("hi")
    await expect(page.answer.locator(".katex")).to_have_count(1)
    await expect(page.answer).not_to_contain_text("frac")
    await page.page.evaluate(
        """() => {
          window.errors_ = [];
          new MutationObserver(() => {
            const shown = document.querySelector("[aria-busy] .answer");
            const wrong = shown.querySelector(".katex-error, [data-streamdown=code-block]");
            if (wrong || /frac|\\\\[([]/.test(shown.innerText)) errors_.push(shown.innerText);
          }).observe(document.querySelector("[role=log]"), { subtree: true, childList: true, characterData: true });
        }"""
    )
    go_on.set()
    await page.has_ended()
    await expect(page.answer.locator(".katex")).to_have_count(3)
    assert await page.page.evaluate("errors_") == []


async def test_what_is_no_formula_after_all_is_shown_as_it_was_written(page: ChatPage, upstream: Upstream) -> None:
    wrong = "Wrong: $$\\frac{1$$ and \\(\\nonsense\\), unfinished: $$y"
    await draws(page, upstream, f"Right: $$x$$\n\n{wrong}\n\n$$\nz *it*")
    await expect(page.answer.get_by_text("\\frac{1")).to_be_visible()
    await expect(page.answer.get_by_text("unfinished: $$y")).to_be_visible()
    await expect(page.answer.locator(".answer p").last).to_have_text("$$\nz it")
    await expect(page.answer.locator(".answer em")).to_have_text("it")


@pytest.mark.parametrize("size", [WIDE, pytest.param(NARROW, marks=pytest.mark.nightly)], ids=["wide", "narrow"])
async def test_formulas_fit_their_screen_and_axe_finds_nothing(
    browser: Browser, upstream: Upstream, size: dict[str, int]
) -> None:
    async with serving(upstream) as address:
        async with opened(browser, address, viewport=size) as page:
            await draws(page, upstream)
            assert await page.page.evaluate("document.documentElement.scrollWidth") == size["width"]
            scroller = page.page.locator("[data-scroller]")
            assert await scroller.evaluate("element => element.scrollWidth") == await scroller.evaluate(
                "element => element.clientWidth"
            )
            wide = page.answer.get_by_role("group", name="Formula").last
            assert await wide.evaluate("element => element.scrollWidth > element.clientWidth")
            await wide.focus()
            await page.page.keyboard.press("ArrowRight")
            await wide.evaluate(
                """element => new Promise((done) => {
                  if (element.scrollLeft > 0) done();
                  else element.addEventListener("scroll", () => done(), { once: true });
                })"""
            )
            assert await page.violations() == []
            await scroller.evaluate("element => element.scrollTo(0, 0)")
            async for scheme in page.in_each_scheme():
                color = "rgb(34, 33, 30)" if scheme == "light" else "rgb(231, 229, 225)"
                await expect(wide.locator(".mord").first).to_have_css("color", color)
                await page.page.screenshot(path=PICTURES / f"formulas-{scheme}-{size['width']}.png")


async def test_a_formula_in_text_from_right_to_left_is_read_from_left_to_right(
    page: ChatPage, upstream: Upstream
) -> None:
    await draws(page, upstream, "الحل هو $x = 1 + 2$ كما يلي:\n\n$$x = 1 + 2$$\n")
    for formula in await page.answer.locator(".katex").all():
        await expect(formula).to_have_css("direction", "ltr")
    await expect(page.answer.get_by_text("الحل هو")).to_have_css("direction", "rtl")
    await page.page.screenshot(path=PICTURES / "formulas-rtl.png")
