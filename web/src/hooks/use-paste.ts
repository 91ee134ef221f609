import { useEffect } from "react";
import { MESSAGE_BOX } from "../keyboard/message-box";

/** From so many characters on a pasted text may better be a file. */
const LONG_CHARS = 10_000;

/**
 * Gives files that are pasted to `onFiles`, wherever the reader is but in another field. A long text that is pasted into
 * the message box stands there, and is given to `onLongText`.
 */
export function usePaste(onFiles: (files: File[]) => void, onLongText: (text: string) => void): void {
  useEffect(() => {
    const onPaste = ({ clipboardData, target }: ClipboardEvent) => {
      if (clipboardData === null || !(target instanceof Element)) return;
      const field = target.closest("input, textarea, dialog");
      if (field !== null && field.id !== MESSAGE_BOX) return;
      const text = clipboardData.getData("text/plain");
      // What is copied from a table or a page is text, and a picture of it.
      if (text === "" && clipboardData.files.length > 0) onFiles([...clipboardData.files]);
      else if (field !== null && text.length > LONG_CHARS) onLongText(text.replaceAll("\r\n", "\n"));
    };
    document.addEventListener("paste", onPaste);
    return () => document.removeEventListener("paste", onPaste);
  }, [onFiles, onLongText]);
}
