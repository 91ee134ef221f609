// The marks of an answer's sources. A mark stands after the text that its sources are cited for; its position is counted
// in the answer's markdown.

/** A source that a mark leads to. */
interface Cited {
  number: number;
  title: string;
  uri: string;
}

export interface Mark {
  /** The position: the UTF-16 units of the markdown before it. */
  at: number;
  sources: readonly Cited[];
}

/** A piece of the text that was written in another way: `from` to `to` became `length` units. */
export interface Edit {
  from: number;
  to: number;
  length: number;
}

export const NO_MARKS: readonly Mark[] = [];

/** The marks of one piece of the text, with places in that piece. A mark between two pieces belongs to the first. */
export function marksWithin(marks: readonly Mark[], start: number, length: number): readonly Mark[] {
  const within = marks.filter(({ at }) => at > start && at <= start + length);
  return within.length === 0 ? NO_MARKS : within.map((mark) => ({ ...mark, at: mark.at - start }));
}

/** The marks in a text that was edited; one within an edit stands after it. `edits` are in their order. */
export function marksAfter(marks: readonly Mark[], edits: readonly Edit[]): readonly Mark[] {
  return edits.length === 0 ? marks : marks.map((mark) => ({ ...mark, at: placeAfter(mark.at, edits) }));
}

function placeAfter(at: number, edits: readonly Edit[]): number {
  let moved = 0;
  for (const { from, to, length } of edits) {
    if (at <= from) break;
    if (at < to) return from + moved + length;
    moved += length - (to - from);
  }
  return at + moved;
}

/** What was edited in a text of which only single lines became longer. */
export function lineEdits(before: string, after: string): Edit[] {
  if (before === after) return [];
  const lines = after.split("\n");
  let from = 0;
  return before.split("\n").flatMap((line, index) => {
    const start = from;
    from += line.length + 1;
    const { length } = lines[index] ?? "";
    return length === line.length ? [] : [{ from: start, to: start + line.length, length }];
  });
}
