import { expect, test } from "vitest";
import { closeReasonOf } from "../protocol/close-codes";
import type { ConversationTree, Message as Stored } from "../protocol/frames";
import { branchTo, type Conversation } from "./conversation";
import { merged } from "./merge-stored";
import { reduce } from "./reduce";
import { PLAIN } from "./settings";
import { type Action, INITIAL, type State, shownConversation } from "./state";

const NOW = 1_000_000;

function stored(id: string, role: Stored["role"], parent: string | null, more: Partial<Stored> = {}): Stored {
  return {
    id,
    parent,
    role,
    text: `text of ${id}`,
    thoughts: "",
    model: null,
    finish_reason: role === "model" ? "stop" : null,
    error: null,
    answered: role === "model" ? null : true,
    request: null,
    usage: null,
    created: 0,
    ...more,
  };
}

function read(...messages: Stored[]): Action {
  const tree: ConversationTree = {
    id: "c1",
    title: "A title",
    created: 0,
    updated: 5,
    pinned: false,
    archived: false,
    folder: null,
    settings: {},
    messages,
  };
  return { type: "read", conversation: "c1", tree, merge: merged };
}

const SHOWN: Action = { type: "show", conversation: "c1" };
const EXCHANGE = [stored("q1", "user", null), stored("a1", "model", "q1")];
const after = (...actions: Action[]): State => actions.reduce(reduce, INITIAL);
const ask = (question: string, answer: string, parent: string | null, text: string): Action => ({
  type: "ask",
  from: "",
  replaces: null,
  conversation: "c1",
  question,
  parent,
  text,
  answer,
  now: NOW,
});
const lost: Action = { type: "lost", reason: closeReasonOf(1006) };

function shown(state: State): Conversation {
  const conversation = shownConversation(state);
  if (conversation === null) throw new Error("nothing is shown");
  return conversation;
}

function branch(state: State): string[] {
  const conversation = shown(state);
  return branchTo(conversation, conversation.leaf).map(({ id }) => id);
}

test("a chat that is not here is awaited, and shown with its newest branch when it is read", () => {
  const awaited = after(SHOWN);
  expect(shown(awaited).reading.status).toBe("pending");
  const again = stored("a2", "model", "q1");
  const state = reduce(awaited, read(...EXCHANGE, stored("q2", "user", "a1"), stored("b1", "model", "q2"), again));
  expect(shown(state)).toMatchObject({ reading: { status: "done" }, title: "A title", asOf: 5 });
  expect(branch(state)).toEqual(["q1", "a2"]);
  expect(branch(reduce(state, { type: "turn_to", message: "a1" }))).toEqual(["q1", "a1", "q2", "b1"]);
});

test("the ways in which answers ended are told as when they came", () => {
  const state = after(
    SHOWN,
    read(
      stored("q1", "user", null),
      stored("a1", "model", "q1"),
      stored("a2", "model", "q1", { finish_reason: "cancelled" }),
      stored("a3", "model", "q1", { finish_reason: null, error: "upstream_truncated" }),
    ),
  );
  const { a1, a2, a3 } = shown(state).messages;
  expect(a1).toMatchObject({ status: "done", problem: null });
  expect(a2).toMatchObject({ status: "stopped", problem: null });
  expect(a3).toMatchObject({
    status: "failed",
    problem: { sentence: { say: "answer_broke_off" }, retry: { notBefore: 0 } },
  });
});

test("what is read again is not drawn again, and a branch that was turned to stays", () => {
  const before = after(SHOWN, read(...EXCHANGE, stored("a2", "model", "q1")), { type: "turn_to", message: "a1" });
  const state = reduce(before, read(...EXCHANGE, stored("a2", "model", "q1")));
  expect(shown(state).messages.a1).toBe(shown(before).messages.a1);
  expect(branch(state)).toEqual(["q1", "a1"]);
});

test("what another tab has said is shown", () => {
  const state = after(SHOWN, read(...EXCHANGE), read(...EXCHANGE, stored("q2", "user", "a1")));
  expect(branch(state)).toEqual(["q1", "a1", "q2"]);
});

