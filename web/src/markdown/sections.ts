// Cuts an answer where a new section may begin, so that only its last section is read again while it grows, and so that
// a section far away need be neither read nor laid out.

import { type Fence, fenceAfter } from "./fences";

/** A section is cut at the first good place after so many characters; the first later, as most answers end before. */
const FIRST_SECTION_CHARS = 12_000;
const SECTION_CHARS = 6_000;
/** A block that goes on beyond this is too much markdown for a browser. */
const LONGEST_BLOCK_CHARS = 60_000;
const PIECE_CHARS = 16_384;

/** What stands in <details> stays together, as long as that is short. */
const LONGEST_DETAILS_CHARS = 24_000;
const DETAILS = /<(\/?)details\b/gi;
/** A line that goes on with nothing above it: no item of a list, no quote, no indented block, no row of a table. */
const BEGINS_A_BLOCK = /^(#{1,6} |[\p{L}\p{M}"'“‘(*_`\p{Emoji_Presentation}])/u;
/** So many of its first characters say whether it does. */
const BEGINNING_CHARS = 7;

/** A part of a text, and where it begins. All sections but the last stay as they are when text is added. */
export interface Section {
  start: number;
  text: string;
  /** A piece of a block that is too long to be read as markdown. */
  plain: boolean;
  /** Whether that block goes on in the next section, and in which fence. */
  goesOn: boolean;
  fence: Fence | null;
}

/** The sections of a text; `known` are those of its beginning, from before it has grown. */
export function sectionsOf(text: string, known: readonly Section[] = []): readonly Section[] {
  if (known.length > 0 && endOf(known.at(-1)) === text.length) return known;
  const sections = known.slice(0, -1);
  for (;;) {
    const before = sections.at(-1);
    const section = nextSection(text, before) ?? lastSection(text, before);
    sections.push(section);
    if (endOf(section) === text.length) return sections;
  }
}

/** The section after this one; null while what comes may still belong to it. */
function nextSection(text: string, before: Section | undefined): Section | null {
  const [start, inside] = [endOf(before), isInside(before)];
  const fence = inside ? (before?.fence ?? null) : null;
  const longest = inside ? PIECE_CHARS : LONGEST_BLOCK_CHARS;
  const least = inside ? 1 : start === 0 ? FIRST_SECTION_CHARS : SECTION_CHARS;
  const cut = nextCut(text, start, fence, least, longest);
  if (cut !== null) return { start, text: own(text, start, cut), plain: inside, goesOn: false, fence: null };
  if (text.length - start <= longest + BEGINNING_CHARS) return null;
  const piece = own(text, start, pieceEnd(text, start));
  return { start, text: piece, plain: true, goesOn: true, fence: fenceAfterLines(piece, fence) };
}

function lastSection(text: string, before: Section | undefined): Section {
  const start = endOf(before);
  return { start, text: own(text, start, text.length), plain: isInside(before), goesOn: false, fence: null };
}

function endOf(section: Section | undefined): number {
  return section === undefined ? 0 : section.start + section.text.length;
}

function isInside(before: Section | undefined): boolean {
  return before?.goesOn ?? false;
}

/** A copy: a slice would keep the whole text, and those of a growing text another whole each. */
function own(text: string, start: number, end: number): string {
  return structuredClone(text.slice(start, end));
}

/** Where a section may end: before a block after a blank line outside any fence, `least` to `longest` units on. */
function nextCut(text: string, start: number, open: Fence | null, least: number, longest: number): number | null {
  let fence = open;
  let blank = false;
  let details = 0;
  for (let line = start; line - start <= longest && text.length - line >= BEGINNING_CHARS; ) {
    const newline = text.indexOf("\n", line);
    const content = text.slice(line, newline === -1 ? text.length : newline);
    const isTogether = fence !== null || (details > 0 && line - start < LONGEST_DETAILS_CHARS);
    if (line - start >= least && blank && !isTogether && BEGINS_A_BLOCK.test(content)) return line;
    if (newline === -1) return null;
    fence = fenceAfter(content, fence);
    if (fence === null) details = detailsAfter(content, details);
    blank = content.trim() === "";
    line = newline + 1;
  }
  return null;
}

/** The fence that is open after these lines. */
function fenceAfterLines(lines: string, open: Fence | null): Fence | null {
  return lines.split("\n").reduce((fence, line) => fenceAfter(line, fence), open);
}

/** How many <details> are open after a line. */
function detailsAfter(line: string, open: number): number {
  if (!line.includes("<")) return open;
  return [...line.matchAll(DETAILS)].reduce((sum, [, slash]) => Math.max(0, sum + (slash === "" ? 1 : -1)), open);
}

/** Where a piece ends: after a line where there is one, else after a word. */
function pieceEnd(text: string, start: number): number {
  const longest = start + PIECE_CHARS;
  const newline = text.lastIndexOf("\n", longest - 1);
  const space = newline >= start ? newline : text.lastIndexOf(" ", longest - 1);
  if (space >= start) return space + 1;
  const isWithinOne = (text.codePointAt(longest - 1) ?? 0) > 0xffff; // a character of two UTF-16 units
  return isWithinOne ? longest - 1 : longest;
}
