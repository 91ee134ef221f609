import { useEffect, useState } from "react";

const SHOWN_MS = 1_500;

/** Whether a text was copied a moment ago, and what notes the outcome of copying: a browser may not let this page copy. */
export function useCopied(): [boolean, (copying: Promise<void>) => void] {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [copied]);
  const note = (copying: Promise<void>) =>
    void copying.then(
      () => setCopied(true),
      () => setCopied(false),
    );
  return [copied, note];
}