test("what another tab has said in another branch is offered, and the branch that is read stays", () => {
  const another = stored("a2", "model", "q1");
  const state = after(SHOWN, read(...EXCHANGE), read(...EXCHANGE, another));
  expect(branch(state)).toEqual(["q1", "a1"]);
  expect(shown(state).news).toBe("a2");
  const taken = reduce(state, { type: "turn_to", message: "a2" });
  expect(branch(taken)).toEqual(["q1", "a2"]);
  expect(shown(taken).news).toBe(null);
});

test("what is asked while the chat is being read follows its last answer", () => {
  const state = after(SHOWN, ask("q", "t", null, "early"), read(...EXCHANGE));
  expect(branch(state)).toEqual(["q1", "a1", "q", "t"]);
});

test("what another tab has said does not hide an answer that is on its way here", () => {
  const state = after(
    SHOWN,
    read(...EXCHANGE),
    ask("q", "t", "a1", "here"),
    read(...EXCHANGE, stored("a2", "model", "q1")),
  );
  expect(branch(state)).toEqual(["q1", "a1", "q", "t"]);
  expect(shown(state).children.q1).toEqual(["a1", "a2"]);
});

test("the end of a turn says where its question and its answer are kept", () => {
  const usage = { conversation: "c1", question: "q2", message: "a2", finish_reason: "stop" };
  const end = { type: "usage", id: "t", ...usage } as Extract<Action, { type: "frames" }>["frames"][number];
  const ended = after(SHOWN, read(...EXCHANGE), ask("q", "t", "a1", "text of q2"), {
    type: "frames",
    frames: [end],
    now: NOW,
  });
  const again = reduce(ended, read(...EXCHANGE, stored("q2", "user", "a1"), stored("a2", "model", "q2")));
  expect(branch(again)).toEqual(["q1", "a1", "q", "t"]);
  expect(Object.keys(shown(again).messages)).toHaveLength(4);
});

test("a question whose connection broke is found by its place and its text, and its answer with it", () => {
  const sent: Action = { type: "sent", answers: ["t"] };
  const broken = after(SHOWN, read(...EXCHANGE), ask("q", "t", "a1", "text of q2"), sent, lost);
  const cut = stored("a2", "model", "q2", { finish_reason: "cancelled", text: "All that was sent" });
  const state = reduce(broken, read(...EXCHANGE, stored("q2", "user", "a1"), cut));
  expect(shown(state).messages.q).toMatchObject({ stored: "q2" });
  expect(shown(state).messages.t).toMatchObject({ stored: "a2", status: "lost", text: "All that was sent" });
  const whole = reduce(broken, read(...EXCHANGE, stored("q2", "user", "a1"), stored("a2", "model", "q2")));
  expect(shown(whole).messages.t).toMatchObject({ stored: "a2", status: "done", problem: null });
});

test("the same question in another place is another question", () => {
  const sent: Action = { type: "sent", answers: ["t"] };
  const broken = after(SHOWN, read(...EXCHANGE), ask("q", "t", "a1", "text of q2"), sent, lost);
  const state = reduce(broken, read(...EXCHANGE, stored("q2", "user", null)));
  expect(shown(state).messages.q).toMatchObject({ stored: null });
});

test("the settings of a chat come with it, unless they were changed here", () => {
  const withSettings = (settings: object) => {
    const action = read(...EXCHANGE) as Extract<Action, { type: "read" }>;
    return { ...action, tree: { ...action.tree, settings } };
  };
  const first = after(SHOWN, withSettings({ temperature: 0.5, stop: ["a\nb"] }));
  expect(shown(first).settings).toEqual({ ...PLAIN, temperature: 0.5, stop: "a\\nb" });
  const second = reduce(first, withSettings({ temperature: 1 }));
  expect(shown(second).settings.temperature).toBe(1);
  const changed = reduce(second, { type: "set", settings: { temperature: 2 } });
  expect(shown(reduce(changed, withSettings({ temperature: 0 }))).settings.temperature).toBe(2);
});

test("what was asked in a chat can be recalled when it is read", () => {
  expect(after(SHOWN, read(...EXCHANGE)).prompts).toEqual(["text of q1"]);
});
