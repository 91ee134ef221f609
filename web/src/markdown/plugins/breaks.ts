import type { PhrasingContent, Root, Text } from "mdast";
import { SKIP, visit } from "unist-util-visit";

/** Keeps single line breaks: models write addresses, verses and lists of facts with them, and mean them. */
export function remarkBreaks() {
  return (tree: Root) => {
    visit(tree, "text", (node, index, parent) => {
      if (index === undefined || parent === undefined || !node.value.includes("\n")) return;
      if (isWithoutBreaks(node)) return;
      const lines = node.value.split("\n");
      const pieces = lines.flatMap((value, at): PhrasingContent[] => [
        ...(at > 0 ? [{ type: "break" } as const] : []),
        ...(value === "" ? [] : [{ type: "text", value } as const]),
      ]);
      parent.children.splice(index, 1, ...(pieces as typeof parent.children));
      return [SKIP, index + pieces.length];
    });
  };
}

/** A line feed that is written as a character reference breaks no line. */
function isWithoutBreaks({ position }: Text): boolean {
  return position !== undefined && position.start.line === position.end.line;
}
