// The text of a table, for spreadsheets.

import { texOf } from "./selection";

/** The cells of each row, as they are read; a formula as its TeX. */
export function cellsOf(table: HTMLTableElement): string[][] {
  return [...table.rows].map((row) => [...row.cells].map(textOf));
}

function textOf(cell: HTMLElement): string {
  const copy = cell.cloneNode(true) as HTMLElement;
  for (const formula of copy.querySelectorAll(".katex")) formula.replaceWith(texOf(formula));
  for (const line of copy.querySelectorAll("br"))
    line.replaceWith(line.nextSibling?.textContent?.startsWith("\n") ? "" : "\n");
  for (const box of copy.querySelectorAll<HTMLInputElement>("input")) box.replaceWith(box.checked ? "[x] " : "[ ] ");
  return (copy.textContent ?? "").trim();
}

/** Tabs between cells; what would end a cell becomes a space. */
export function toTsv(cells: readonly (readonly string[])[]): string {
  return cells.map((row) => row.map((cell) => cell.replace(/\s*[\t\n\r]\s*/g, " ")).join("\t")).join("\n");
}

/** As RFC 4180 has it, with line feeds; what holds a comma, a quote or a line break is quoted. */
export function toCsv(cells: readonly (readonly string[])[]): string {
  const quoted = (cell: string) => (/[",\n\r]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);
  return cells.map((row) => row.map(quoted).join(",")).join("\n");
}
