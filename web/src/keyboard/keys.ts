import type { KeyboardEvent } from "react";

/** The key code of what an input method takes for itself; Safari says nothing else of the Enter that ends a conversion. */
const IN_CONVERSION = 229;

/**
 * What a key does in a text box. Enter sends and Shift+Enter breaks the line; a keyboard on the screen has no
 * Shift+Enter, so there Enter breaks the line and a button sends. An input method's Enter is its own.
 */
export function breaksOrSends({
  key,
  keyCode,
  shiftKey,
  ctrlKey,
  metaKey,
  nativeEvent,
}: KeyboardEvent): "send" | "break" | null {
  if (key !== "Enter" || nativeEvent.isComposing || keyCode === IN_CONVERSION) return null;
  if (ctrlKey || metaKey) return "send";
  return shiftKey || opensKeyboard() ? "break" : "send";
}

/** Whether to focus a field brings up a keyboard on the screen. */
export function opensKeyboard(): boolean {
  return matchMedia("(pointer: coarse)").matches;
}
