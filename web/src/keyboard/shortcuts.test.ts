import { expect, test } from "vitest";
import { nameOf } from "./shortcut-names";
import { shortcutOf } from "./shortcuts";

const NONE = { ctrlKey: false, metaKey: false, shiftKey: false, altKey: false };
const CTRL = { ...NONE, ctrlKey: true };
const shortcut = (event: Parameters<typeof shortcutOf>[0]) => shortcutOf(event)?.does ?? null;

test.each([
  [{ ...CTRL, shiftKey: true, key: "O" }, "New chat"],
  [{ ...NONE, metaKey: true, shiftKey: true, key: "o" }, "New chat"],
  [{ ...CTRL, key: "k" }, "Search the chats"],
  [{ ...NONE, metaKey: true, key: "k" }, "Search the chats"],
  [{ ...NONE, key: "Escape" }, "Stop the answer"],
  [{ ...NONE, shiftKey: true, key: "Escape" }, "Go to the message"],
  [{ ...CTRL, shiftKey: true, key: ":" }, "Copy the last block of code"],
  [{ ...CTRL, shiftKey: true, key: ";" }, "Copy the last block of code"],
  [{ ...CTRL, key: "/" }, "Show these shortcuts"],
  [{ ...CTRL, shiftKey: true, key: "/" }, "Show these shortcuts"],
])("%o is: %s", (event, does) => {
  expect(shortcut(event)).toBe(does);
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
  expect(["Mod", "Shift", "O"].map((key) => nameOf(key as "Mod", true))).toEqual(["⌘", "⇧", "O"]);
  expect(nameOf("Mod", false)).toBe("Ctrl");
});
