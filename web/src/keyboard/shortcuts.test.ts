import { expect, test } from "vitest";
import { ENGLISH } from "../testing/english";
import { keyNameOf } from "./shortcut-names";
import { shortcutOf } from "./shortcuts";

const NONE = { code: "", ctrlKey: false, metaKey: false, shiftKey: false, altKey: false };
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
  [{ ...CTRL, key: "л", code: "KeyK" }, "search_chats"],
  [{ ...CTRL, key: "ن", code: "KeyK" }, "search_chats"],
  [{ ...CTRL, shiftKey: true, key: "Щ", code: "KeyO" }, "new_chat"],
  [{ ...CTRL, shiftKey: true, key: "×", code: "KeyO" }, "new_chat"],
  [{ ...CTRL, shiftKey: true, key: "Ж", code: "Semicolon" }, "copy_last_code"],
  [{ ...CTRL, key: "ظ", code: "Slash" }, "shortcut_list"],
  [{ ...CTRL, key: ".", code: "Slash" }, "shortcut_list"],
])("%o is: %s", (event, label) => {
  expect(shortcut(event)).toBe(label);
});

test.each([
  { ...CTRL, key: "o" },
  { ...CTRL, shiftKey: true, key: "K" },
  { ...NONE, key: "/" },
  { ...CTRL, altKey: true, key: "/" },
  { ...CTRL, key: "Escape" },
  { ...CTRL, key: "t", code: "KeyK" },
  { ...CTRL, key: "-", code: "Slash" },
  { ...CTRL, shiftKey: true, key: "§", code: "Slash" },
  { ...CTRL, shiftKey: true, key: "+", code: "Semicolon" },
  { ...CTRL, shiftKey: true, key: "Ö", code: "Semicolon" },
  { ...CTRL, shiftKey: true, key: "Dead", code: "Semicolon" },
])("%o is left to the browser", (event) => {
  expect(shortcut(event)).toBe(null);
});

test("a Mac's keys have its names", () => {
  expect(["Mod", "Shift", "O"].map((key) => keyNameOf(ENGLISH, key as "Mod", true))).toEqual(["⌘", "⇧", "O"]);
  expect(keyNameOf(ENGLISH, "Mod", false)).toBe("Ctrl");
});
