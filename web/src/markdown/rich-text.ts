// An answer as HTML, to be pasted where text has a form: loaded when one is copied.

import type { Element, Root } from "hast";
import { toHtml } from "hast-util-to-html";
import type { Root as Markdown, PhrasingContent } from "mdast";
import remarkParse from "remark-parse";
import remarkRehype from "remark-rehype";
import { unified } from "unified";
import { visit } from "unist-util-visit";
import { isTooMuch } from "./budget";
import { withNestedFences } from "./fences";
import { asTyped, DISPLAY, withFormulas } from "./formulas";
import { REHYPE_PLUGINS, remarkPlugins } from "./plugins";
import { remarkFormulas } from "./plugins/formulas";
import { createReferenceReader, namedBy, type References } from "./references";
import { sectionsOf } from "./sections";

/** The HTML of an answer that has ended, with formulas as TeX. */
export async function richTextOf(text: string): Promise<string> {
  const sections = sectionsOf(text);
  const references = createReferenceReader()(sections);
  const pieces: string[] = [];
  for (const { text: piece, plain } of sections) {
    pieces.push(plain ? asWritten(piece) : htmlOf(piece, references));
    await new Promise((resume) => setTimeout(resume)); // a long answer does not stop the page
  }
  const notes = references.notes.map((note) => `<li>${htmlOf(note.text, references)}</li>`);
  return pieces.join("\n") + (notes.length > 0 ? `<ol>${notes.join("")}</ol>` : "");
}

function htmlOf(text: string, references: References): string {
  if (isTooMuch(text)) return asWritten(text);
  const { markdown } = withFormulas(withNestedFences(text, false), false);
  const reader = unified()
    .use(remarkParse)
    .use(remarkPlugins(namedBy(text, references), false, "note-"))
    .use(remarkFormulas)
    .use(remarkTex)
    .use(remarkHtmlAsText)
    .use(remarkRehype)
    .use(REHYPE_PLUGINS)
    .use(rehypePlain);
  return toHtml(reader.runSync(reader.parse(markdown), markdown) as Root);
}

function asWritten(text: string): string {
  return toHtml({ type: "element", tagName: "pre", properties: {}, children: [{ type: "text", value: text }] });
}

/** Writes a formula as its TeX, between the dollars that say how it stands. */
function remarkTex() {
  return (tree: Markdown) => {
    visit(tree, (node, index, parent) => {
      if (index === undefined || parent === undefined) return;
      const { type, value = "" } = node as { type: string; value?: string };
      if (type === "inlineMath") parent.children[index] = tex(asTyped(value), value.startsWith(DISPLAY) ? "$$" : "$");
      else if (node.type === "code" && node.lang === "math") {
        parent.children[index] = { type: "paragraph", children: [tex(value, "$$")] };
      }
    });
  };
}

function tex(value: string, marks: string): PhrasingContent {
  return { type: "text", value: `${marks}${value}${marks}` };
}

function remarkHtmlAsText() {
  return (tree: Markdown) => {
    visit(tree, "html", (node, index, parent) => {
      if (index !== undefined && parent !== undefined) parent.children[index] = { type: "text", value: node.value };
    });
  };
}

/** Leaves out what means something only in this page. */
function rehypePlain() {
  return (tree: Root) => {
    visit(tree, "element", (element: Element) => {
      if (element.tagName === "a" && String(element.properties.href).startsWith("#"))
        element.properties.href = undefined;
      if (element.tagName === "input") {
        element.children = [{ type: "text", value: element.properties.checked ? "☑" : "☐" }];
        element.tagName = "span";
        element.properties = {};
      }
    });
  };
}
