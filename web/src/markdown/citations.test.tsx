// The numbers of sources: each stands after the text that it belongs to, and the rest is shown as without numbers.

import { renderToStaticMarkup } from "react-dom/server";
import { expect, test } from "vitest";
import { ENGLISH } from "../testing/english";
import { Markdown } from "./markdown";
import type { Mark } from "./marks";
import { WordsContext } from "./words";

const SOURCE = { number: 1, title: "A page", uri: "https://a.example/" };

/** The text without its ¶, and a mark where each stood. */
function marked(written: string): { text: string; marks: Mark[] } {
  const pieces = written.split("¶");
  const marks = pieces.slice(0, -1).map((_, index) => ({
    at: pieces.slice(0, index + 1).join("").length,
    sources: [{ ...SOURCE, number: index + 1 }],
  }));
  return { text: pieces.join(""), marks };
}

function html(written: string): string {
  const { text, marks } = marked(written);
  return renderToStaticMarkup(
    <WordsContext value={ENGLISH}>
      <Markdown text={text} growing={false} shown marks={marks} />
    </WordsContext>,
  );
}

/** The HTML with the numbers as ¶. */
const withSigns = (written: string) => html(written).replace(/<sup>.*?<\/sup>/g, "¶");
const plain = (text: string) =>
  renderToStaticMarkup(
    <WordsContext value={ENGLISH}>
      <Markdown text={text} growing={false} shown />
    </WordsContext>,
  );
const withoutIds = (markup: string) => markup.replace(/note-[^"]*/g, "").replace(/>\s+</g, "><");

test("a number is a link to its source, with a name for a screen reader", () => {
  const shown = html("Fact.¶");
  expect(shown).toContain('href="https://a.example/"');
  expect(shown).toContain('aria-label="Source 1: A page"');
  expect(shown).toContain('rel="noopener noreferrer"');
});

test.each([
  ["Two facts.¶ One more.¶", "Two facts.¶ One more.¶"],
  ["**Bold.**¶ text", "Bold.</strong>¶ text"],
  ["**Bold¶.** text", "Bold¶.</strong> text"],
  ["**重点。**¶后面", "重点。</strong>¶后面"],
  ["a `co¶de` b", "code</code>¶ b"],
  ["a [li¶nk](https://b.example) b", "link</a>¶ b"],
  ["a [link](https://b.exa¶mple) b", "link</a>¶ b"],
  ["- one¶\n- two", "one¶</li>"],
  ["# Head¶\n\ntext", "Head¶</h1>"],
  ["| a¶ | b |\n| - | - |\n| c¶ | d |", "c¶</td>"],
  ["> quoted¶\n> more¶", "quoted¶"],
  ["A \\* star¶ and &amp; more¶ end", "A * star¶ and &amp; more¶ end"],
  ["&copy; x¶ y", "© x¶ y"],
  ["H<sub>2</sub>O¶ is", "</sub>O¶ is"],
  ["👨‍👩‍👧 family¶ é¶ here", "👨‍👩‍👧 family¶ é¶ here"],
  ["مرحبا بالعالم¶ السلام", "مرحبا بالعالم¶ السلام"],
  ["one\ntwo¶\nthree", "two¶<br/>"],
  ["see https://b.example/x¶ here", "</a>¶ here"],
])("of %j it stands where it belongs", (written, part) => {
  expect(withSigns(written)).toContain(part);
});

test.each([
  "Some **bold.**¶ text, `code`¶ and [a link](https://b.example)¶.",
  "| a¶ | b |\n| - | - |\n| `x|y`¶ | [d](https://d.example)¶ |",
  "```py\nx =¶ 1\n```\n\nAfter.¶",
  "- a¶\n  - b¶\n\n1. c¶\n2. d",
  "> a\n> **b.**¶ c\n\n~~d~~¶ _e_¶f",
  "Note[^1]¶ text.\n\n[^1]: The note.",
  "<details>\n<summary>S¶</summary>\n\nwords¶\n\n</details>",
  "````md\n```py\nx\n```\n````\n\nAfter the fence.¶",
  "```markdown\n```py\nx\n```\n```\n\nAfter the nested fence.¶",
])("but for the numbers %j is read as without them", (written) => {
  const shown = html(written).replace(/<p><sup>.*?<\/sup><\/p>|<sup>(?:<a[^>]*aria-label="Source.*?)<\/sup>/g, "");
  expect(withoutIds(shown)).toBe(withoutIds(plain(marked(written).text)));
});

test("a number of what ends in a block of code stands below it", () => {
  expect(withSigns("```py\nx =¶ 1\n```")).toMatch(/<p>¶<\/p>/);
});

test("formulas, which are written in another way before they are read, move no number", () => {
  expect(withSigns("With \\(a^2\\) it holds.¶ And more.")).toContain("it holds.¶ And");
  expect(withSigns("Text.¶\n\n\\[\na^2 + b^2\n\\]\n\nSo it is.¶ End.")).toContain("So it is.¶ End");
});

test("in a long answer each section has its own", () => {
  const long = "A sentence of some words, and nothing else in it.\n\n".repeat(400);
  expect(withSigns(`${long}Here is the fact.¶ And the end.`)).not.toContain("fact. And");
});

test("what is no address of a page is no link", () => {
  const at = 5;
  for (const uri of ["javascript:alert(1)", "data:text/html,x", ""]) {
    const marks = [{ at, sources: [{ ...SOURCE, uri }] }];
    const shown = renderToStaticMarkup(
      <WordsContext value={ENGLISH}>
        <Markdown text="Fact." growing={false} shown marks={marks} />
      </WordsContext>,
    );
    expect(shown).toContain("<sup>1</sup>");
    expect(shown).not.toContain("<a");
  }
});
