import { expect, test } from "vitest";
import { withNestedFences } from "./fences";

const INNER = "# How to\n\n```js\ncode\n```\n\n~~~\n```\n~~~\n\nThe end.";

test("a fence named markdown that holds fences is one block", () => {
  for (const name of ["markdown", "md", "MD title=x"]) {
    const text = `Here:\n\n\`\`\`${name}\n${INNER}\n\`\`\`\n\nAnd **on**.`;
    const whole = `Here:\n\n\`\`\`\`${name}\n${INNER}\n\`\`\`\`\n\nAnd **on**.`;
    expect(withNestedFences(text, false)).toBe(whole);
  }
});

test.each([
  "```js\n```md\n```",
  "```markdown\nno fences\n```\n\n```js\ncode\n```",
  "````markdown\n```js\n```\n````",
  "```md\n```js\ncode\n```",
])("%j stays as it is", (text) => {
  expect(withNestedFences(text, false)).toBe(text);
});

test("while it grows it is one block from its first inner fence on", () => {
  expect(withNestedFences("```md\n```js\ncode\n```\nmore", true)).toBe("````md\n```js\ncode\n```\nmore");
});
