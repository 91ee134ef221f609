import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { suggestionsPage } from "./suggestions";

const POLICY = readFileSync(new URL("../../../server/deltawire/edge/static_files.py", import.meta.url), "utf8");
const recorded = readFileSync(new URL("../../../tests/golden/search_suggestions.html", import.meta.url), "utf8");

test("what Google gives is shown as it is, with its style, which the page's policy takes", () => {
  const page = suggestionsPage(recorded, "Search suggestions");
  const style = /<style>([\s\S]*?)<\/style>/.exec(page)?.[1] ?? "";
  expect(recorded).toContain(style);
  expect(POLICY).toContain(`"sha256-${createHash("sha256").update(style).digest("base64")}"`);
  const withoutSpace = (html: string) =>
    html.replace(/\s+/g, "").replace(/xmlns="[^"]*"|\/(?=>)|<\/(?:path|circle)>/g, "");
  const body = /<body[^>]*>([\s\S]*)<\/body>/.exec(page)?.[1] ?? "";
  expect(withoutSpace(body)).toBe(withoutSpace(recorded));
});

test("another style is left out, with what could run or load", () => {
  const page = suggestionsPage(
    "<style>a{color:red}</style><script>x</script><img src=x><a href='javascript:x' onclick=x style='color:red'>k</a>" +
      "<meta http-equiv=refresh content=0><base href=//x><iframe src=x></iframe><svg onload=x><image href=x /></svg>",
    "Search suggestions",
  );
  expect(/<body[^>]*>(.*)<\/body>/s.exec(page)?.[1]).toBe("<a>k</a><svg></svg>");
});
