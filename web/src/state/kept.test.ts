import { expect, test } from "vitest";
import { closeReasonOf } from "../protocol/close-codes";
import { lostConnection } from "../text/problems";
import type { Answer, Conversation } from "./conversation";
import { emptyAnswer, emptyConversation, withMessage } from "./conversation-tree";
import { NO_DRAFT } from "./drafts";
import { draftIn, keptIn, keptOf, textOf, unstoredTurnFrom } from "./kept";
import { PLAIN } from "./settings";
import { unstoredTurnsIn, withUnstoredTurns } from "./unstored-turns";

const lost = lostConnection(false, closeReasonOf(1006));

/** A chat of one question, whose answer is like this. */
function chatWith(changes: Partial<Answer>): Conversation {
  const question = {
    role: "user" as const,
    id: "q",
    stored: null,
    parent: null,
    text: "Why?",
    files: [],
    replaces: null,
  };
  const chat = withMessage(emptyConversation("local", null), question);
  return withMessage(chat, { ...emptyAnswer("t", "q", PLAIN), ...changes });
}

function readBack(conversation: Conversation): Conversation {
  const records = unstoredTurnsIn(conversation).map((record) => {
    const kept = keptIn(textOf(record, "page", 1));
    const read = kept && unstoredTurnFrom(kept.content);
    if (!read) throw new Error("it cannot be read");
    return read;
  });
  return withUnstoredTurns(emptyConversation("local", null), records);
}

test.each<[Partial<Answer>, Partial<Answer>]>([
  [{ status: "queued" }, { status: "queued", problem: null }],
  [{ status: "stopped" }, { status: "stopped", problem: null }],
  [{ status: "lost", problem: lost }, { status: "lost" }],
  [{ status: "failed", problem: lost }, { status: "lost" }],
  [{ status: "streaming", text: "Half" }, { status: "lost" }],
])("a question with an answer like %o is put back", (answer, expected) => {
  const conversation = readBack(chatWith(answer));
  expect(conversation.messages.q).toMatchObject({ text: "Why?", parent: null });
  expect(conversation.messages.t).toMatchObject(expected);
  expect(conversation.leaf).toBe("t");
});

test("the reason is told after a reload, and after another one in the same words", () => {
  const again = readBack(chatWith({ status: "failed", problem: lost }));
  const problem = { sentence: { say: "no_answer" }, advice: [lost.sentence] }; // which asks again by its button
  expect(again.messages.t).toMatchObject({ problem });
  expect(readBack(again).messages.t).toMatchObject({ problem });
});

test("what the server has is not kept", () => {
  expect(unstoredTurnsIn(chatWith({ status: "done", stored: "a" }))).toEqual([]);
});

test("a question whose answer is there is not put back", () => {
  const answered = chatWith({ status: "done", stored: "a" });
  expect(withUnstoredTurns(answered, unstoredTurnsIn(chatWith({ status: "failed", problem: lost })))).toBe(answered);
});

test("settings are kept until the server has them", () => {
  const conversation = { ...emptyConversation("c", "c"), settings: { ...PLAIN, temperature: 0.5 } };
  expect(keptOf(conversation, NO_DRAFT).draft?.settings?.temperature).toBe(0.5);
  expect(keptOf({ ...conversation, saved: { temperature: 0.5 } }, NO_DRAFT).draft).toBe(null);
});

test.each([null, "", "{", "[]", '{"version":2}', '{"version":1,"owner":"p","at":1,"content":{"question":{}}}'])(
  "what cannot be read stops nothing: %s",
  (text) => {
    const kept = keptIn(text);
    expect(kept && unstoredTurnFrom(kept.content)).toBe(null);
    expect(draftIn(kept?.content ?? {})).toMatchObject({ text: "", edits: {} });
  },
);
