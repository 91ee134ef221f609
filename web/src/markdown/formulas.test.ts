import { expect, test } from "vitest";
import { withFormulas } from "./formulas";

const whole = (text: string) => withFormulas(text, false).markdown;
const growing = (text: string) => withFormulas(text, true).markdown;

test.each([
  "it costs $5 and $10",
  "between $5-$10, or $5/$10",
  "$5 million in 2020, then 4$",
  "US$5 and CA$6",
  "$HOME/$USER and $PATH",
  "from $1,000 to $2,000 a month, and $3 more",
  "what is $ here and $ there",
  "escaped \\$x\\$",
  "`$x$` and ``\\(x\\)``",
  "```sh\necho $A$ \\(x\\)\n```\nand $5",
  "~~~\n$$x$$\n~~~",
  "- ```\n  $$x$$\n  ```",
  "see \\[1\\] and \\[a link\\]",
  "a $$ b",
  "$$\n\n$$",
])("%j holds no formula", (text) => {
  expect(withFormulas(text, false)).toMatchObject({ markdown: text, found: false });
});

test.each([
  ["$x$", "$$x$$"],
  ["so $a_1 + b$, or $3$.", "so $$a_1 + b$$, or $$3$$."],
  ["it costs $5, and $x = 5$", "it costs $5, and $$x = 5$$"],
  ["设$x$为", "设$$x$$为"],
  ["\\(x\n+ y\\)", "$$x + y$$"],
  ["| $|x|$ |", "| $$\\vert x\\vert $$ |"],
  ["the $$x$$ here", "the $$\\displaystyle x$$ here"],
  ["so \\[x = 1\\] holds", "so $$\\displaystyle x = 1$$ holds"],
  ["$$x$$", "```math\nx\n```"],
  ["$$\na\n- b\n$$\nand", "```math\na\n- b\n```\nand"],
  ["\\[ x = 1, \\]", "```math\nx = 1,\n```"],
  ["\\[\nx\n\\].", "```math\nx.\n```"],
  ["> \\[\n> x\n> \\]", "> ```math\n> x\n> ```"],
  ["1. first\n   $$\n   x\n   $$", "1. first\n   ```math\n   x\n   ```"],
  ["- $$x$$", "- ```math\n  x\n  ```"],
])("%j is written as %j", (text, written) => {
  expect(whole(text)).toBe(written);
});

test.each([
  ["so $$x", "so "],
  ["so\n\\[\nx = \\frac{1}", "so\n"],
  ["so \\(x", "so "],
  ["so $\\frac{1}{2", "so "],
  ["so $x_1 + ", "so "],
  ["so\n```math\nx", "so\n"],
  ["it costs $5", "it costs $5"],
  ["```sh\necho $$", "```sh\necho $$"],
  ["so $$x\n\nand on", "so $$x\n\nand on"],
])("while %j grows, %j is shown of it", (text, shown) => {
  expect(growing(text)).toBe(shown);
  if (shown !== text) expect(whole(text)).toBe(text);
});

test("a formula that does not end is held back no longer than one is long", () => {
  const text = `so $$${"x".repeat(5_000)}`;
  expect(growing(text)).toBe(text);
});

test("a fence of math is a formula already", () => {
  const text = "```math\nx\n```\n";
  expect(withFormulas(text, true)).toMatchObject({ markdown: text, found: true });
});
