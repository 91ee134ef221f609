// The shortcuts of the page: one list, for the keyboard and for the panel that shows them.

import { flushSync } from "react-dom";
import type { ChatController } from "../controller/chat-controller";
import { toMessageBox } from "./message-box";

/** Mod is Ctrl, or Command on a Mac. */
export type Key = "Mod" | "Shift" | "Esc" | "Enter" | "↑" | "O" | "K" | ";" | "/";

type Label =
  | "break_line"
  | "copy_last_code"
  | "input_recall"
  | "new_chat"
  | "search_chats"
  | "send"
  | "shortcut_list"
  | "shortcut_message"
  | "shortcut_stop";

export interface Shortcut {
  keys: readonly Key[];
  label: Label;
  run: (chat: ChatController) => void;
}

export const SHORTCUTS: readonly Shortcut[] = [
  {
    keys: ["Mod", "Shift", "O"],
    label: "new_chat",
    run: (chat) => {
      chat.conversations.show(null);
      toMessageBox();
    },
  },
  { keys: ["Mod", "K"], label: "search_chats", run: toSearchBox },
  { keys: ["Shift", "Esc"], label: "shortcut_message", run: toMessageBox },
  { keys: ["Esc"], label: "shortcut_stop", run: (chat) => chat.turns.stop() },
  { keys: ["Mod", "Shift", ";"], label: "copy_last_code", run: (chat) => void chat.copyLastCode() },
  { keys: ["Mod", "/"], label: "shortcut_list", run: (chat) => chat.open("shortcuts") },
];

/** Some keyboards have these on other keys, with or without Shift. */
const ALSO: Partial<Record<Key, string>> = { Esc: "escape", ";": ":" };

type Pressed = Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey" | "shiftKey" | "altKey">;

/** The shortcut that was pressed, if one was. */
export function shortcutOf(event: Pressed): Shortcut | null {
  return SHORTCUTS.find(({ keys }) => arePressed(keys, event)) ?? null;
}

function arePressed(keys: readonly Key[], { key, ctrlKey, metaKey, shiftKey, altKey }: Pressed): boolean {
  const last = keys.at(-1);
  const pressed = key.toLowerCase();
  if (last === undefined || altKey || (ctrlKey || metaKey) !== keys.includes("Mod")) return false;
  if (pressed !== last.toLowerCase() && pressed !== ALSO[last]) return false;
  return last === "/" || shiftKey === keys.includes("Shift");
}

/** The one beside the chat, or where there is no room for that, the one in the drawer of chats. */
function toSearchBox(chat: ChatController): void {
  if (focusSearchBox()) return;
  flushSync(() => chat.open("chats")); // now: the letters that come next belong into the box
  focusSearchBox();
}

function focusSearchBox(): boolean {
  const boxes = [...document.querySelectorAll<HTMLElement>("[type=search]")];
  const visible = boxes.find((box) => box.checkVisibility());
  visible?.focus();
  return visible !== undefined;
}
