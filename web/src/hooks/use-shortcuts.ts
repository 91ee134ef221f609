import { useLayoutEffect } from "react";
import { isConverting } from "../keyboard/keys";
import { shortcutOf } from "../keyboard/shortcuts";
import { useChat } from "./use-chat";

/** Listens for the page's shortcuts, except while a panel is open: that has its own keyboard. */
export function useShortcuts(): void {
  const chat = useChat();
  useLayoutEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      // Not the state: a dialog that Escape has closed tells of it a little later.
      if (isConverting(event) || document.querySelector("dialog[open]") !== null) return;
      if (event.key === "Escape" && document.querySelector(":popover-open") !== null) return; // it closes that
      const shortcut = shortcutOf(event);
      if (shortcut === null) return;
      event.preventDefault();
      shortcut.run(chat);
    };
    document.addEventListener("keydown", onKeyDown);
    return () => document.removeEventListener("keydown", onKeyDown);
  }, [chat]);
}
