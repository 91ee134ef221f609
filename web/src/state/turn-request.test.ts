import { expect, test } from "vitest";
import golden from "../../../tests/golden/frames.json";
import { type Conversation, lastAnswer, type Question } from "./conversation";
import { emptyAnswer, emptyConversation, withMessage } from "./conversation-tree";
import { PLAIN, type Settings } from "./settings";
import { temporaryRequest, turnRequest } from "./turn-request";

const question = (id: string, parent: string | null, text: string, stored: string | null = null): Question => ({
  role: "user",
  id,
  stored,
  parent,
  text,
  files: [],
  replaces: null,
});
const kept = emptyConversation("local", "c1");
const first = question("q1", null, "Why is the sky blue?");

/** After an answer that is kept as `stored`. */
function answered(stored: string | null): Conversation {
  const chat = withMessage(kept, { ...first, stored: "m1" });
  return withMessage(chat, { ...emptyAnswer("t1", "q1", PLAIN), stored });
}

const SETTINGS: Settings = {
  model: "gemini-flash-latest",
  system: "Answer in one sentence.",
  temperature: 0.5,
  top_p: 0.9,
  max_output_tokens: 256,
  stop: "END\n\\n\\n",
  thinking: "medium",
  tools: "",
};

test("a first question is asked at the top of its conversation", () => {
  expect(turnRequest("t1", withMessage(kept, first), first, PLAIN, 0)).toEqual(golden.up["a first question"]);
});

test("a question is asked below the answer that it follows, with what the reader has set", () => {
  const next = question("q2", "t1", "In one sentence?");
  const frame = turnRequest("t2", withMessage(answered("m2"), next), next, SETTINGS, 0);
  expect(frame).toEqual(golden.up["with everything that the page sends"]);
});

test("a question that was never answered is passed over", () => {
  const next = question("q2", "t1", "And now?");
  expect(turnRequest("t2", withMessage(answered(null), next), next, PLAIN, 0)).toMatchObject({ parent: "c1" });
  expect(lastAnswer(answered(null))).toBe(null);
  expect(lastAnswer(answered("m2"))).toBe("t1");
});

test("a kept question is asked again in its own place", () => {
  const conversation = answered("m2");
  expect(turnRequest("t2", conversation, conversation.messages.q1 as Question, PLAIN, 0)).toMatchObject({
    parent: "m1",
  });
});

test("nothing is asked of a conversation that is not kept yet", () => {
  expect(turnRequest("t1", withMessage(emptyConversation("local", null), first), first, PLAIN, 0)).toBe(null);
});

test("an answer may go on without the page where the server lets it", () => {
  const chat = withMessage(kept, first);
  expect(turnRequest("t1", chat, first, PLAIN, 120)).toMatchObject({ grace: 120 });
  expect(turnRequest("t1", chat, first, PLAIN, 0)).not.toHaveProperty("grace");
});

test("a question of a temporary chat brings its files and what was said before", () => {
  const file = { id: "f1", name: "sea.png", type: "image/png", size: 4 };
  const next = { ...question("q2", "t1", "And this?"), files: [file] };
  const begun = withMessage(kept, first);
  const chat = withMessage(withMessage(begun, { ...emptyAnswer("t1", "q1", PLAIN), text: "It scatters." }), next);
  expect(temporaryRequest("t2", chat, next, PLAIN, 1000)).toMatchObject({
    message: "And this?",
    files: ["f1"],
    history: [
      { role: "user", text: "Why is the sky blue?" },
      { role: "model", text: "It scatters." },
    ],
  });
});
