import { useWords } from "../../hooks/use-chat";
import { useCopied } from "../../markdown/use-copied";
import { IconButton } from "./icon-button";
import { ICONS } from "./icons";

interface Props {
  text: string;
  label: string;
  icon?: string;
  /** Makes HTML of the text, which is copied beside it where the browser can. */
  rich?: (text: string) => Promise<string>;
}

export function CopyButton({ text, label, icon = ICONS.copy, rich }: Props) {
  const words = useWords();
  const [copied, note] = useCopied();
  if (!window.isSecureContext) return null; // the clipboard is closed to pages over plain http
  const copy = () => note(copyText(text, rich));
  const drawing = { copied: ICONS.check, copy_denied: ICONS.warning };
  return <IconButton icon={copied ? drawing[copied] : icon} label={copied ? words[copied] : label} onClick={copy} />;
}

async function copyText(text: string, rich: Props["rich"]): Promise<void> {
  if (rich !== undefined && "ClipboardItem" in window) {
    // Written at once, with a promise: a browser lets a page copy only right after a click.
    const html = rich(text).then((made) => new Blob([made], { type: "text/html" }));
    const plain = new Blob([text], { type: "text/plain" });
    try {
      await navigator.clipboard.write([new ClipboardItem({ "text/html": html, "text/plain": plain })]);
      return;
    } catch {
      // this part of the page did not come, or the browser takes no HTML
    }
  }
  await navigator.clipboard.writeText(text);
}
