import type { Element, Root } from "hast";
import { visit } from "unist-util-visit";

const OPENABLE = /^(?:https?:\/\/|mailto:)/i;
const NOTE = /^#note-/;
const SCHEME_OR_HOST = /^(?:[a-z][a-z\d+.-]*:|[\\/]{2})/i;

/**
 * Keeps the links that a browser opens as a page or a letter. An address within the page, which the model could not know,
 * leads nowhere; any other is not a link.
 */
export function rehypeLinks() {
  return (tree: Root) => {
    visit(tree, "element", (element: Element) => {
      if (element.tagName !== "a") return;
      const href = String(element.properties.href ?? "").replace(/[\0-\x20]/g, "");
      if (OPENABLE.test(href) || NOTE.test(href)) return;
      if (SCHEME_OR_HOST.test(href)) element.tagName = "span";
      delete element.properties.href;
    });
  };
}
