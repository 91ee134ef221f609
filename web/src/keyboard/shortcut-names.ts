// What the panel of shortcuts shows beside them; it is loaded with that.

import type { Words } from "../text/words/words";
import type { Key, Shortcut } from "./shortcuts";

/** What the message box does by itself. */
export const IN_THE_BOX: readonly Omit<Shortcut, "run">[] = [
  { keys: ["Enter"], label: "send" },
  { keys: ["Shift", "Enter"], label: "break_line" },
  { keys: ["↑"], label: "input_recall" },
];

/** What stands on a key, on a Mac or elsewhere. */
export function keyNameOf(words: Words, key: Key, isMac: boolean): string {
  switch (key) {
    case "Mod":
      return isMac ? "⌘" : words.key_ctrl;
    case "Shift":
      return isMac ? "⇧" : words.key_shift;
    case "Enter":
      return words.key_enter;
    case "Esc":
      return words.key_esc;
    default:
      return key;
  }
}
