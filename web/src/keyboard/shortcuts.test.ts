import { expect, test } from "vitest";
import { ENGLISH } from "../testing/english";
import { keyNameOf } from "./shortcut-names";
import { shortcutOf } from "./shortcuts";

const NONE = { ctrlKey: false, metaKey: false, shiftKey: false, altKey: false };
const CTRL = { ...NONE, ctrlKey: true };
const shortcut = (event: Parameters<typeof shortcutOf>[0]) => shortcutOf(event)?.label ?? null;

test.each([
  [{ ...CTRL, shiftKey: true, key: "O" }, "new_chat"],
  [{ ...NONE, metaKey: true, shiftKey: true, key: "o" }, "new_chat"],
  [{ ...CTRL, key: "k" }, "search_chats"],
  [{ ...NONE, metaKey: true, key: "k" }, "search_chats"],
  [{ ...NONE, key: "Escape" }, "shortcut_stop"],
  [{ ...NONE, shiftKey: true, key: "Escape" }, "shortcut_message"],
  [{ ...CTRL, shiftKey: true, key: ":" }, "copy_last_code"],
  [{ ...CTRL, shiftKey: true, key: ";" }, "copy_last_code"],
  [{ ...CTRL, key: "/" }, "shortcut_list"],
  [{ ...CTRL, shiftKey: true, key: "/" }, "shortcut_list"],
])("%o is: %s", (event, label) => {
  expect(shortcut(event)).toBe(label);
});

test.each([
  { ...CTRL, key: "o" },
  { ...CTRL, shiftKey: true, key: "K" },
  { ...NONE, key: "/" },
  { ...CTRL, altKey: true, key: "/" },
  { ...CTRL, key: "Escape" },
])("%o is left to the browser", (event) => {
  expect(shortcut(event)).toBe(null);
});

test("a Mac's keys have its names", () => {
  expect(["Mod", "Shift", "O"].map((key) => keyNameOf(ENGLISH, key as "Mod", true))).toEqual(["⌘", "⇧", "O"]);
  expect(keyNameOf(ENGLISH, "Mod", false)).toBe("Ctrl");
});
