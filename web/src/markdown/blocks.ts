// Cuts markdown into its top-level blocks, as CommonMark sees them, so that only the last one is read again while a text
// grows. Each block reads alone as it reads in the text, but for link definitions and notes (see references.ts).

import { parse, postprocess, preprocess } from "micromark";
import { gfmFootnote } from "micromark-extension-gfm-footnote";
import { gfmTable } from "micromark-extension-gfm-table";
import type { Event, Extension } from "micromark-util-types";

/** What is within a line does not say where a block ends. */
const BLOCKS_ONLY: Extension = {
  disable: {
    null: [
      "attention",
      "autolink",
      "codeText",
      "hardBreakEscape",
      "htmlText",
      "labelEnd",
      "labelStartImage",
      "labelStartLink",
      "gfmFootnoteCall",
      "gfmPotentialFootnoteCall",
    ],
  },
};
const EXTENSIONS = [gfmTable(), gfmFootnote(), BLOCKS_ONLY];
const BLANK = new Set(["lineEnding", "lineEndingBlank", "linePrefix"]);
const DETAILS = /<(\/?)details\b/gi;

interface Block {
  start: number;
  /** Whether nothing of it is shown where it stands. */
  hidden: boolean;
  html: boolean;
}

/** A function that cuts a text into blocks, and remembers those of the text before, which may have grown. */
export function createBlockSplitter(): (text: string) => string[] {
  let known: readonly string[] = [];
  return (text) => {
    const kept: string[] = [];
    let length = 0;
    // The last may go on, and become one that is hidden and goes with the one before it.
    for (const block of known.slice(0, -2)) {
      if (!text.startsWith(block, length)) break;
      kept.push(block);
      length += block.length;
    }
    const blocks = [...kept, ...blocksOf(text.slice(length))];
    known = blocks;
    return blocks;
  };
}

/** The blocks of a text; joined they are the text. */
export function blocksOf(text: string): string[] {
  const starts = together(text, topLevel(text));
  return starts.map((start, index) => text.slice(index === 0 ? 0 : start, starts[index + 1]));
}

function topLevel(text: string): Block[] {
  // The beginning of a line that is still to come is not a block: micromark would see one in each of its spaces.
  const chunks = preprocess()(text.replace(/(?<=\n)[ \t]+$/, ""), undefined, true);
  const events = postprocess(parse({ extensions: EXTENSIONS }).document().write(chunks));
  const blocks: Block[] = [];
  let depth = 0;
  events.forEach(([kind, token], index) => {
    if (kind === "exit") depth -= 1;
    else if (depth++ === 0 && !BLANK.has(token.type)) {
      const start = token.start.offset - (token.start.column - 1);
      blocks.push({ start, hidden: isHidden(events, index), html: token.type === "htmlFlow" });
    }
  });
  return blocks;
}

/** Whether a block holds only definitions. */
function isHidden(events: readonly Event[], at: number): boolean {
  const type = events[at]?.[1].type;
  if (type === "gfmFootnoteDefinition") return true;
  if (type !== "content") return false;
  for (let index = at + 1; events[index]?.[1].type !== "content"; index += 1) {
    if (events[index]?.[1].type === "paragraph") return false;
  }
  return true;
}

/** Where blocks begin that are shown by themselves: what is hidden goes with its neighbour, <details> with its content. */
function together(text: string, blocks: readonly Block[]): number[] {
  const starts: number[] = [];
  let open = 0;
  let hiddenSoFar = true;
  blocks.forEach(({ start, hidden, html }, index) => {
    if (open === 0 && !hidden && !hiddenSoFar) starts.push(start);
    else if (index === 0) starts.push(start);
    hiddenSoFar &&= hidden;
    if (!html) return;
    for (const [, closing] of text.slice(start, blocks[index + 1]?.start).matchAll(DETAILS)) {
      open = Math.max(0, open + (closing === "" ? 1 : -1));
    }
  });
  return starts.length === 0 && text !== "" ? [0] : starts;
}
