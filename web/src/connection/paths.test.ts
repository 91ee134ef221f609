import { expect, test } from "vitest";
import config from "../../vite.config";
import { PATHS } from "./paths";

const proxied = Object.keys(config.server?.proxy ?? {});
const isProxied = (url: string) =>
  proxied.some((key) => (key[0] === "^" ? new RegExp(key).test(url) : url.startsWith(key)));

test.each(Object.values(PATHS))("the dev server proxies %s", (path) => {
  for (const url of [path, `${path}/id`, `${path}?q=1`]) expect(isProxied(url)).toBe(true);
});

test.each(["/", "/c/conversation", "/src/main.tsx", "/favicon.svg"])("the dev server itself serves %s", (path) => {
  expect(isProxied(path)).toBe(false);
});
