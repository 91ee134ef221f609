// What a text says and is made of, as trees that can be compared: by the reference reader of CommonMark, and in the page.

import { HtmlRenderer, Node, Parser } from "commonmark";
import type { Element, Nodes } from "hast";
import { fromHtml } from "hast-util-from-html";

/** A text, or an element: its name, with what it says of itself, and what is in it. */
export type Tree = string | Branch;
type Branch = [name: string, ...Tree[]];

const ELEMENTS = new Set(
  "p h1 h2 h3 h4 h5 h6 ul ol li blockquote pre code em strong a hr br table tr th td del sup".split(" "),
);
const BLOCKS = /^(?:p|h[1-6]|[uo]l|li|blockquote|pre|hr|br|table|tr|t[hd])\b/;

/** As CommonMark's own reader reads it, but for the deviations that docs/reference/answers.md names. */
export function referenceOf(markdown: string): Tree[] {
  const root = new Parser().parse(markdown);
  const walker = root.walker();
  for (let event = walker.next(); event !== null; event = walker.next()) {
    if (event.entering) deviate(event.node, walker);
  }
  return treesOf(new HtmlRenderer({ softbreak: "<br />\n" }).render(root));
}

/** HTML is text; an image is a link with its description, or within a link only that. */
function deviate(node: Node, walker: ReturnType<Node["walker"]>): void {
  if (node.type === "html_inline") replace(node, textNode(node.literal ?? ""));
  else if (node.type === "html_block") {
    const block = new Node("custom_block");
    block.onEnter = `<div>${escaped(node.literal ?? "")}</div>`;
    block.onExit = "";
    replace(node, block);
  } else if (node.type === "image") {
    const words = textNode(wordsOf(node) || "image");
    const link = isWithinLink(node) ? words : new Node("link");
    if (link !== words) {
      link.destination = node.destination;
      link.appendChild(words);
    }
    const next = node;
    replace(next, link);
    walker.resumeAt(link, false);
  }
}

function replace(node: Node, by: Node): void {
  node.insertBefore(by);
  node.unlink();
}

function textNode(literal: string): Node {
  const node = new Node("text");
  node.literal = literal;
  return node;
}

function wordsOf(image: Node): string {
  let words = "";
  const walker = image.walker();
  for (let event = walker.next(); event !== null; event = walker.next()) {
    if (event.entering && event.node.literal !== null) words += event.node.literal;
  }
  return words;
}

function isWithinLink(node: Node): boolean {
  const { parent } = node as unknown as { parent: Node | null };
  return parent !== null && (parent.type === "link" || isWithinLink(parent));
}

function escaped(text: string): string {
  return text.trimEnd().replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/\n/g, "<br>\n");
}

/** The trees of a page's HTML, without what belongs to no text: buttons, and boxes that are only looks. */
export function treesOf(html: string): Tree[] {
  return tidied(childrenOf(fromHtml(html, { fragment: true }), false));
}

function childrenOf(node: Nodes, isCode: boolean): Tree[] {
  if (!("children" in node)) return [];
  return node.children.flatMap((child): Tree[] => {
    if (child.type === "text") return [isCode ? child.value : child.value.replace(/\s+/g, " ")];
    if (child.type !== "element" || child.properties.dataTools !== undefined) return [];
    const name = nameOf(child);
    const inside = childrenOf(child, isCode || child.tagName === "pre");
    if (child.tagName === "div") return [" ", ...inside, " "];
    return name === null ? inside : [[name, ...(child.tagName === "pre" ? code(inside) : tidied(inside))]];
  });
}

/** The element's name, with its address, its first number or its language; null for one that is only looks. */
function nameOf({ tagName, properties, children }: Element): string | null {
  if (!ELEMENTS.has(tagName)) return null;
  if (tagName === "a") {
    const href = String(properties.href ?? "");
    if (/^(?:https?:\/\/|mailto:)/i.test(href)) return `a ${href}`;
    return /^[a-z][a-z\d+.-]*:|^[\\/]{2}/i.test(href) ? null : "a";
  }
  if (tagName === "ol") return `ol ${properties.start ?? 1}`;
  if (tagName !== "pre") return tagName;
  const inner = children.find((child) => child.type === "element");
  const names = inner?.properties.className;
  const named = Array.isArray(names) ? String(names[0]).replace("language-", "") : "";
  return `pre ${properties.dataLanguage ?? named}`.trim();
}

function code(trees: Tree[]): Tree[] {
  return trees.map((tree) => (typeof tree === "string" ? tree : [tree[0], tree.slice(1).join("").replace(/\n$/, "")]));
}

/** Joins neighbouring texts, and drops the white space that is not shown. */
function tidied(trees: Tree[]): Tree[] {
  const joined: Tree[] = [];
  for (const tree of trees) {
    const last = joined.at(-1);
    if (typeof tree === "string" && typeof last === "string") joined[joined.length - 1] = last + tree;
    else joined.push(tree);
  }
  const isEdge = (tree: Tree | undefined) => tree === undefined || (typeof tree !== "string" && BLOCKS.test(tree[0]));
  return joined
    .map((tree, index) => {
      if (typeof tree !== "string") return tree;
      const text = tree.replace(/ +/g, " ");
      const begun = isEdge(joined[index - 1]) ? text.trimStart() : text;
      return isEdge(joined[index + 1]) ? begun.trimEnd() : begun;
    })
    .filter((tree) => tree !== "");
}
