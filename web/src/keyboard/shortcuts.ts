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

/** Where these stand on a keyboard, for layouts of other scripts, which have no Latin letters. */
const PLACES: Partial<Record<Key, string>> = { O: "KeyO", K: "KeyK", ";": "Semicolon", "/": "Slash" };

type Pressed = Pick<KeyboardEvent, "key" | "code" | "ctrlKey" | "metaKey" | "shiftKey" | "altKey">;

/** The shortcut that was pressed, if one was. */
export function shortcutOf(event: Pressed): Shortcut | null {
  return SHORTCUTS.find(({ keys }) => arePressed(keys, event)) ?? null;
}

function arePressed(keys: readonly Key[], event: Pressed): boolean {
  const { ctrlKey, metaKey, shiftKey, altKey } = event;
  const last = keys.at(-1);
  if (last === undefined || altKey || (ctrlKey || metaKey) !== keys.includes("Mod")) return false;
  return isPressed(last, event) && (last === "/" || shiftKey === keys.includes("Shift"));
}

function isPressed(wanted: Key, { key, code }: Pressed): boolean {
  const pressed = key.toLowerCase();
  return (
    pressed === wanted.toLowerCase() || pressed === ALSO[wanted] || (code === PLACES[wanted] && isForeign(key, code))
  );
}

/**
 * Whether a layout of another script has this on a key: a letter of that, or, as Arabic has on an O with Shift, a sign.
 * Of the signs of ASCII and Latin-1, which layouts with Latin letters have elsewhere, too, only the full stop that stands
 * in place of the slash in Russian and Hebrew.
 */
function isForeign(key: string, code: string): boolean {
  return /[^\0-\xBF\p{Script=Latin}]/u.test(key) || (key === "." && code === "Slash");
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
