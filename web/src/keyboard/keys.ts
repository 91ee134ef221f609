import type { KeyboardEvent as Pressed } from "react";

/**
 * Whether a key is an input method's own. Of the Enter that ends a conversion, and of the Escape, Safari says nothing but
 * the key code.
 */
export function isConverting({ isComposing, keyCode }: KeyboardEvent): boolean {
  return isComposing || keyCode === 229;
}

/**
 * What a key does in a text box. Enter sends and Shift+Enter breaks the line; a keyboard on the screen has no
 * Shift+Enter, so there Enter breaks the line and a button sends. An input method's Enter is its own.
 */
export function breaksOrSends({ key, shiftKey, ctrlKey, metaKey, nativeEvent }: Pressed): "send" | "break" | null {
  if (key !== "Enter" || isConverting(nativeEvent)) return null;
  if (ctrlKey || metaKey) return "send";
  return shiftKey || opensKeyboard() ? "break" : "send";
}

/** Whether to focus a field brings up a keyboard on the screen. */
export function opensKeyboard(): boolean {
  return matchMedia("(pointer: coarse)").matches;
}
