// Cuts a long answer where a new section may begin, so that only its last section is read again while it grows, and
// so that a section far away need not be laid out.

/** A section is cut at the first good place after this many characters. */
const SECTION_CHARS = 12_000;
/** A section that could not be cut before this, and an answer beyond that, are too much markdown for a browser. */
export const LONGEST_SECTION_CHARS = 60_000;
export const LONGEST_ANSWER_CHARS = 600_000;
const PLAIN_CHARS = 16_384;

const FENCE = /^ {0,3}(`{3,}|~{3,})/;
/** A line that goes on with nothing above it: no item of a list, no quote, no indented block, no row of a table. */
const BEGINS_A_BLOCK = /^(#{1,6} |[\p{L}\p{M}"'“‘(*_`\p{Emoji_Presentation}])/u;

/** A part of a text, and where it begins. All parts but the last stay as they are when text is added. */
export interface Part {
  start: number;
  text: string;
}

/** The sections of a markdown text. */
export function sectionsOf(text: string): Part[] {
  const sections: Part[] = [];
  let start = 0;
  while (text.length - start > SECTION_CHARS) {
    const end = nextCut(text, start);
    if (end === null) break;
    sections.push({ start, text: text.slice(start, end) });
    start = end;
  }
  sections.push({ start, text: text.slice(start) });
  return sections;
}

/** Where the section that begins at `start` may end: before a block that follows a blank line outside any fence. */
function nextCut(text: string, start: number): number | null {
  let fence: string | null = null;
  let blank = false;
  for (let line = start; line < text.length; ) {
    const newline = text.indexOf("\n", line);
    if (newline === -1) return null; // a line that is not whole yet
    const content = text.slice(line, newline);
    const mark = FENCE.exec(content)?.[1];
    if (line - start >= SECTION_CHARS && blank && fence === null && BEGINS_A_BLOCK.test(content)) return line;
    if (mark !== undefined) {
      if (fence === null) fence = mark;
      else if (mark[0] === fence[0] && mark.length >= fence.length) fence = null;
    }
    blank = content.trim() === "";
    line = newline + 1;
  }
  return null;
}

/** The same for plain text: cut behind a line where there is one, else behind a word. */
export function piecesOf(text: string): Part[] {
  const pieces: Part[] = [];
  let start = 0;
  while (text.length - start > PLAIN_CHARS) {
    const longest = start + PLAIN_CHARS;
    const newline = text.lastIndexOf("\n", longest - 1);
    const space = newline >= start ? newline : text.lastIndexOf(" ", longest - 1);
    const end = space >= start ? space + 1 : longest;
    pieces.push({ start, text: text.slice(start, end) });
    start = end;
  }
  pieces.push({ start, text: text.slice(start) });
  return pieces;
}
