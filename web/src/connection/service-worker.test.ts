import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

const SOURCE = readFileSync(new URL("../../public/sw.js", import.meta.url), "utf8");

/** What the worker answers to a browser that opens the page, with this server and this room in its cache. */
async function opened(server: () => Promise<Response>, put: () => Promise<void>): Promise<string> {
  const listeners: Record<string, (event: unknown) => void> = {};
  const cache = { put, match: async () => new Response("old"), keys: async () => [] };
  const self = {
    location: { origin: "https://chat.example" },
    addEventListener: (name: string, does: (event: unknown) => void) => {
      listeners[name] = does;
    },
  };
  new Function("self", "caches", "fetch", SOURCE)(self, { open: async () => cache }, server);
  let answer: Promise<Response> | undefined;
  const respondWith = (given: Promise<Response>) => {
    answer = given;
  };
  const request = { method: "GET", url: "https://chat.example/", mode: "navigate" };
  listeners.fetch?.({ request, respondWith });
  return (await answer)?.text() ?? "nothing";
}

test("the page of the server is shown, also where the browser has no room to keep it", async () => {
  const serves = async () => new Response("new");
  expect(await opened(serves, async () => {})).toBe("new");
  expect(await opened(serves, () => Promise.reject(new Error("QuotaExceededError")))).toBe("new");
});

test("without a server the kept page is shown", async () => {
  expect(
    await opened(
      () => Promise.reject(new TypeError("Failed to fetch")),
      async () => {},
    ),
  ).toBe("old");
});
