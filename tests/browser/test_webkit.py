"""The main flows in WebKit, the engine of Safari: what is asked, shown, stopped, kept and set."""

from collections.abc import AsyncIterator

import pytest
from support.paths import PICTURES
from support.serving import serving
from support.upstream import Upstream, says, says_and_is_silent
from support.webkit import ENTER, WebKitPage, webkit

ANSWER = """\
Some *words*, `code`, $x^2$, and

| a | b |
| --- | --- |
| 1 | 2 |

```py
x = 1
```

$$
\\int_0^1 x\\,dx
$$

这是**“重点”**内容。

<details><summary>More</summary>

Hidden.

</details>
"""
BOX = "textarea#message"
ANSWERED = "document.querySelector('[aria-label=Answer][aria-busy=false]')?.innerText"
SHOWN = [".answer table", ".answer .code-body span", ".answer .katex-display", ".answer details", ".answer strong"]

pytestmark = pytest.mark.nightly


@pytest.fixture
async def page() -> AsyncIterator[WebKitPage]:
    async with webkit() as page:
        yield page


async def test_an_answer_is_asked_for_shown_kept_stopped_and_set(page: WebKitPage, upstream: Upstream) -> None:
    upstream.plays(says(*ANSWER.splitlines(keepends=True)), says_and_is_silent("Half"))
    async with serving(upstream, retries=0, models="a,b") as address:
        await page.call("url", url=f"http://{address}/")
        await page.types(BOX, "hi")
        await page.types(BOX, ENTER)
        await page.until(ANSWERED)
        for part in SHOWN:
            await page.finds(part)
        await page.picture(PICTURES / "webkit-answered.png")
        await page.call("refresh")
        await page.until(f"{ANSWERED}.includes('重点')")
        await page.types(BOX, "again" + ENTER)
        await page.until("document.body.innerText.includes('Half')")
        await page.picture(PICTURES / "webkit-streaming.png")
        await page.run("[...document.querySelectorAll('.composer button')].at(-1).click()")
        await (await upstream.wait_for_request(2)).closes()
        await page.types(BOX, "half a tho")
        await page.call("refresh")
        await page.until(f"document.querySelector('{BOX}')?.value === 'half a tho'")
        await page.click("Settings")
        await page.finds("dialog[open] select")
        await page.picture(PICTURES / "webkit-settings.png")
