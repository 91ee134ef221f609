// What is selected is copied with formulas as TeX: their drawing is text in pieces, and that twice.

import type { ClipboardEvent } from "react";
import { asTyped, DISPLAY } from "./formulas";

/** The TeX of a formula that is drawn, between the dollars that say how it stands. */
export function texOf(formula: Element): string {
  const source = formula.querySelector("annotation")?.textContent ?? "";
  const tex = asTyped(source).trim();
  const isInLine = formula.closest(".katex-display") === null && !source.startsWith(DISPLAY);
  const marks = isInLine ? "$" : "$$";
  return `${marks}${tex}${marks}`;
}

/** Copies what is selected in an answer; does nothing where there is no formula, as the browser does it well. */
export function copySelection(event: ClipboardEvent<HTMLElement>): void {
  const selection = document.getSelection();
  if (selection === null || selection.isCollapsed) return;
  const box = document.createElement("div");
  for (let index = 0; index < selection.rangeCount; index += 1) box.append(wholeFormulas(selection.getRangeAt(index)));
  if (box.querySelector(".katex") === null) return;
  for (const display of box.querySelectorAll(".katex-display")) display.replaceWith(paragraph(texOf(display)));
  for (const formula of box.querySelectorAll(".katex")) formula.replaceWith(texOf(formula));
  for (const tools of box.querySelectorAll("[data-tools]")) tools.remove();
  event.currentTarget.append(box);
  event.clipboardData.setData("text/plain", box.innerText.trim());
  box.remove();
  event.clipboardData.setData("text/html", box.innerHTML);
  event.preventDefault();
}

/** The content of a range, with the formulas whole in which it begins or ends. */
function wholeFormulas(range: Range): DocumentFragment {
  const whole = range.cloneRange();
  const formulaOf = (node: Node) =>
    (node instanceof Element ? node : node.parentElement)?.closest(".katex-display, .katex");
  const [first, last] = [formulaOf(range.startContainer), formulaOf(range.endContainer)];
  if (first) whole.setStartBefore(outermost(first));
  if (last) whole.setEndAfter(outermost(last));
  return whole.cloneContents();
}

function outermost(formula: Element): Element {
  return formula.closest(".katex-display") ?? formula;
}

function paragraph(text: string): HTMLElement {
  const element = document.createElement("p");
  element.textContent = text;
  return element;
}
