// The buttons of what an answer holds: a table, code, a formula.

import type { ReactNode } from "react";
import { useCopied } from "./use-copied";
import { useWords } from "./words";

const DRAWINGS = { copied: "M5 12.5 10 17.5 19 7", copy_denied: "M12 4 2.5 20h19zM12 10v4.5m0 2.6v.1" };
const COPY = "M9 9h10v11H9zM15 9V4H5v11h4";

interface ToolProps {
  label: string;
  pressed?: boolean;
  onClick: () => void;
  children: ReactNode;
}

/** A button; its label is read out, and shown when pointed at. */
export function Tool({ label, pressed, onClick, children }: ToolProps) {
  return (
    <button type="button" className="tool" aria-label={label} title={label} aria-pressed={pressed} onClick={onClick}>
      {children}
    </button>
  );
}

/** Copies a text, and says for a moment what came of it. Without `children` it is a drawing only. */
export function CopyTool({ label, text, children }: { label: string; text: () => string; children?: ReactNode }) {
  const words = useWords();
  const [copied, note] = useCopied();
  const copy = () => {
    if (window.isSecureContext) note(navigator.clipboard.writeText(text()));
  };
  return (
    <Tool label={copied ? words[copied] : label} onClick={copy}>
      <svg aria-hidden="true" viewBox="0 0 24 24" className="tool-drawing">
        <path d={copied ? DRAWINGS[copied] : COPY} />
      </svg>
      {children}
    </Tool>
  );
}
