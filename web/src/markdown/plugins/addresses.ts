import type { Link, PhrasingContent, Root } from "mdast";
import { SKIP, visit } from "unist-util-visit";

/** What ends a bare address in Chinese and Japanese texts, which put no space after it. */
const FULL_WIDTH_MARK = /[、。，．：；！？（）「」『』【】〈〉《》〔〕“”‘’…　]/;
const ADDRESS = /(?:https?:\/\/|www\.)[^\s<]+/i;

/** Ends bare addresses before the punctuation of Chinese and Japanese. */
export function remarkAddresses() {
  return (tree: Root) => {
    visit(tree, "link", (link, index, parent) => {
      const words = bareAddress(link);
      if (index === undefined || parent === undefined || words === null) return;
      const pieces = linked(words);
      if (pieces.length === 1) return;
      parent.children.splice(index, 1, ...(pieces as typeof parent.children));
      return [SKIP, index + pieces.length];
    });
  };
}

/** The address that is shown, of a link that was written as nothing else. */
function bareAddress(link: Link): string | null {
  const [words] = link.children;
  if (link.children.length !== 1 || words?.type !== "text" || !ADDRESS.test(words.value)) return null;
  const isBare = link.position === undefined || words.position?.start.offset === link.position.start.offset;
  return isBare && link.url.endsWith(words.value) ? words.value : null;
}

function linked(words: string): PhrasingContent[] {
  const pieces: PhrasingContent[] = [];
  let rest = words;
  for (let found = ADDRESS.exec(rest); found !== null; found = ADDRESS.exec(rest)) {
    const mark = found[0].search(FULL_WIDTH_MARK);
    const address = mark === -1 ? found[0] : found[0].slice(0, mark);
    if (found.index > 0) pieces.push({ type: "text", value: rest.slice(0, found.index) });
    const url = /^www\./i.test(address) ? `http://${address}` : address;
    pieces.push({ type: "link", url, children: [{ type: "text", value: address }] });
    rest = rest.slice(found.index + address.length);
  }
  if (rest !== "") pieces.push({ type: "text", value: rest });
  return pieces;
}
