// Finds the formulas in markdown, and writes each in the one way that means the same to everything that reads it later:
// a fence of `math` for one that stands by itself, two dollars on either side for one in a line.

import type { Edit } from "./marks";

/** What does not end after so many characters was not meant as a formula. */
const LONGEST_FORMULA_CHARS = 4_000;
const LONGEST_LEAD_CHARS = 200;

const MARKS = /\\[\s\S]|`+|~{3,}|\$+/g;
/** What a line may begin with before its text: quotes, list markers. */
const LEAD = /^(?:[ \t]*(?:>|[-*+][ \t]|\d+[.)][ \t]))*[ \t]*$/;
const BLANK_LINE = /\n[ \t>]*\n/;
const CLOSES: Readonly<Record<string, string>> = { $$: "$$", "\\[": "\\]", "\\(": "\\)" };
/** What makes a formula in a line as large as one that stands by itself. */
export const DISPLAY = "\\displaystyle ";
const BAR = "\\vert ";
const TEX = /[\\^_=<>+*{}]/;
const PROSE = /[A-Za-z]{2,} [A-Za-z]{2,}/;

/** What a mark begins: how it is written, and where it ends in the text. */
type Found = { written: string; end: number; isFormula: boolean } | "unfinished" | null;

interface WithFormulas {
  markdown: string;
  /** Whether there are any. */
  found: boolean;
  /** What of the text is written in another way. */
  edits: readonly Edit[];
}

/** The markdown with its formulas written so. While it is `growing`, one that is not whole yet is held back. */
export function withFormulas(text: string, growing: boolean): WithFormulas {
  if (!/\$|\\[([]|[`~]math/.test(text)) return { markdown: text, found: false, edits: [] };
  let markdown = "";
  let done = 0;
  let found = false;
  const edits: Edit[] = [];
  const marks = new RegExp(MARKS);
  for (let mark = marks.exec(text); mark !== null; mark = marks.exec(text)) {
    const piece = codeAt(text, mark.index, mark[0]) ?? formulaAt(text, mark.index, mark[0]);
    if (piece === null) continue;
    if (piece === "unfinished") {
      if (growing) return { markdown: markdown + text.slice(done, mark.index), found: true, edits };
      continue;
    }
    found ||= piece.isFormula;
    markdown += text.slice(done, mark.index) + piece.written;
    edits.push({ from: mark.index, to: piece.end, length: piece.written.length });
    done = piece.end;
    marks.lastIndex = done;
  }
  return { markdown: markdown + text.slice(done), found, edits };
}

/** Code stays as it is: a fence, or ticks in a line. */
function codeAt(text: string, at: number, mark: string): Found {
  if (mark[0] !== "`" && mark[0] !== "~") return null;
  const isFence = mark.length >= 3 && LEAD.test(lineBefore(text, at));
  const isFormula = isFence && text.startsWith("math\n", at + mark.length);
  const closing = isFence
    ? new RegExp(`\\n[ \\t>]*${mark}${mark[0]}*[ \\t]*(?=\\n|$)`, "g")
    : new RegExp(`(?<!\`)${mark}(?!\`)`, "g");
  closing.lastIndex = at + mark.length;
  const close = mark[0] === "~" && !isFence ? null : closing.exec(text);
  if (close !== null && (isFence || !BLANK_LINE.test(text.slice(at, close.index)))) {
    const end = close.index + close[0].length;
    return { written: text.slice(at, end), end, isFormula };
  }
  if (!isFence) return null;
  return isFormula ? "unfinished" : { written: text.slice(at), end: text.length, isFormula };
}

function formulaAt(text: string, at: number, mark: string): Found {
  if (mark === "$") return dollarsAt(text, at);
  const close = CLOSES[mark];
  if (close === undefined) return null;
  const start = at + mark.length;
  const within = text.slice(start, start + LONGEST_FORMULA_CHARS + close.length + 1);
  const length = within.indexOf(close);
  const body = length === -1 ? within : within.slice(0, length);
  if (body.length > LONGEST_FORMULA_CHARS || BLANK_LINE.test(body)) return null;
  if (length === -1) return "unfinished";
  const end = start + length + close.length;
  if (body.trim() === "") return null;
  if (mark === "\\(") return { written: inLine(body), end, isFormula: true };
  const lead = lineBefore(text, at);
  const rest = /^([.,;:]?)[ \t]*(?=\n|$)/.exec(text.slice(end, end + 80));
  if (LEAD.test(lead) && rest !== null) {
    return { written: byItself(body.trimEnd() + rest[1], lead), end: end + rest[0].length, isFormula: true };
  }
  // Not every bracket with a backslash is a formula's.
  return mark === "$$" || TEX.test(body) ? { written: inLine(`${DISPLAY}${body}`), end, isFormula: true } : null;
}

/** A formula between single dollars, if it cannot be money: two amounts, or names with a dollar, are none. */
function dollarsAt(text: string, at: number): Found {
  if (/[\w$]/.test(text[at - 1] ?? "")) return null;
  const between = /\$(?!\s)((?:\\[\s\S]|\n(?![ \t>]*\n)|[^$\\\n])+)\$(?![\w$])/y;
  between.lastIndex = at;
  const body = between.exec(text)?.[1];
  if (body === undefined) {
    const begun = text.slice(at, at + LONGEST_FORMULA_CHARS + 1);
    const isFormula = /^\$(?:\\[A-Za-z]+|[A-Za-z][_^])[^$]*$/.test(begun) && !BLANK_LINE.test(begun);
    return isFormula && begun.length <= LONGEST_FORMULA_CHARS ? "unfinished" : null;
  }
  const isProse = PROSE.test(body) && !/[\\^_]/.test(body);
  const isAmount = /^[\d.,]/.test(body) && /\s/.test(body) && !TEX.test(body);
  if (/\s$/.test(body) || isProse || isAmount) return null;
  return { written: inLine(body), end: between.lastIndex, isFormula: true };
}

/** A bar would end the cell of a table. */
function inLine(tex: string): string {
  const line = tex.replace(/\s*\n[ \t>]*/g, " ").trim();
  const barless = line.includes("\\begin{") ? line : line.replace(/(?<!\\)\|/g, BAR);
  return `$$${barless}$$`;
}

/** A formula's TeX as it was typed, out of what `withFormulas` has written. */
export function asTyped(tex: string): string {
  return (tex.startsWith(DISPLAY) ? tex.slice(DISPLAY.length) : tex).replaceAll(BAR, "|");
}

/** `lead` is what its line begins with: the lines below it stay in the same quote and item. */
function byItself(tex: string, lead: string): string {
  const below = `\n${lead.replace(/[^>\t]/g, " ")}`;
  const lines = tex.split("\n").map((line) => line.replace(/^[ \t>]+/, "").trimEnd());
  return ["```math", ...lines.filter((line) => line !== ""), "```"].join(below);
}

/** The end of the line in front of a place: what is longer than a lead is none. */
function lineBefore(text: string, at: number): string {
  const near = text.slice(Math.max(0, at - LONGEST_LEAD_CHARS), at);
  return near.slice(near.lastIndexOf("\n") + 1);
}
