// Reads a few tags of HTML that mean no more than a mark of markdown does. All other HTML, and these with any attribute,
// is shown as what was written.

import type { Node, Parent, Root, RootContent } from "mdast";

const INLINE = new Set(["sub", "sup", "kbd", "mark"]);
const TAG = /<(?:br\s*\/?|\/?(?:sub|sup|kbd|mark|summary|details)\s*|details\s+open\s*)>/gi;
const TAG_NAME = /[a-z]+/i;
/** Tags in tags: what is deeper was not meant. */
const DEEPEST = 12;

type Token = { kind: "open" | "close" | "break"; tag: string; raw: string } | { kind: "node"; node: RootContent };

interface Frame {
  tag: string;
  raw: string;
  children: RootContent[];
}

interface Options {
  /** Whether more of the text is to come: what is not closed yet may be. */
  growing: boolean;
}

/** Makes elements of `<br>`, `<sub>`, `<sup>`, `<kbd>`, `<mark>`, and of `<details>` with its `<summary>`. */
export function remarkHtmlTags({ growing }: Options) {
  return (tree: Root) => readTags(tree, growing);
}

function readTags(parent: Parent, growing: boolean): void {
  for (const child of parent.children) {
    if ("children" in child) readTags(child as Parent, growing);
  }
  if (!parent.children.some((child) => child.type === "html")) return;
  const isFlow = parent.type === "root" || parent.type === "blockquote" || parent.type === "listItem";
  const tokens = parent.children.flatMap((child) => tokensOf(child, isFlow));
  const children = built(tokens, isFlow, growing);
  parent.children = (isFlow ? children.map(asBlock) : children) as typeof parent.children;
}

/** HTML that is shown as it was written, in a block of its own. */
function asBlock(node: RootContent): RootContent {
  if (node.type !== "html") return node;
  const children = [{ type: "text", value: node.value.trimEnd() }];
  return { type: "htmlText", data: { hName: "div" }, children } as unknown as RootContent;
}

function tokensOf(node: RootContent, isFlow: boolean): Token[] {
  if (node.type !== "html") return [{ kind: "node", node }];
  const { value } = node;
  const tags = [...value.matchAll(TAG)];
  if (tags[0]?.index !== 0 || (!isFlow && tags[0][0] !== value)) return [{ kind: "node", node }];
  const tokens: Token[] = [];
  let done = 0;
  for (const { 0: raw, index } of tags) {
    tokens.push(...words(value.slice(done, index)), tagOf(raw));
    done = index + raw.length;
  }
  return [...tokens, ...words(value.slice(done))];
}

function words(text: string): Token[] {
  const value = text.replace(/^\n+|\n+$/g, "");
  return value.trim() === "" ? [] : [{ kind: "node", node: { type: "text", value } }];
}

function tagOf(raw: string): Token {
  const tag = TAG_NAME.exec(raw)?.[0].toLowerCase() ?? "";
  return { kind: tag === "br" ? "break" : raw[1] === "/" ? "close" : "open", tag, raw };
}

function built(tokens: readonly Token[], isFlow: boolean, growing: boolean): RootContent[] {
  const frames: Frame[] = [{ tag: "", raw: "", children: [] }];
  const top = () => frames[frames.length - 1] as Frame;
  const leave = (children: RootContent[]) => {
    frames.pop();
    top().children.push(...children);
  };
  for (const token of tokens) {
    if (token.kind === "node") top().children.push(token.node);
    else if (token.kind === "break") top().children.push({ type: "break" });
    else if (token.kind === "open" && frames.length < DEEPEST && isAllowed(token.tag, top().tag, isFlow)) {
      frames.push({ tag: token.tag, raw: token.raw, children: [] });
    } else if (token.kind === "close" && frames.some(({ tag }) => tag === token.tag)) {
      while (top().tag !== token.tag) leave(asWritten(top()));
      leave([element(top(), isFlow)]);
    } else top().children.push({ type: "html", value: token.raw });
  }
  while (frames.length > 1) leave(growing && top().tag === "details" ? [element(top(), isFlow)] : asWritten(top()));
  return isFlow ? paragraphs(top().children) : top().children;
}

function isAllowed(tag: string, within: string, isFlow: boolean): boolean {
  if (tag === "details") return isFlow && (within === "" || within === "details");
  return tag === "summary" ? within === "details" : INLINE.has(tag);
}

function asWritten({ raw, children }: Frame): RootContent[] {
  return [{ type: "html", value: raw }, ...children];
}

function element({ tag, raw, children }: Frame, isFlow: boolean): RootContent {
  const hProperties = /\sopen/i.test(raw) ? { open: true } : {};
  const content = tag === "details" && isFlow ? paragraphs(children) : children;
  return { type: "htmlTag", data: { hName: tag, hProperties }, children: content } as unknown as RootContent;
}

/** What stands within a line is put into a paragraph where only blocks may stand. */
function paragraphs(children: readonly RootContent[]): RootContent[] {
  const blocks: RootContent[] = [];
  let line: RootContent[] = [];
  const end = () => {
    if (line.length > 0) blocks.push({ type: "paragraph", children: line } as RootContent);
    line = [];
  };
  for (const child of children) {
    if (isWithinLine(child)) line.push(child);
    else {
      end();
      blocks.push(child);
    }
  }
  end();
  return blocks;
}

function isWithinLine(node: Node): boolean {
  if (node.type === "text" || node.type === "break") return true;
  return node.type === "htmlTag" && INLINE.has((node.data as { hName: string }).hName);
}
