// What draws formulas, with its styles and fonts: loaded when an answer first holds one.

import type { Element, ElementContent, Nodes, Root } from "hast";
import rehypeKatex from "rehype-katex";
import type { MathPlugin } from "streamdown";
import { SKIP, visit } from "unist-util-visit";
import type { VFile } from "vfile";
import { remarkFormulas } from "./plugins/formulas";
import "katex/dist/katex.min.css";

/** A formula may ask for a box larger than the page. */
const OPTIONS = { maxSize: 20, errorColor: "var(--color-muted-foreground)", strict: "ignore" } as const;
/** So many macros are expanded: of those that KaTeX knows, each of which is short, and of those that a formula defines. */
const MOST_EXPANSIONS = 200;
const MOST_OWN_EXPANSIONS = 30;
/** A formula that defines macros is expanded to many times its length, so it is drawn only when it is short. */
const LONGEST_DEFINING_CHARS = 300;
const DEFINES = /\\(?:[egx]?def|(?:future)?let|(?:re|provide)?newcommand|renewcommand|providecommand)(?![a-z])/i;
/** Groups within each other, and elements: reading and laying out what is deeper takes long. */
const DEEPEST_GROUP = 50;
const DEEPEST_ELEMENT = 200;

export const MATH: MathPlugin = {
  name: "katex",
  type: "math",
  remarkPlugin: remarkFormulas,
  rehypePlugin: rehypeFormulas,
};

/** Draws formulas; one that costs more than its length is worth stays as it was written. */
function rehypeFormulas() {
  const drawn = drawer();
  return (tree: Root, file: VFile) => {
    visit(tree, "element", (element, index, parent) => {
      const tex = texIn(element);
      if (tex === null || index === undefined || parent === undefined) return;
      const elements = drawn(element, tex, file);
      parent.children.splice(index, 1, ...elements);
      return [SKIP, index + elements.length];
    });
  };
}

function drawer() {
  const draw = rehypeKatex({ ...OPTIONS, maxExpand: MOST_EXPANSIONS });
  const drawDefining = rehypeKatex({ ...OPTIONS, maxExpand: MOST_OWN_EXPANSIONS });
  return (formula: Element, tex: string, file: VFile): ElementContent[] => {
    const defines = DEFINES.test(tex);
    if (isTooDeep(tex) || (defines && tex.length > LONGEST_DEFINING_CHARS)) return [asWritten(formula, tex)];
    const root: Root = { type: "root", children: [formula] };
    (defines ? drawDefining : draw)(root, file);
    return depthOf(root) > DEEPEST_ELEMENT ? [asWritten(formula, tex)] : (root.children as ElementContent[]);
  };
}

/** The TeX of a formula: of code that is one, by itself or in a line; null for other elements. */
function texIn(element: Element): string | null {
  const [child] = element.children;
  const code = element.tagName === "pre" && child?.type === "element" ? child : element;
  const { className } = code.properties;
  if (code.tagName !== "code" || !Array.isArray(className) || !className.includes("language-math")) return null;
  const [text] = code.children;
  return text?.type === "text" ? text.value : null;
}

function asWritten({ tagName }: Element, tex: string): Element {
  const code: Element = { type: "element", tagName: "code", properties: {}, children: [{ type: "text", value: tex }] };
  return tagName === "pre" ? { type: "element", tagName, properties: {}, children: [code] } : code;
}

function isTooDeep(tex: string): boolean {
  let depth = 0;
  for (const [mark] of tex.matchAll(/\\[\s\S]|[{}]/g)) {
    depth += mark === "{" ? 1 : mark === "}" ? -1 : 0;
    if (depth > DEEPEST_GROUP) return true;
  }
  return false;
}

/** Without a call for each level, of which there may be too many. */
function depthOf(root: Root): number {
  let depth = 0;
  for (let level: Nodes[] = [root]; level.length > 0; depth += 1) {
    level = level.flatMap((node) => ("children" in node ? node.children : []));
  }
  return depth;
}
