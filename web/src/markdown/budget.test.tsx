// Nothing in an answer may cost more than its length is worth.

import { renderToStaticMarkup } from "react-dom/server";
import { beforeAll, expect, test } from "vitest";
import { ENGLISH } from "../testing/english";
import { isTooMuch, isTooMuchOfADiagram } from "./budget";
import { Markdown } from "./markdown";
import { type Mark, NO_MARKS } from "./marks";
import { WordsContext } from "./words";

const CHARS = 12_000;
const fill = (piece: string, chars = CHARS) => piece.repeat(Math.ceil(chars / piece.length)).slice(0, chars);
/** One section, which is read as a whole. */
const PROSE = fill("A line of *some* length, as a `model` would [write](https://example.org) it.\n\n", 6_000);
/** So many times what prose of the same length takes. A table's cells are many for their length. */
const MOST = 10;

const HARD: Record<string, string> = {
  "opened brackets": fill("["),
  "brackets in brackets": fill("[a", CHARS / 2) + fill("]", CHARS / 2),
  "links in links": `${fill("[", CHARS / 4)}a${fill("](b)", CHARS)}`,
  images: fill("![a]("),
  "links that do not end": fill("[a](<b"),
  notes: fill("[^a"),
  emphasis: fill("*a **b ", CHARS / 2) + fill("b** a* ", CHARS / 2),
  "marks that only open": fill("*a _b ~~c "),
  "a run of marks": `${fill("*", CHARS / 2)}a${fill("*", CHARS / 2)}`,
  tildes: fill("~~a"),
  "ticks of all lengths": Array.from({ length: 150 }, (_, n) => "`".repeat(n + 1)).join("a"),
  angles: fill("<a b='"),
  comments: fill("<!-- a"),
  addresses: fill("www.a.b/("),
  "mail addresses": `${fill("a_")}@`,
  "quotes in quotes": fill("> "),
  "quotes in quotes, over lines": fill(`${"> ".repeat(39)}a\n`),
  "lists in lists": fill("- "),
  "lists in lists, over lines": Array.from({ length: 150 }, (_, n) => `${"  ".repeat(n)}- a`).join("\n"),
  "lists in quotes": fill("> - "),
  "lazy quotes": fill("> a\nb\n"),
  underlines: fill("a\n=\n"),
  "a wide table": `${fill("|a", 6_000)}|\n${fill("|-", 6_000)}|\n|b|\n`,
  "a wide table of many rows": `${fill("|a", 600)}|\n${fill("|-", 600)}|\n${fill("|\n")}`,
  "a table of many rows": `|a|b|\n|-|-|\n${fill("|c|d|\n")}`,
  definitions: Array.from({ length: 500 }, (_, n) => `[a${n}]: b\n`).join("") + fill("[a1] [a2] ", 6_000),
  "notes of notes": Array.from({ length: 400 }, (_, n) => `[^${n}]: [^${n + 1}]\n\n`).join("") + fill("[^1]", 5_000),
  "a definition, and lists in lists": `[a]: b\n\n${fill("- ")}x`,
  "a definition, and quotes in quotes": `[a]: b\n\n${fill("> ")}x`,
  "a note of lists in lists": `[^a]\n\n[^a]: ${fill("- ")}x`,
  "a note of quotes in quotes, over lines": `[^a]\n\n[^a]: a\n\n    ${fill("> ")}x`,
  "notes in notes": `[^a]\n\n${fill("[^a]: ")}x`,
  details: fill("<details>\n\n"),
  "tags in tags": fill("<sub>"),
  dollars: fill("$a\\("),
  "formulas that do not end": fill("\\[a $$b "),
  fences: fill("```md\n"),
  "a line of spaces": `a${fill(" ")}b`,
  "lines that break hard": fill("a  \n"),
};

const render = (text: string, marks: readonly Mark[] = NO_MARKS) =>
  renderToStaticMarkup(
    <WordsContext value={ENGLISH}>
      <Markdown text={text} growing={false} shown marks={marks} />
    </WordsContext>,
  );

function seconds(text: string, marks?: readonly Mark[]): number {
  const begun = process.cpuUsage();
  render(text, marks);
  const { user, system } = process.cpuUsage(begun);
  return (user + system) / 1e6;
}

let secondsOfProse = 0;
beforeAll(() => {
  render(PROSE); // what is done once is not counted
  secondsOfProse = Math.max(seconds(PROSE), seconds(PROSE));
});

test.each(Object.entries(HARD))("%s cost no more than so many times what prose does", (_, text) => {
  const prose = secondsOfProse * (Math.max(text.length, PROSE.length) / PROSE.length);
  expect(seconds(text) / prose).toBeLessThan(MOST);
});

test("lists in lists that rest on a source cost no more either", () => {
  const mark = { at: 1, sources: [] };
  expect(seconds(HARD["lists in lists"] ?? "", [mark]) / (2 * secondsOfProse)).toBeLessThan(MOST);
});

test.each([
  fill("- an item with **bold** words and a [link](https://example.org), and `code`\n"),
  fill("1. an item with **bold** words and a [link](https://example.org)\n"),
  fill("| **a** | [b](https://example.org) |\n", 8_000).replace("\n", "\n| --- | --- |\n"),
  fill(`# Title\n\n${"Words with **bold** ones, and *others*. ".repeat(20)}\n\n> A quote.\n\n`),
  `\`\`\`c\n${fill("a[i][j] *= b[j][i] * *c;\n")}\`\`\``,
  fill("- - -\n\n"),
  fill("| a | b |\n"),
])("%.20j is not too much", (text) => {
  expect(isTooMuch(text)).toBe(false);
});

const nodes = (name: string, number: number) => Array.from({ length: number }, (_, n) => name + n);

test.each([
  ["many lines", `graph TD\n${fill("a --> b\n", 1_600)}`],
  ["a long chain", `graph TD\n${nodes("a", 200).join(" --> ")}`],
  ["all with all", `graph TD\n${nodes("a", 20).join(" & ")} --> ${nodes("b", 20).join(" & ")}`],
  ["much text", `graph TD\na[${fill("word ", 7_000)}]`],
])("a diagram of %s is not drawn", (_, source) => {
  expect(isTooMuchOfADiagram(source)).toBe(true);
});

test.each([
  "graph TD\n  A[Start] --> B{Is it?}\n  B -- yes --> C & D\n  B -- no --> E",
  `sequenceDiagram\n${fill("Alice->>Bob: Hello, and much more than that\n", 4_000)}`,
  "erDiagram\n  CUSTOMER ||--o{ ORDER : places\n  ORDER ||--|{ LINE-ITEM : contains",
  `pie title Pets\n${fill('  "Dogs" : 386\n', 400)}`,
])("%.20j is drawn", (source) => {
  expect(isTooMuchOfADiagram(source)).toBe(false);
});
