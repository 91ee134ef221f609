import type { LinkReference, Root } from "mdast";
import { visitParents } from "unist-util-visit-parents";

/**
 * Makes a link of each image, with its description: loading it would tell its host that, and when, this answer was read.
 * Within a link it is only its description.
 */
export function remarkImages() {
  return (tree: Root) => {
    visitParents(tree, ["image", "imageReference"], (node, ancestors) => {
      if (node.type !== "image" && node.type !== "imageReference") return;
      const siblings = (ancestors.at(-1) as { children: unknown[] }).children;
      const words = { type: "text" as const, value: node.alt || "image" };
      const isWithinLink = ancestors.some(({ type }) => type === "link" || type === "linkReference");
      siblings[siblings.indexOf(node)] = isWithinLink ? words : linkOf(node, words);
    });
  };
}

function linkOf(node: object & { type: string }, words: { type: "text"; value: string }) {
  const type = node.type === "image" ? "link" : "linkReference";
  return { ...node, type, children: [words] } as unknown as LinkReference;
}
