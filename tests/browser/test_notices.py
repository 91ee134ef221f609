"""The browser's part: it shows a notice of an answer that is done, and gives the page a file."""

from playwright.async_api import Browser, expect
from support.page import ChatPage, opened
from support.serving import sharing
from support.upstream import Upstream, says_and_is_silent

ALLOWS = """() => {
  Object.defineProperty(Notification, "permission", { get: () => "granted" });
  Notification.requestPermission = async () => "granted";
  window.notifications = [];
  ServiceWorkerRegistration.prototype.showNotification = async function (title, { body, tag }) {
    window.notifications.push([this.active.scriptURL.replace(/.*\\//, ""), title, body, tag]);
  };
}"""
"""A browser that lets pages notify: a headless one does not, whatever it is told. The worker is the real one."""
IS_CLICKED = """() => {
  self.waited = [];
  const notification = { close: () => {} };
  const event = new Event("notificationclick");
  self.dispatchEvent(Object.assign(event, { notification, waitUntil: (it) => waited.push(it) }));
  return Promise.allSettled(waited).then((all) => all.length);
}"""


async def test_an_answer_that_ends_unseen_is_told_by_the_service_worker(browser: Browser, upstream: Upstream) -> None:
    async with sharing(upstream, retries=0) as address:
        context = await browser.new_context()
        await context.add_init_script(f"({ALLOWS})()")
        page = ChatPage(await context.new_page())
        await page.page.goto(f"http://{address}/")
        await page.is_connected()
        await page.page.evaluate("navigator.serviceWorker.ready.then(() => {})")
        settings = await page.opens_settings()
        await settings.get_by_role("switch", name="Tell me when an answer is done").click()
        await expect(settings.get_by_role("switch")).to_have_attribute("aria-checked", "true")
        await page.page.keyboard.press("Escape")
        upstream.plays(says_and_is_silent("Half"))
        await page.ask("A long one")
        await expect(page.answer).to_have_text("Half")
        await page.page.evaluate("Object.defineProperty(document, 'hidden', { get: () => true })")
        await page.button("Stop").click()
        await page.page.wait_for_function("() => window.notifications.length > 0")
        assert await page.page.evaluate("window.notifications") == [
            ["sw.js", "Answer ready", "A long one", "deltawire"]
        ]
        assert await context.service_workers[0].evaluate(IS_CLICKED) == 1
        await context.close()


async def test_the_file_to_import_is_chosen_by_keyboard(browser: Browser, upstream: Upstream) -> None:
    async with sharing(upstream, retries=0) as address, opened(browser, address) as page:
        choosing = page.next_file_chooser()
        await page.button("Chats and data").press("Enter")
        panel = page.page.get_by_role("dialog", name="Chats and data")
        file = panel.get_by_label("Import")
        await file.focus()
        await page.page.keyboard.press("Enter")
        chat = b'{"conversations": [{"title": "Brought in", "messages": []}]}'
        await (await choosing).set_files({"name": "chats.json", "mimeType": "application/json", "buffer": chat})
        await expect(panel.get_by_role("status")).not_to_be_empty()


async def test_a_name_that_a_prompt_has_is_not_taken_again(browser: Browser, upstream: Upstream) -> None:
    async with sharing(upstream, retries=0) as address, opened(browser, address) as page:
        await page.button("Your prompts").click()
        panel = page.page.get_by_role("dialog", name="Your prompts")
        for name in ("short", "SHORT"):
            await panel.get_by_role("button", name="New prompt").click()
            await panel.get_by_label("Name, without spaces").fill(name)
            await panel.get_by_label("Text").fill("Say it shorter.")
            await panel.get_by_role("button", name="Save").click()
            if name == "short":
                await expect(panel.get_by_text("/short")).to_be_visible()
        await expect(panel.get_by_text("You have a prompt of this name.")).to_be_visible()
        await panel.get_by_label("Name, without spaces").fill("shorter")
        await panel.get_by_role("button", name="Save").click()
        await expect(panel.get_by_text("/shorter")).to_be_visible()
