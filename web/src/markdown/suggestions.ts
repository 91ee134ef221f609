// Google's search suggestions, which are HTML of the provider's. They are shown in a sandboxed frame, where nothing runs
// and nothing is loaded; what could try to is left out before, so that only links and drawings are left.

import type { Element, Root } from "hast";
import { fromHtml } from "hast-util-from-html";
import { type Schema, sanitize } from "hast-util-sanitize";
import { toHtml } from "hast-util-to-html";
import { visit } from "unist-util-visit";

/** The style that comes with the suggestions: the page's policy takes this one by its digest, and no other. */
const STYLE = { length: 1_900, digest: 0x6260c589 };
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";
const OPENABLE = /^https?:\/\//i;

const SCHEMA: Schema = {
  tagNames: ["a", "br", "circle", "div", "g", "path", "rect", "span", "style", "svg"],
  attributes: {
    "*": ["className", "clipRule", "cx", "cy", "d", "fill", "fillRule", "height", "r", "viewBox", "width", "x", "y"],
    a: ["href"],
  },
  protocols: { href: ["http", "https"] },
  clobber: [],
  strip: ["script", "title", "noscript", "template"],
};

/** The suggestions as a page by themselves. Its links open pages of their own, which learn nothing of this one. */
export function suggestionsPage(html: string, title: string): string {
  const tree = sanitize(fromHtml(html, { fragment: true }), SCHEMA) as Root;
  visit(tree, "element", (element: Element, index, parent) => {
    if (element.tagName === "style" && !isKnown(element) && parent && index !== undefined) {
      parent.children.splice(index, 1);
      return index;
    }
    if (element.tagName === "a" && !OPENABLE.test(String(element.properties.href))) element.properties.href = undefined;
    return;
  });
  return (
    `<!doctype html><html><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${POLICY}">` +
    `<meta name="referrer" content="no-referrer"><meta name="color-scheme" content="light dark">` +
    `<base target="_blank"><title>${title}</title></head>` +
    `<body topmargin="4" leftmargin="4" rightmargin="4" bottommargin="4">${toHtml(tree)}</body></html>`
  );
}

function isKnown({ children }: Element): boolean {
  const css = children.map((child) => (child.type === "text" ? child.value : "")).join("");
  return css.length === STYLE.length && fnv1a(css) === STYLE.digest;
}

/** A digest that need not be safe: the page's policy decides by its own. */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}
