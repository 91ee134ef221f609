import { expect, test } from "vitest";
import { lastCodeOf } from "./last-code";

test.each([
  ["no code, only `some` in a line", null],
  ["```py\nx = 1\n\ny = 2\n```\nThe end.", "x = 1\n\ny = 2"],
  ["```\none\n```\n\n~~~sh\ntwo\n~~~\n", "two"],
  ["```md\n```js\ninside\n```\n```", "```js\ninside\n```"],
  ["````md\n```\ninside\n```\n````", "```\ninside\n```"],
  ["1. first:\n\n   ```c\n   if (x)\n     y();\n   ```\n", "if (x)\n  y();"],
  ["```\none\n```\n```\nnot yet at its e", "not yet at its e"],
  ["```js\n```", ""],
])("the last block of code of %j", (text, code) => {
  expect(lastCodeOf(text)).toBe(code);
});
