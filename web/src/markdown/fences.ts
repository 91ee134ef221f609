// Fences of code. Models put markdown that holds fences of its own into a fence that is no longer than those, and mean
// one block: CommonMark would end it at the first inner fence that closes.

const FENCE = /^ {0,3}(`{3,}(?=[^`]*$)|~{3,})[ \t]*(.*?)\s*$/;
const MARKDOWN = /^(?:markdown|md|mdx)\b/i;
const ANY_MARKDOWN = /^ {0,3}(?:`{3,}|~{3,})[ \t]*(?:markdown|md|mdx)\b/im;

/** A fence that is open. */
export interface Fence {
  mark: string;
  /** Whether it is named markdown, and may hold fences. */
  nests: boolean;
  /** The mark of the one that is open within it. */
  inner: string | null;
}

/** The fence that is open after a line. */
export function fenceAfter(line: string, open: Fence | null): Fence | null {
  const [, mark = "", info = ""] = FENCE.exec(line) ?? [];
  if (mark === "") return open;
  if (open === null) return { mark, nests: MARKDOWN.test(info), inner: null };
  if (open.inner !== null) return closes(mark, info, open.inner) ? { ...open, inner: null } : open;
  if (closes(mark, info, open.mark)) return null;
  return open.nests && (info !== "" || mark[0] !== open.mark[0]) ? { ...open, inner: mark } : open;
}

function closes(mark: string, info: string, open: string): boolean {
  return info === "" && mark[0] === open[0] && mark.length >= open.length;
}

/** The markdown with each fence named markdown longer than those within. One that is not closed only while `growing`. */
export function withNestedFences(text: string, growing: boolean): string {
  if (!ANY_MARKDOWN.test(text)) return text;
  const lines = text.split("\n");
  let open: Fence | null = null;
  let [start, longest] = [0, 0];
  lines.forEach((line, index) => {
    const before: Fence | null = open;
    open = fenceAfter(line, before);
    if (before === null && open !== null) [start, longest] = [index, 0];
    if (open?.inner != null) longest = Math.max(longest, open.inner.length);
    if (before !== null && open === null && longest > 0) {
      for (const at of [start, index]) lines[at] = lengthened(lines[at] ?? "", longest + 1);
    }
  });
  if (open !== null && growing && longest > 0) lines[start] = lengthened(lines[start] ?? "", longest + 1);
  return lines.join("\n");
}

function lengthened(line: string, length: number): string {
  return line.replace(/[`~]{3,}/, (mark) => (mark[0] ?? "").repeat(Math.max(mark.length, length)));
}
