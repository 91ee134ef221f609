import { withNestedFences } from "./fences";

const OPENS = /^( {0,3}|\s*(?:[-*+]|\d+[.)])\s+|\s+)(`{3,}|~{3,})([^`]*)$/;

/** The last block of fenced code in a markdown text, without its fences; null when there is none. */
export function lastCodeOf(text: string): string | null {
  let last: string | null = null;
  let open: { fence: string; indent: number; lines: string[] } | null = null;
  for (const line of withNestedFences(text, false).split("\n")) {
    if (open === null) {
      const opening = OPENS.exec(line);
      if (opening) open = { fence: opening[2] ?? "", indent: (opening[1] ?? "").length, lines: [] };
    } else if (closes(line, open.fence)) {
      last = open.lines.join("\n");
      open = null;
    } else {
      open.lines.push(line.slice(Math.min(open.indent, line.length - line.trimStart().length)));
    }
  }
  return open === null ? last : open.lines.join("\n");
}

function closes(line: string, fence: string): boolean {
  const mark = line.trim();
  return mark.startsWith(fence) && mark === (fence[0] ?? "").repeat(mark.length);
}
