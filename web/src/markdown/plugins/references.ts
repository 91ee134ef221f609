// Tells the reader of one piece of an answer which links and notes the whole defines.

import type { Root } from "mdast";
import { normalizeIdentifier } from "micromark-util-normalize-identifier";
import type { Effects, Extension, State, TokenizeContext } from "micromark-util-types";
import type { Processor } from "unified";
import { visit } from "unist-util-visit";
import type { Definition } from "../references";

interface Options {
  definitions: readonly Definition[];
  notes: readonly { id: string; number: number }[];
  /** What the addresses of the notes begin with in the page. */
  prefix: string;
}

/** The parser's own lists of what is defined. */
interface Defined {
  defined: string[];
  gfmFootnotes?: string[];
}

/** Makes links of the references that `definitions` define, and numbers of those that name one of `notes`. */
export function remarkReferences(this: Processor, { definitions, notes, prefix }: Options) {
  const data = this.data();
  data.micromarkExtensions ??= [];
  data.micromarkExtensions.push(known(definitions, notes));
  const numbers = new Map(notes.map(({ id, number }) => [id, number]));
  return (tree: Root) => {
    tree.children = tree.children.filter(({ type }) => type !== "footnoteDefinition");
    tree.children.unshift(
      ...definitions.map(({ id, url, title }) => ({
        type: "definition" as const,
        identifier: id,
        label: id,
        url,
        title,
      })),
    );
    visit(tree, "footnoteReference", (node, index, parent) => {
      const number = numbers.get(normalizeIdentifier(node.label ?? node.identifier));
      if (number === undefined || index === undefined || parent === undefined) return;
      const children = [{ type: "text" as const, value: String(number) }];
      const link = { type: "link" as const, url: `#${prefix}${number}`, children };
      parent.children[index] = { ...node, type: "emphasis", data: { hName: "sup" }, children: [link] };
    });
  };
}

/** A construct that matches nothing, and enters what is known into the parser's lists before the first line is read. */
function known(definitions: Options["definitions"], notes: Options["notes"]): Extension {
  const extended = new WeakSet<Defined>();
  function tokenize(this: TokenizeContext, _: Effects, __: State, nok: State) {
    const parser = this.parser as Defined;
    if (!extended.has(parser)) {
      extended.add(parser);
      parser.defined.push(...definitions.map(({ id }) => id));
      parser.gfmFootnotes = [...(parser.gfmFootnotes ?? []), ...notes.map(({ id }) => id)];
    }
    return nok;
  }
  return { document: { null: { name: "knownReferences", tokenize } } };
}
