import type { Root } from "mdast";
import { visit } from "unist-util-visit";

export const ALERTS = ["note", "tip", "important", "warning", "caution"] as const;

const MARK = /^\[!(note|tip|important|warning|caution)\][ \t]*(?:\n|$)/i;

/** Reads `> [!NOTE]` as an alert: a quote that says which it is. */
export function remarkAlerts() {
  return (tree: Root) => {
    visit(tree, "blockquote", (quote) => {
      const paragraph = quote.children[0];
      if (paragraph?.type !== "paragraph") return;
      const words = paragraph.children[0];
      const mark = words?.type === "text" ? MARK.exec(words.value) : null;
      if (words?.type !== "text" || mark === null) return;
      quote.data = { hProperties: { dataAlert: mark[1]?.toLowerCase() ?? "note" } };
      words.value = words.value.slice(mark[0].length);
      if (words.value === "") paragraph.children.shift();
      if (paragraph.children[0]?.type === "break") paragraph.children.shift();
      if (paragraph.children.length === 0) quote.children.shift();
    });
  };
}
