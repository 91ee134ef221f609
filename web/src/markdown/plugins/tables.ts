import type { Root } from "mdast";
import { visit } from "unist-util-visit";
import type { VFile } from "vfile";

/** A table is widened to its heading, so a wide heading over many short rows has more cells than its text has letters. */
const MOST_COLUMNS = 200;

/** Leaves a table as text whose cells would be more than its length is worth. */
export function remarkTables() {
  return (tree: Root, file: VFile) => {
    visit(tree, "table", (table, index, parent) => {
      if (index === undefined || parent === undefined) return;
      const columns = table.align?.length ?? 0;
      const source = String(file).slice(table.position?.start.offset, table.position?.end.offset);
      if (columns <= MOST_COLUMNS && columns * table.children.length <= source.length) return;
      parent.children[index] = { type: "paragraph", children: [{ type: "text", value: source }] };
    });
  };
}
