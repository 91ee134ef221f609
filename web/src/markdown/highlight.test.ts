// What is slow to highlight stays in one colour, and does not hold the page.

import { afterEach, expect, test, vi } from "vitest";
import { createCodeHighlighter, type Highlighted, highlight, type Line, NOTHING_YET } from "./highlight";

const { load } = createCodeHighlighter();
const SIGNAL = new AbortController().signal;
type Highlighter = Awaited<ReturnType<typeof load>>;

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

/** The lines that are highlighted in the end, and how many each piece had. */
async function highlighted(highlighter: Highlighter, language: string, code: string) {
  const pieces: number[] = [];
  let last: readonly Line[] = [];
  const tell = ({ lines }: Highlighted, end: Line | null) => {
    if (end === null) pieces.push(lines.length - pieces.reduce((sum, piece) => sum + piece, 0));
    last = end === null ? lines : [...lines, end];
  };
  await highlight(highlighter, language, code, NOTHING_YET, SIGNAL, tell);
  return { lines: last, pieces };
}

/** A highlighter that takes so long for each line, by a clock of its own. */
function taking(msALine: number): Highlighter {
  let now = 0;
  vi.spyOn(performance, "now").mockImplementation(() => now);
  const codeToTokens = (code: string) => {
    const lines = code.split("\n");
    now += msALine * lines.length;
    return { tokens: lines.map((content) => [{ content, htmlStyle: {} }]), grammarState: undefined };
  };
  return { codeToTokens } as unknown as Highlighter;
}

const LINES = Array.from({ length: 200 }, (_, n) => `line ${n}`).join("\n");

test("code that is quick to highlight is, in pieces that grow", async () => {
  const { lines, pieces } = await highlighted(taking(0.01), "any", LINES);
  expect(lines).toHaveLength(200);
  expect(pieces.slice(0, 5)).toEqual([4, 8, 16, 32, 40]);
});

test("code that is slow to highlight is in pieces of a line, until its time is over", async () => {
  const { lines, pieces } = await highlighted(taking(50), "any", LINES);
  expect(pieces.slice(1).every((piece) => piece === 1)).toBe(true);
  expect(lines).toHaveLength(20);
});

test("a line that is long stays in one colour, and those around it do not", async () => {
  vi.useFakeTimers({ toFake: ["performance", "Date"] }); // a busy machine takes a second for the first line of a language
  const long = `x = "${"a".repeat(400)}"`;
  const { lines } = await highlighted(await load("python"), "python", `x = "a"\n${long}\nx = "a"`);
  expect(lines.map((line) => line.map(({ content }) => content).join(""))).toEqual(['x = "a"', long, 'x = "a"']);
  expect(lines.map((line) => line.length > 1)).toEqual([true, false, true]);
});
