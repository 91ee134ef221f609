import type { KeyboardEvent } from "react";

/** What a key does in a text box: Enter sends, Shift+Enter breaks the line, and an input method's Enter is its own. */
export function breaksOrSends(event: KeyboardEvent): "send" | "break" | null {
  if (event.key !== "Enter" || event.nativeEvent.isComposing) return null;
  return event.shiftKey ? "break" : "send";
}

/** Whether to focus a field brings up a keyboard on the screen. */
export function opensKeyboard(): boolean {
  return matchMedia("(pointer: coarse)").matches;
}
