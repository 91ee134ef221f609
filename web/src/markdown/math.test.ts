// A formula that would cost more than its length is worth stays as it was written.

import type { Element, Nodes, Root } from "hast";
import { VFile } from "vfile";
import { expect, test } from "vitest";
import { MATH } from "./math";

/** What is drawn for a formula: the elements, and whether they are a drawing. */
function drawn(tex: string) {
  const code: Element = {
    type: "element",
    tagName: "code",
    properties: { className: ["language-math", "math-inline"] },
    children: [{ type: "text", value: tex }],
  };
  const root: Root = { type: "root", children: [code] };
  const draw = MATH.rehypePlugin as unknown as () => (tree: Root, file: VFile) => void;
  draw()(root, new VFile());
  const [first] = root.children as Element[];
  return { elements: count(root), text: first?.children[0], className: String(first?.properties.className ?? "") };
}

function count(root: Nodes): number {
  let found = 0;
  for (const left: Nodes[] = [root]; left.length > 0; found += 1) {
    const node = left.pop() as Nodes;
    if ("children" in node) left.push(...node.children);
  }
  return found;
}

const nested = (before: string, after: string, levels: number) => `${before.repeat(levels)}x${after.repeat(levels)}`;

test.each([
  "E = mc^2",
  "\\newcommand{\\vv}{\\mathbf{v}} \\vv \\cdot \\vv \\implies 1",
  "\\begin{pmatrix} 1 & 2 \\\\ 3 & 4 \\end{pmatrix}",
  nested("\\frac{1}{1 + ", "}", 12),
  nested("\\left(\\sqrt{", "}\\right)", 8),
])("%j is drawn", (tex) => {
  expect(drawn(tex).className).toBe("katex");
});

test.each([
  ["macros of macros", `\\def\\a{${"x".repeat(50)}}\\def\\b{${"\\a".repeat(25)}}${"\\b".repeat(25)}`],
  ["a long macro that is used often", `\\def\\a{${"x".repeat(500)}}${"\\a ".repeat(150)}`],
  ["a macro that doubles", `\\newcommand\\a[1]{#1#1}${nested("\\a{", "}", 60)}`],
  ["a macro of itself", "\\def\\a{\\a\\a}\\a"],
  ["a macro by another command", `\\global\\let\\b=x\\gdef\\a{${"x".repeat(400)}}${"\\a".repeat(100)}`],
  ["groups in groups", nested("{", "}", 1_900)],
  ["fractions in fractions", nested("\\frac{1}{", "}", 400)],
  ["roots in roots", nested("\\sqrt{", "}", 500)],
  ["brackets in brackets, each with a fraction", nested("\\left(\\frac{1}{", "}\\right)", 150)],
  ["exponents in exponents", nested("x^{", "}", 900)],
  ["tables in tables", nested("\\begin{array}{c}", "\\end{array}", 120)],
])("%s are not drawn", (_, tex) => {
  const { elements, className, text } = drawn(tex);
  expect(className).not.toBe("katex");
  expect(text).toEqual({ type: "text", value: tex });
  expect(elements).toBeLessThan(5);
});
