import { useEffect, useState } from "react";

/** What came of copying, by the name of its words: a browser may not let this page copy. */
export type Copied = "copied" | "copy_denied";

/** How long it is shown. */
const SHOWN_MS: Record<Copied, number> = { copied: 1_500, copy_denied: 5_000 };

/** What came of copying a moment ago, and what notes it. */
export function useCopied(): [Copied | null, (copying: Promise<void>) => void] {
  const [copied, setCopied] = useState<Copied | null>(null);
  useEffect(() => {
    if (copied === null) return;
    const timer = setTimeout(() => setCopied(null), SHOWN_MS[copied]);
    return () => clearTimeout(timer);
  }, [copied]);
  const note = (copying: Promise<void>) =>
    void copying.then(
      () => setCopied("copied"),
      () => setCopied("copy_denied"),
    );
  return [copied, note];
}
