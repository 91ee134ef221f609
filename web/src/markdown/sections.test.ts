import { expect, test } from "vitest";
import * as cut from "./sections";

const sectionsOf = (text: string) => cut.sectionsOf(text).map((section) => section.text);

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

test.each([
  ["words", `${"word ".repeat(40_000)}\n`],
  ["one word", "x".repeat(200_000)],
  ["a fence", `~~~~py\n${"x = 1\n\n".repeat(20_000)}~~~~\n`],
  ["a list", "- an item\n\n  with a paragraph\n\n".repeat(4_000)],
])("%s without end is plain in pieces, and what follows is markdown again", (_, block) => {
  const text = `${paragraphs(300)}${block}\n${paragraphs(300)}`;
  const sections = cut.sectionsOf(text);
  expect(sections.map((section) => section.text).join("")).toBe(text);
  const plain = sections.filter((section) => section.plain);
  expect(Math.max(...plain.map((section) => section.text.length))).toBeLessThanOrEqual(16_384);
  expect(plain.reduce((sum, section) => sum + section.text.length, 0)).toBeGreaterThan(100_000);
  expect(sections.at(0)?.plain).toBe(false);
  expect(sections.at(-1)?.plain).toBe(false);
  for (let length = 0, known: readonly cut.Section[] = []; length < text.length; length += 4_999) {
    known = cut.sectionsOf(text.slice(0, length), known);
    expect(known.slice(0, -1)).toEqual(sections.slice(0, known.length - 1));
  }
});

test("what was cut is cut no more while the text grows", () => {
  const text = paragraphs(1_000);
  const before = cut.sectionsOf(text);
  const grown = cut.sectionsOf(text + paragraph(1_000), before);
  expect(before.length).toBeGreaterThan(5);
  before.slice(0, -1).forEach((section, index) => {
    expect(grown[index]).toBe(section);
  });
  expect(cut.sectionsOf(text, before)).toBe(before);
});

test("a part is known by where it begins", () => {
  for (const { start, text } of cut.sectionsOf(paragraphs(1_000))) {
    expect(paragraphs(1_000).startsWith(text, start)).toBe(true);
  }
});

test("no section ends within a character", () => {
  for (const before of ["", "a"]) {
    const sections = cut.sectionsOf(before + "\u{1F600}".repeat(50_000));
    expect(sections.length).toBeGreaterThan(1);
    for (const { text } of sections) expect(text.isWellFormed()).toBe(true);
  }
});
