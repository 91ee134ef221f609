import { expect, test } from "vitest";
import * as cut from "./sections";

const sectionsOf = (text: string) => cut.sectionsOf(text).map((section) => section.text);
const piecesOf = (text: string) => cut.piecesOf(text).map((piece) => piece.text);

const paragraph = (n: number) => `Paragraph ${n} says something of no great length.\n\n`;
const paragraphs = (count: number) => Array.from({ length: count }, (_, n) => paragraph(n)).join("");

test("a short text is one section", () => {
  expect(sectionsOf(paragraphs(10))).toEqual([paragraphs(10)]);
});

test("the sections of a long text are the text", () => {
  const text = paragraphs(2_000);
  const sections = sectionsOf(text);
  expect(sections.length).toBeGreaterThan(5);
  expect(sections.join("")).toBe(text);
});

test("all sections but the last stay as they are while the text grows", () => {
  const text = paragraphs(1_000);
  const whole = sectionsOf(text);
  for (let length = 0; length < text.length; length += 997) {
    const settled = sectionsOf(text.slice(0, length)).slice(0, -1);
    expect(settled).toEqual(whole.slice(0, settled.length));
  }
});

test.each([
  ["a fence", `~~~~py\n${"x = 1\n\n".repeat(3_000)}~~~\n\n~~~~\n\n`],
  ["a list", "- an item\n\n  with a paragraph\n\n".repeat(600)],
  ["a numbered list", "1. an item\n\n".repeat(1_500)],
  ["a quote", "> a line\n\n".repeat(2_000)],
])("%s is never cut", (_, block) => {
  const sections = sectionsOf(block + paragraphs(300));
  expect(sections.length).toBeGreaterThan(1);
  expect(sections[0]?.startsWith(block)).toBe(true);
});

test("the pieces of a plain text are the text, cut behind lines or words", () => {
  const text = `${"word ".repeat(10_000)}\n${"x".repeat(50_000)}`;
  const pieces = piecesOf(text);
  expect(pieces.join("")).toBe(text);
  expect(Math.max(...pieces.map(({ length }) => length))).toBeLessThanOrEqual(16_384);
  expect(pieces[0]?.endsWith(" ")).toBe(true);
});

test("a part is known by where it begins", () => {
  for (const { start, text } of cut.sectionsOf(paragraphs(1_000))) {
    expect(paragraphs(1_000).startsWith(text, start)).toBe(true);
  }
});
