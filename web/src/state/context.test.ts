import { expect, test } from "vitest";
import { contextOf } from "./context";
import type { Conversation } from "./conversation";
import { emptyAnswer, emptyConversation, withMessage } from "./conversation-tree";
import { PLAIN } from "./settings";

/** A chat of these texts, questions and answers alternately. */
function chatOf(...texts: string[]): Conversation {
  return texts.reduce(
    (chat, text, index) => {
      const parent = index === 0 ? null : `m${index - 1}`;
      const id = `m${index}`;
      return withMessage(
        chat,
        index % 2 === 0
          ? { role: "user", id, stored: id, parent, text, files: [], replaces: null }
          : { ...emptyAnswer(id, parent ?? "", PLAIN), stored: id, text, status: "done" },
      );
    },
    emptyConversation("c", "c"),
  );
}

test("a chat that fits is asked with all of it", () => {
  expect(contextOf(chatOf("12345", "12345"), 100)).toEqual({ full: 0.1, leftOut: null });
  expect(contextOf(chatOf("12345", "12345"), 10)).toEqual({ full: 1, leftOut: null });
  expect(contextOf(emptyConversation("c", null), 10)).toEqual({ full: 0, leftOut: null });
});

test("of a longer one the newest messages are left, and they begin with the person", () => {
  expect(contextOf(chatOf("12345", "12345", "12", "34"), 10)).toEqual({ full: 1, leftOut: "m1" });
  expect(contextOf(chatOf("12345", "12345", "12", "34"), 13)).toEqual({ full: 1, leftOut: "m1" });
  expect(contextOf(chatOf("1", "12345678901"), 10)).toEqual({ full: 1, leftOut: "m1" });
});

test("a character outside the basic plane counts once, as at the server", () => {
  expect(contextOf(chatOf("😀😀😀😀😀", "😀😀😀😀😀"), 10)).toEqual({ full: 1, leftOut: null });
});
