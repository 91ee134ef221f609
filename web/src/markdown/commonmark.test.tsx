// @vitest-environment happy-dom
// Holds the page against CommonMark's own reader: the same elements and the same text, whole and streamed, but for what
// docs/reference/answers.md names.

import { tests } from "commonmark-spec";
import { flushSync } from "react-dom";
import { createRoot } from "react-dom/client";
import { renderToStaticMarkup } from "react-dom/server";
import { expect, test } from "vitest";
import { ENGLISH } from "../testing/english";
import { referenceOf, type Tree, treesOf } from "../testing/reading";
import { Markdown } from "./markdown";
import { WordsContext } from "./words";

/** Examples in which an address that is no link of CommonMark's is one of GitHub's. */
const BARE_ADDRESSES = [602, 606, 608, 611, 612];
const SPECIFICATION = tests.map(({ markdown, number }) => [number, markdown.replaceAll("→", "\t")] as const);

/** Answers of models, with what was seen to be changed in them. */
const ANSWERS = [
  "Delete all *.tmp files",
  "Run `rm` on all *.tmp and **.bak files, 2 * 3 = 6",
  "A lone _ and a lone * and a lone ** and __ and ***",
  "snake_case_name and _private and __init__ without an end: _open",
  "~~ is no end, and `a lone tick",
  "It is [half a link](example.org/a",
  "It is [half a link and [more](",
  "![half an image](a.png",
  "This *is not closed\n\nand **this neither",
  "```python\nx = 1\n# never closed",
  "~~~\nnever closed\n\n\nand on",
  "Intro:\n\n```\ncode\n\n\n```\nand `$$` here",
  "$$\nx = 1",
  "costs $$5 or $5, and $HOME",
  "- one\n- two\n  - three *\n- four _",
  "1. one\n\n   two\n2. three\n\n       code\n",
  "10. ten\n11. eleven",
  "> quote *\n> goes on\nlazily\n\n> another",
  "Setext\n===\n\nAnother\n---\n\nwords\n***\nmore",
  "# A #\n## B\n### C\n#### D\n##### E\n###### F\n####### no G",
  "a  \nhard\\\nhard too\nsoft",
  "&copy; &amp; &#35; &nosuch; \\* \\_ \\# \\`",
  "<https://example.org> and <mail@example.org> and [a](https://example.org 'title')",
  "[later] and [the same][later]\n\n[later]: https://example.org 'Title'",
  "Nested **bold *both* bold** and *it **both** it* and ***all***",
  "tabs\n\n\tcode\n\n-\titem\n\n\tparagraph",
  "| not | a table |\nwithout a ruler",
  "an email_address_with_marks@ and a*b*c and 5*6*7",
  "[x] is no task, [ ] neither; [^1] is no note",
  '![A cat](https://example.org/cat.png "of ours") and [![in a link](a.png)](https://example.org)',
  "1. a\n2. b\n   ```py\n   x = 1\n\n   y = 2\n   ```\n3. c",
  "- a\n\n  ```js\n  let x\n  ```\n  text\n- b\n  - c\n\n        indented code\n",
  Array.from({ length: 15 }, (_, depth) => `${"  ".repeat(depth)}- item ${depth}\n`).join(""),
  `- a\n  - b\n    - c\n${" ".repeat(12)}\n${" ".repeat(6)}more of c\n`,
  "1. a\n  - b\n2. c\n    - d",
  "The year was\n2024. It was good.\n1. really",
  "10) x\n11) y\n\n0. zero\n1. one\n\n-1. neg\n\n1234567890. long",
  "- \n- a\n-\n- b",
  "````\n```\nx\n```\n````\n\n~~~\n```\n~~~\n",
  '```js title="a.js" {1,2}\nx\n```\n``` C# \ny\n```',
  "a\0b\ufffdc and 👩‍💻👍🏽 🇩🇪",
  "`` `a` `` ` b ` `` ` `` `c\nd`",
  "[a `]` b](https://a.example) [x [y] z](https://a.example) [half](a.example/x_(y)",
  "[x](javascript:alert(1)) [y](data:text/html,x) [w](JAVASCRIPT:x) [v](//a.example) [o](java\nscript:x)",
  "See [1] and [2].\n\n[1]: https://a.example\n[2]: https://b.example 'B'",
  "(*a*) \"**b**\" '*c*' **Note:**text __a__b",
  "---\ntitle: x\n---\n\nbody\n=",
  "English.\n\nفقرة عربية **مهمة** `code`.\n\n- عنصر\n- item",
  '<p align="center">x</p>\n\n<img src="https://a.example/x.png">\n\n<!-- a\nb -->\n\nc',
  "line\r\nline\r\n\r\n* item\r\n* item\r\n",
  "ends with a backslash \\",
  "ends with an opened comment <!-- like this",
  "<div>\n*html*\n</div>\n\nand <b>inline</b> <i",
];

function streamed(text: string): Tree[] {
  const box = document.createElement("div");
  const root = createRoot(box);
  for (const end of [0.4, 0.9].map((part) => Math.ceil(text.length * part))) {
    flushSync(() =>
      root.render(
        <WordsContext value={ENGLISH}>
          <Markdown text={text.slice(0, end)} growing shown />
        </WordsContext>,
      ),
    );
  }
  flushSync(() =>
    root.render(
      <WordsContext value={ENGLISH}>
        <Markdown text={text} growing={false} shown />
      </WordsContext>,
    ),
  );
  const trees = treesOf(box.innerHTML);
  flushSync(() => root.unmount());
  return trees;
}

function whole(text: string): Tree[] {
  return treesOf(
    renderToStaticMarkup(
      <WordsContext value={ENGLISH}>
        <Markdown text={text} growing={false} shown />
      </WordsContext>,
    ),
  );
}

function wordsOf(trees: readonly Tree[]): string {
  return trees.map((tree) => (typeof tree === "string" ? tree : wordsOf(tree.slice(1)))).join("");
}

test.each(SPECIFICATION)("example %i of the specification", (number, text) => {
  const expected = referenceOf(text);
  for (const trees of [whole(text), streamed(text)]) {
    if (BARE_ADDRESSES.includes(number)) expect(wordsOf(trees)).toBe(wordsOf(expected));
    else expect(trees).toEqual(expected);
  }
});

test.each(ANSWERS)("%j is read as it is written", (text) => {
  expect(whole(text)).toEqual(referenceOf(text));
  expect(streamed(text)).toEqual(referenceOf(text));
});
