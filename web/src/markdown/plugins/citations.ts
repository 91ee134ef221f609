// Puts the number of a source after the text that it is cited for. The positions are known in the markdown. The
// numbers are put into its syntax tree, so the markdown is parsed as it would be without them.

import type { Link, PhrasingContent, Root, RootContent, Text } from "mdast";
import { SKIP, visitParents } from "unist-util-visit-parents";
import type { VFile } from "vfile";
import type { Mark } from "../marks";

/** Nodes that are not cut: a number whose position is within one stands after it. */
const WHOLE = new Set([
  "code",
  "footnoteReference",
  "html",
  "image",
  "imageReference",
  "inlineCode",
  "inlineMath",
  "link",
  "linkReference",
  "math",
]);
/** Nothing of these is shown where it stands. */
const HIDDEN = new Set(["break", "definition", "footnoteDefinition", "thematicBreak"]);
const EMPHASIS = new Set(["delete", "emphasis", "strong"]);
const FLOW = new Set(["blockquote", "listItem", "root"]);
const ENTITY = /^&(?:#\d{1,7}|#x[\da-f]{1,6}|[a-z][a-z\d]{1,31});/i;
const OPENABLE = /^https?:\/\//i;

type Parent = { type: string; children: RootContent[]; position?: Link["position"] };

/** A piece of what is shown, and what it stands in, the outermost first. */
interface Leaf {
  node: RootContent;
  within: Parent[];
}

export function remarkCitations({ marks }: { marks: readonly Mark[] }) {
  return (tree: Root, file: VFile) => {
    const source = String(file);
    for (const mark of marks.toReversed()) put(tree, source, mark); // the last first: the places before it still hold
  };
}

function put(tree: Root, source: string, mark: Mark): void {
  const leaf = lastBefore(tree, mark.at);
  if (leaf === null) return;
  const { node, within } = leaf;
  const parent = within.at(-1) as Parent;
  const end = node.position?.end.offset ?? 0;
  if (node.type === "text" && mark.at < end) split(node, parent, source, mark);
  else if (FLOW.has(parent.type)) insert(parent, node, { type: "paragraph", children: [numbers(mark)] });
  else insertBehind(leaf, mark);
}

/** The last piece that begins before a place. */
function lastBefore(tree: Root, at: number): Leaf | null {
  let last: Leaf | null = null;
  visitParents(tree, (node, ancestors) => {
    if (HIDDEN.has(node.type)) return SKIP;
    if (node.type !== "text" && !WHOLE.has(node.type)) return;
    const start = node.position?.start.offset;
    if (start !== undefined && start < at) last = { node: node as RootContent, within: ancestors as Parent[] };
    return SKIP;
  });
  return last;
}

/** Outside of the emphasis that ends there, too. */
function insertBehind({ node, within }: Leaf, mark: Mark): void {
  let [before, depth] = [node as { position?: Link["position"] }, within.length - 1];
  while (EMPHASIS.has(within[depth]?.type ?? "") && mark.at >= (within[depth]?.position?.end.offset ?? 0)) {
    before = within[depth] as Parent;
    depth -= 1;
  }
  insert(within[depth] as Parent, before as RootContent, numbers(mark));
}

function insert(parent: Parent, before: RootContent, node: unknown): void {
  parent.children.splice(parent.children.indexOf(before) + 1, 0, node as RootContent);
}

function split(text: Text, parent: Parent, source: string, mark: Mark): void {
  const { position } = text;
  if (position?.start.offset === undefined || position.end.offset === undefined) return;
  const at = valueLength(source.slice(position.start.offset, mark.at), text.value);
  const before = { ...text, value: text.value.slice(0, at) };
  before.position = { start: position.start, end: { ...position.end, offset: mark.at } };
  const after = { ...text, value: text.value.slice(at) };
  after.position = { start: { ...position.start, offset: mark.at }, end: position.end };
  parent.children.splice(parent.children.indexOf(text), 1, before, numbers(mark) as unknown as RootContent, after);
}

/** How much of a text's value its source makes: escapes, references, and what lines begin with are longer there. */
function valueLength(source: string, value: string): number {
  let made = 0;
  for (let at = 0; at < source.length && made < value.length; at += 1) {
    const [entity = ""] = source[at] === "&" ? (ENTITY.exec(source.slice(at, at + 40)) ?? []) : [];
    if (entity !== "" && !value.startsWith(entity, made)) {
      made += (value.codePointAt(made) ?? 0) > 0xffff ? 2 : 1;
      at += entity.length - 1;
    } else if (source[at] === value[made]) made += 1;
  }
  return made;
}

function numbers({ sources }: Mark): PhrasingContent {
  const children = sources.map(({ number, title, uri }): PhrasingContent => {
    const words = { type: "text" as const, value: String(number) };
    if (!OPENABLE.test(uri)) return words;
    const hProperties = { dataCitation: String(number) };
    return { type: "link", url: uri, title, data: { hProperties }, children: [words] };
  });
  const spaced = children.flatMap((child, index) =>
    index > 0 ? [{ type: "text" as const, value: " " }, child] : [child],
  );
  return { type: "citation", data: { hName: "sup" }, children: spaced } as unknown as PhrasingContent;
}
