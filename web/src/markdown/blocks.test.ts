import { expect, test } from "vitest";
import { blocksOf, createBlockSplitter } from "./blocks";

test.each([
  [
    [
      "# A\n",
      "text\ngoes on\n\n",
      "- a\n\n  b\n- c\n\n",
      "```\n\ncode\n```\n",
      "> q\nlazy\n\n",
      "    code\n\n    more\n",
    ],
  ],
  [["\ttab\n\n", "Setext\n===\n", "| a |\n| - |\n| b |\n", "\n***\n"].map((block) => block.replace(/^\n/, ""))],
  [["words\n\n[a]: /b\n[c]: /d\n\n", "more\n\n[^1]: a note\n\n    goes on\n\n", "# end"]],
  [["[a]: /b\n\nwords\n\n", "more"]],
  [["<details>\n<summary>s</summary>\n\nwords\n\n- item\n\n</details>\n\n", "after"]],
  [["a\r\n\r\n", "b\rc\r\r", "# d"]],
  [["```md\nopen\n\n# no heading"]],
])("%j are blocks", (blocks) => {
  expect(blocksOf(blocks.join(""))).toEqual(blocks);
});

test("a growing text has the blocks of the whole one", () => {
  const text = "para\n| a |\n| - |\n| b |\n\n[x]: y\n'title'\n\n- a\n- b\n\nc\n===\n\n```\nx\n```\nend";
  const split = createBlockSplitter();
  for (let length = 0; length <= text.length; length += 1) {
    expect(split(text.slice(0, length))).toEqual(blocksOf(text.slice(0, length)));
  }
  expect(split("another")).toEqual(["another"]);
});

test("a text that is cut at each character, in the spaces of a nested line too, has the blocks of the whole", () => {
  const items = Array.from({ length: 12 }, (_, depth) => `${"  ".repeat(depth)}- item\n`);
  const text = `${items.join("")}${" ".repeat(24)}\`\`\`js\n${" ".repeat(28)}code\n${" ".repeat(24)}\`\`\`\n\nafter\n`;
  const split = createBlockSplitter();
  for (let end = 1; end < text.length; end += 1) split(text.slice(0, end));
  expect(split(text)).toEqual(blocksOf(text));
  expect(blocksOf(text)).toHaveLength(2);
});
