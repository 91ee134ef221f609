// What the panel of shortcuts shows beside them; it is loaded with that.

import type { Key, Shortcut } from "./shortcuts";

/** What the message box does by itself. */
export const IN_THE_BOX: readonly Omit<Shortcut, "run">[] = [
  { keys: ["Enter"], does: "Send" },
  { keys: ["Shift", "Enter"], does: "Break the line" },
  { keys: ["↑"], does: "In an empty box: what was asked before" },
];

/** What stands on a key, on a Mac or elsewhere. */
export function nameOf(key: Key, isMac: boolean): string {
  if (key === "Mod") return isMac ? "⌘" : "Ctrl";
  return key === "Shift" && isMac ? "⇧" : key;
}
