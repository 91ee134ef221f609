// What is read in an answer beyond CommonMark (docs/reference/answers.md).

import { renderToStaticMarkup } from "react-dom/server";
import { expect, test } from "vitest";
import { ENGLISH } from "../testing/english";
import { type Tree, treesOf } from "../testing/reading";
import { Markdown } from "./markdown";
import { WordsContext } from "./words";

const html = (text: string, growing = false) =>
  renderToStaticMarkup(
    <WordsContext value={ENGLISH}>
      <Markdown text={text} growing={growing} shown />
    </WordsContext>,
  );
const read = (text: string): Tree[] => treesOf(html(text));
const PARAGRAPHS = "Words of no great length, but many of them, so that there are sections.\n\n".repeat(200);

test.each([
  ["这是**重点。**后面", ["p", "这是", ["strong", "重点。"], "后面"]],
  ["**「引用」**是", ["p", ["strong", "「引用」"], "是"]],
  ["これは*強調（注）*です", ["p", "これは", ["em", "強調（注）"], "です"]],
  ["한국어**강조(주)**입니다", ["p", "한국어", ["strong", "강조(주)"], "입니다"]],
  ["见https://a.example/b。然后", ["p", "见", ["a https://a.example/b", "https://a.example/b"], "。然后"]],
  ["www.a.example，好", ["p", ["a http://www.a.example", "www.a.example"], "，好"]],
  [
    "（https://a.example）、https://b.example；",
    [
      "p",
      "（",
      ["a https://a.example", "https://a.example"],
      "）、",
      ["a https://b.example", "https://b.example"],
      "；",
    ],
  ],
  ["a~~b~~c", ["p", "a", ["del", "b"], "c"]],
  ["one\ntwo", ["p", "one", ["br"], "two"]],
] as [string, Tree][])("%j is read with its punctuation", (text, tree) => {
  expect(read(text)).toEqual([tree]);
});

test.each([
  ["a<br>b<br/>c<BR />d", "a<br/>\nb<br/>\nc<br/>\nd"],
  ["H<sub>2</sub>O, x<sup>2</sup>, <kbd>Ctrl</kbd>", "H<sub>2</sub>O, x<sup>2</sup>, <kbd>Ctrl</kbd>"],
  ["<mark>*seen*</mark>", "<mark><em>seen</em></mark>"],
  ["| a |\n| - |\n| b<br>c |", "<td>b<br/>\nc</td>"],
  [
    "<details>\n<summary>More <kbd>x</kbd></summary>\n\n- *item*\n\n</details>\n\nafter",
    "<details><summary>More <kbd>x</kbd></summary>",
  ],
  [
    "<details open>\n<summary>S</summary>\nwords\n</details>",
    '<details open=""><summary>S</summary><p>words</p></details>',
  ],
])("of %j the tags are read that are allowed", (text, part) => {
  expect(html(text)).toContain(part);
});

test.each([
  "<kbd class=x>a</kbd>",
  "<b>a</b> and <sub>not closed",
  "</details> alone and <summary>alone</summary>",
  "<details onclick=alert(1)>\n\nx\n\n</details>",
  "<div>\n<br>\n</div>",
  "<script>alert(1)</script>",
  "<img src=x onerror=alert(1)>",
])("the HTML of %j is shown as it was written", (text) => {
  const shown = html(text);
  expect(shown).not.toMatch(/<(?:kbd|b|sub|details|summary|script|img)[ >]/);
  const words = (trees: readonly Tree[]): string =>
    trees.map((tree) => (typeof tree === "string" ? tree : words(tree.slice(1)))).join("");
  expect(words(treesOf(shown)).replace(/\s/g, "")).toBe(text.replace(/\s/g, ""));
});

test("details that are not closed yet are, while the answer grows", () => {
  expect(html("<details>\n<summary>S</summary>\n\nwords", true)).toContain("<details><summary>S</summary>");
  expect(html("<details>\n<summary>S</summary>\n\nwords")).toContain("&lt;details&gt;");
});

test.each([
  ["> [!NOTE]\n> Mind *this*.", "note", "Note"],
  ["> [!WARNING] \n>\n> Mind this.", "warning", "Warning"],
  ["> [!tip]\n> - a list", "tip", "Tip"],
])("%j is an alert", (text, kind, title) => {
  expect(html(text)).toContain(`<blockquote class="alert" data-alert="${kind}"><p class="alert-title">${title}</p>`);
  expect(html(text)).not.toContain("[!");
});

test.each(["> [!NOPE]\n> x", "> a [!NOTE]", "[!NOTE]\nx"])("%j is no alert", (text) => {
  expect(html(text)).not.toContain("alert");
});

test("a fence named markdown that holds fences is one block", () => {
  const text = "```markdown\n# T\n\n```js\ncode\n```\n\nend\n```\n\nafter";
  expect(read(text)).toEqual([
    ["pre markdown", ["code", "# T\n\n```js\ncode\n```\n\nend"]],
    ["p", "after"],
  ]);
});

test("an answer that is read in sections knows its link definitions, wherever they are", () => {
  const shown = html(`${PARAGRAPHS}See [the page][p], [P] and [no].\n\n[p]: https://example.org/p "Title"\n`);
  expect(shown.match(/<a href="https:\/\/example.org\/p" title="Title"/g)).toHaveLength(2);
  const before = html(`[p]: https://example.org/p\n\n${PARAGRAPHS}See [p].`);
  expect(before).toContain('<a href="https://example.org/p"');
  expect(html(`[p]: https://example.org/1\n\n${PARAGRAPHS}See [p].\n\n[p]: https://example.org/2`)).toContain("org/1");
});

test("notes are numbered over the whole answer, and stand at its end", () => {
  const shown = html(
    `First[^b], and again[^b]. \`[^c]\`\n\n${PARAGRAPHS}Then[^a].\n\n[^a]: The *second*.\n[^b]: The first.\n[^c]: None.`,
  );
  expect(shown).toMatch(/<section aria-label="Notes"[\s\S]*The first\.[\s\S]*The <em>second<\/em>/);
  expect(shown).not.toContain("None.</p>");
  expect(shown).toMatch(/Then<sup><a href="#note-\w+-2" aria-label="Note 2"/);
});

test("a line break that is written as a character reference is none", () => {
  expect(html("a&#10;b")).not.toContain("<br");
});

test("a task's box stands in the place of its bullet", () => {
  expect(html("- [x] done\n- [ ] to do\n- other")).toContain('<li class="task-list-item"><input type="checkbox"');
});

test.each(["```js\nx\n\n\n```", "    x"])("%j has no more lines than it was written with", (text) => {
  expect(html(text)).toMatch(text.startsWith("`") ? /<code>x\n\n<\/code>/ : /<code>x<\/code>/);
});
