import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { richTextOf } from "./rich-text";

const PAGE = readFileSync(new URL("../../../docs/reference/answers.md", import.meta.url), "utf8");
const CODE = "(?:`` (.*?) ``|`(.*?)`)";
const ROWS = [...PAGE.matchAll(new RegExp(`^\\| ${CODE} \\| (?:\`(<.*?>)\`) \\|`, "gm"))].map(
  ([, long, short, html = ""]) => [long ?? short ?? "", html] as const,
);

test("the page of the docs lists the deviations from CommonMark", () => {
  expect(ROWS.length).toBeGreaterThanOrEqual(14);
});

test.each(ROWS)("%s is read as %s", async (written, html) => {
  expect((await richTextOf(written.replaceAll("↵", "\n"))).trim()).toBe(html.replaceAll("↵", "\n"));
});
