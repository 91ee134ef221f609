// Reading some markdown costs more than its length is worth: time grows with the square of the marks in one paragraph,
// and each quote in a quote is a call in a call. What is beyond these bounds is shown as it was written.

/** Quotes, items of lists and notes within each other. */
const DEEPEST = 40;
const MOST_MARKS_IN_A_PARAGRAPH = 1_000;
const MOST_BACKTRACKING_LINES = 200;
/** Of formulas: each that is drawn takes many elements. Four for one within a line. */
const MOST_DOLLARS = 2_000;
/** Of diagrams: `a & b --> c & d` are four connections, and laying them out takes longer than their number. */
const LONGEST_DIAGRAM_CHARS = 6_000;
const MOST_CONNECTIONS = 150;
const ARROW = /[-=.]{2,}|~{3,}/;

const DEEP = new RegExp(`^(?:[ \\t]*(?:>|[-*+][ \\t]|\\d{1,9}[.)][ \\t]|\\[\\^[^\\]\\s]{1,999}\\]:)){${DEEPEST}}`, "m");
const DEEP_ITEM = new RegExp(`^[ \\t]{${DEEPEST * 4},}(?:[-*+]|\\d{1,9}[.)])[ \\t]`, "m");
const MARK = /[*_~[\]]/g;
const ITEM = /^[ \t>]*(?:[-*+]|\d{1,9}[.)])[ \t]/;
const BEGINS_A_PARAGRAPH = /^[ \t>]*(?:$|#{1,6}[ \t]|[-*+][ \t])/;
const ROW = /^[ \t>]*\|/;
const RULER = /^[ \t>]*\|?[ \t]*:?-+:?[ \t]*(?:\||$)/;
const UNDERLINE = /^ {0,3}(?:=+|-+)[ \t]*$/;
const QUOTED = /^ {0,3}>/;
const FENCE = /^[ \t>]*(?:`{3}|~{3})/;

/** Whether a text is more than its length is worth. */
export function isTooMuch(text: string): boolean {
  if (DEEP.test(text) || DEEP_ITEM.test(text)) return true;
  let [marks, backtracking, dollars] = [0, 0, 0];
  let [isList, isTable, isCode, wasQuoted] = [false, false, false, false];
  for (const line of text.split("\n")) {
    if (FENCE.test(line)) isCode = !isCode;
    const isBlank = line.trim() === "";
    if (isBlank) isList = isTable = false;
    isList ||= ITEM.test(line);
    isTable ||= RULER.test(line) && line.includes("|");
    const isNext =
      isCode || BEGINS_A_PARAGRAPH.test(line) || (isList && ITEM.test(line)) || (isTable && ROW.test(line));
    marks = (isNext ? 0 : marks) + (isCode ? 0 : (line.match(MARK)?.length ?? 0));
    if (!isCode) dollars += line.split("$").length - 1;
    const isQuoted = QUOTED.test(line);
    if (UNDERLINE.test(line) || (wasQuoted && !isQuoted && !isBlank)) backtracking += 1;
    wasQuoted = isQuoted;
    if (marks > MOST_MARKS_IN_A_PARAGRAPH || backtracking > MOST_BACKTRACKING_LINES) return true;
    if (dollars > MOST_DOLLARS) return true;
  }
  return false;
}

/** Whether drawing this source of a diagram takes more than its length is worth. Each line counts as a connection. */
export function isTooMuchOfADiagram(source: string): boolean {
  if (source.length > LONGEST_DIAGRAM_CHARS) return true;
  let connections = 0;
  for (const line of source.split("\n")) {
    const ends = line.split(ARROW).map((nodes) => nodes.split("&").length);
    connections += ends.slice(1).reduce((sum, width, index) => sum + width * (ends[index] ?? 0), 0) || 1;
  }
  return connections > MOST_CONNECTIONS;
}
