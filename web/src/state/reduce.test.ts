import { expect, test } from "vitest";
import golden from "../../../tests/golden/frames.json";
import { closeReasonOf } from "../protocol/close-codes";
import type { ErrorFrame, FrameDown } from "../protocol/frames";
import { type Answer, branchTo, siblingsOf } from "./conversation";
import { draftOf, NEW_CHAT } from "./drafts";
import { reduce } from "./reduce";
import { offered, PLAIN, type Settings } from "./settings";
import {
  type Action,
  conversationWith,
  INITIAL,
  refusalOf,
  type State,
  shownConversation,
  shownSettings,
} from "./state";

const NOW = 1_000_000;
const TEXT = "  Why is\nthe sky blue? ";
const down = golden.down as unknown as Record<keyof typeof golden.down, FrameDown>;

const ask = (question: string, answer: string, parent: string | null = null): Action => ({
  type: "ask",
  from: "",
  replaces: null,
  conversation: "c1",
  question,
  parent,
  text: TEXT,
  answer,
  now: NOW,
});
const frames = (...taken: FrameDown[]): Action => ({ type: "frames", frames: taken, now: NOW });
const sent = (...answers: string[]): Action => ({ type: "sent", answers });
const delta = (id: string, text: string): FrameDown => ({ type: "delta", id, text });
const after = (...actions: Action[]): State => actions.reduce(reduce, INITIAL);

function answerIn(state: State, id = "t1"): Answer {
  const message = conversationWith(state, id)?.messages[id];
  if (message?.role !== "model") throw new Error(`${id} is no answer`);
  return message;
}

test("a token is asked for where one is missing or refused, and the dialog goes when it is given", () => {
  const locked = after({ type: "locked", signedIn: false, refusal: { say: "token_expired" } });
  expect(locked).toMatchObject({ panel: "sign_in", identity: { signedIn: false, refusal: { say: "token_expired" } } });
  const signedIn = reduce(locked, { type: "signed_in" });
  expect(signedIn).toMatchObject({ panel: null, identity: { signedIn: true, refusal: null } });
});

function shownIds(state: State): string[] {
  const conversation = shownConversation(state);
  return conversation ? branchTo(conversation, conversation.leaf).map(({ id }) => id) : [];
}

test("a title is cut between characters, as by the server", () => {
  const text = `${"a".repeat(59)}\u{1F600} and more`;
  expect(shownConversation(after({ ...ask("q1", "t1"), text } as Action))?.title).toBe(`${"a".repeat(59)}\u{1F600}`);
});

test("a question that was written in no box leaves what stands in the box, with its files and why it came back", () => {
  const file = { key: "f1", name: "a.txt", mime_type: "text/plain", bytes: 1, id: null, sent: 0, error: null };
  const files = [file] as unknown as ReturnType<typeof draftOf>["files"];
  const before = after(
    ask("q1", "t1"),
    { type: "write", chat: "c1", text: "half a thought" },
    { type: "attach", chat: "c1", files },
  );
  const returned = { c1: {} } as unknown as State["returned"];
  const state = reduce({ ...before, returned }, { ...ask("q2", "t2", "t1"), from: "t1" } as Action);
  expect(shownIds(state)).toEqual(["q1", "t1", "q2", "t2"]);
  expect(draftOf(state, "c1")).toMatchObject({ text: "half a thought", files, waits: false });
  expect(state.returned).toEqual(returned);
});

test("a first question opens a conversation that is named after it", () => {
  const state = after(ask("q1", "t1"));
  expect(shownConversation(state)?.title).toBe("Why is the sky blue?");
  expect(shownIds(state)).toEqual(["q1", "t1"]);
  expect(answerIn(state).status).toBe("queued");
});

test("an answer waits once its turn is sent, and streams with its first piece", () => {
  const waiting = after(ask("q1", "t1"), sent("t1"));
  expect(answerIn(waiting).status).toBe("waiting");
  const streaming = reduce(waiting, frames(down["a thought"], down["a piece"], delta("t1", "blue light.")));
  expect(answerIn(streaming)).toMatchObject({
    status: "streaming",
    thoughts: "**Reading**",
    text: "Air scatters blue light.",
  });
});

test("usage ends an answer with what was spent", () => {
  const answer = answerIn(after(ask("q1", "t1"), sent("t1"), frames(down["a piece"], down["the end"])));
  expect(answer.status).toBe("done");
  expect(answer.usage).toMatchObject({ model: "gemini-flash-latest", output_tokens: 31 });
  expect(answer.usage).not.toHaveProperty("id");
});

test("nothing that comes after the end changes an answer", () => {
  const ended = after(ask("q1", "t1"), sent("t1"), frames(down["the end"]));
  expect(answerIn(reduce(ended, frames(down["a piece"], down["a failure in the middle"])))).toBe(answerIn(ended));
});

test("a stopped answer keeps what had come", () => {
  const stopping = after(ask("q1", "t1"), sent("t1"), frames(down["a piece"]), { type: "stopping", answer: "t1" });
  expect(answerIn(reduce(stopping, frames(delta("t1", "blue")))).status).toBe("stopping");
  const stopped = reduce(stopping, frames(down["the end of a turn that was stopped before anything was counted"]));
  expect(answerIn(stopped)).toMatchObject({ status: "stopped", text: "Air scatters " });
});

test("a failure keeps what had come, says what to do, and offers to ask again", () => {
  const answer = answerIn(after(ask("q1", "t1"), sent("t1"), frames(down["a piece"], down["a failure in the middle"])));
  expect(answer).toMatchObject({ status: "failed", text: "Air scatters ", usage: { measured: "partial" } });
  expect(answer.problem).toMatchObject({ sentence: { say: "error_upstream_truncated" }, retry: { notBefore: NOW } });
});

test("a refusal that says when to come back is not asked again before", () => {
  const { problem } = answerIn(
    after(ask("q1", "t1"), sent("t1"), frames(down["a refusal that says when to come back"])),
  );
  expect(problem?.retry?.notBefore).toBe(NOW + 34_400);
});

test("a connection that breaks ends the answers that were sent, and keeps those that were not", () => {
  const state = after(ask("q1", "t1"), sent("t1"), frames(down["a piece"]), ask("q2", "t2"), {
    type: "lost",
    reason: closeReasonOf(1006),
  });
  expect(answerIn(state)).toMatchObject({ status: "lost", text: "Air scatters " });
  expect(answerIn(state).problem?.sentence).toEqual({ say: "close_1006" });
  expect(answerIn(state, "t2").status).toBe("queued");
});

test("an error about no turn, and a frame of a later version, change nothing", () => {
  const before = after(ask("q1", "t1"), sent("t1"));
  const unknown = { type: "later", id: "t1", title: "x", uri: "y" } as unknown as FrameDown;
  const state = reduce(before, frames(down["a cancel that crossed the end of its turn"], unknown));
  expect(answerIn(state)).toBe(answerIn(before));
});

test("asking again makes an answer beside the first, and either can be turned to", () => {
  const ended = after(ask("q1", "t1"), sent("t1"), frames(down["a piece"], down["the end"]));
  const again = reduce(ended, { type: "ask_again", question: "q1", answer: "t2", now: NOW });
  expect(shownIds(again)).toEqual(["q1", "t2"]);
  expect(siblingsOf(conversationWith(again, "t1") as never, answerIn(again))).toEqual(["t1", "t2"]);
  expect(shownIds(reduce(again, { type: "turn_to", message: "t1" }))).toEqual(["q1", "t1"]);
});

test("asking again makes up for an answer that ended with nothing", () => {
  const failed = after(ask("q1", "t1"), sent("t1"), frames(down["a refusal that says when to come back"]));
  const again = reduce(failed, { type: "ask_again", question: "q1", answer: "t2", now: NOW });
  expect(Object.keys(shownConversation(again)?.messages ?? {})).toEqual(["q1", "t2"]);
});

test("an edited question begins a branch beside the old one, which keeps what followed", () => {
  const long = after(ask("q1", "t1"), sent("t1"), frames(down["the end"]), ask("q2", "t2", "t1"));
  const edited = reduce(long, ask("q3", "t3"));
  expect(shownIds(edited)).toEqual(["q3", "t3"]);
  expect(shownIds(reduce(edited, { type: "turn_to", message: "q1" }))).toEqual(["q1", "t1", "q2", "t2"]);
});

test("frames of several turns each find their own, and leave the other conversations untouched", () => {
  const other: Action = { ...ask("q2", "t2"), conversation: "c2" } as Action;
  const before = after(ask("q1", "t1"), other, ask("q3", "t3", "t1"), sent("t1", "t2"));
  const state = reduce(before, frames(delta("t1", "a"), delta("t2", "b"), delta("t1", "c")));
  expect([answerIn(state, "t1").text, answerIn(state, "t2").text]).toEqual(["ac", "b"]);
  expect(answerIn(state, "t3")).toBe(answerIn(before, "t3"));
});

const models = (...names: string[]): Action => ({
  type: "models",
  models: { default: "a", models: names, any: false, titles: false, public_shares: false, facts: [] },
  historyChars: null,
  grace: 0,
});
const set = (settings: Partial<Settings>): Action => ({ type: "set", settings });

test("a model that is not offered at the moment stays chosen, and the default one is asked", () => {
  const chosen = after(models("a", "b"), set({ model: "b" }));
  const state = reduce(chosen, models("a"));
  expect(shownSettings(state).model).toBe("b");
  expect(offered(shownSettings(state), state.models).model).toBe("a");
  expect(offered(shownSettings(chosen), chosen.models).model).toBe("b");
  expect(offered(PLAIN, state.models).model).toBe(null);
});

test("each chat has its own settings, and a new one begins with the default", () => {
  const defaults = { ...PLAIN, temperature: 1 };
  const first = after(
    { type: "prefer", preferences: { defaults } },
    { type: "show", conversation: null },
    ask("q1", "t1"),
  );
  const changed = reduce(first, set({ temperature: 0 }));
  expect(shownSettings(changed).temperature).toBe(0);
  expect(answerIn(changed).settings.temperature).toBe(1);
  const fresh = reduce(changed, { type: "show", conversation: null });
  expect(shownSettings(fresh).temperature).toBe(1);
  expect(shownSettings(reduce(fresh, { type: "show", conversation: "c1" })).temperature).toBe(0);
});

const refusing = (code: string, more: object = {}): FrameDown => {
  const failure = down["a failure in the middle"] as ErrorFrame;
  return { ...failure, code, usage: null, ...more } as FrameDown;
};

test("what the server did not take is said of its setting until that is changed", () => {
  const refusal = refusing("invalid_frame", { message: "stop[0] must be such.", field: "stop[0]", retryable: false });
  const sentence = { say: "setting_stop_wrong" };
  const refused = after(set({ stop: "x" }), ask("q1", "t1"), sent("t1"), frames(refusal));
  expect(refusalOf(refused, "stop")).toEqual(sentence);
  expect(refusalOf(refused, "system")).toBe(null);
  expect(refused.returned[NEW_CHAT]?.problem.retry).not.toBe(null);
  expect(refusalOf(reduce(refused, set({ system: "y" })), "stop")).toEqual(sentence);
  expect(refusalOf(reduce(refused, set({ stop: "y" })), "stop")).toBe(null);
});

test("a first question that is refused is the draft of a new chat again, with its settings", () => {
  const state = after(set({ temperature: 0.5 }), ask("q1", "t1"), sent("t1"), frames(refusing("overloaded")));
  expect(draftOf(state, NEW_CHAT).text).toBe(TEXT);
  expect(state).toMatchObject({ shown: null, conversations: [], list: { entries: [] }, fresh: { temperature: 0.5 } });
  expect(state.returned[NEW_CHAT]?.problem.sentence).toEqual({ say: "error_overloaded" });
});

test("a later question that is refused comes back into the box of its chat", () => {
  const state = after(
    ask("q1", "t1"),
    sent("t1"),
    frames(down["the end"]),
    ask("q2", "t2", "t1"),
    frames(refusing("rate_limited", { id: "t2" })),
  );
  expect(shownIds(state)).toEqual(["q1", "t1"]);
  expect(draftOf(state, "c1").text).toBe(TEXT);
});

test("a question that is refused while its box is in use stays where it was asked, with the reason", () => {
  const writes: Action = { type: "write", chat: "c1", text: "meanwhile" };
  const state = after(ask("q1", "t1"), sent("t1"), frames(down["the end"]), ask("q2", "t2", "t1"), writes);
  const refused = reduce(state, frames(refusing("rate_limited", { id: "t2" })));
  expect(draftOf(refused, "c1").text).toBe("meanwhile");
  expect(shownIds(refused)).toEqual(["q1", "t1", "q2", "t2"]);
  expect(answerIn(refused, "t2").problem?.sentence).toEqual({ say: "error_rate_limited" });
});

test("an edited question that is refused comes back into its editor", () => {
  const edited = { ...ask("q2", "t2"), from: "c1", replaces: "q1" } as Action;
  const editing: Action = { type: "edit", chat: "c1", question: "q1", text: TEXT };
  const state = after(ask("q1", "t1"), sent("t1"), frames(down["the end"]), editing, edited);
  expect(draftOf(state, "c1").edits).toEqual({});
  const refused = reduce(state, frames(refusing("overloaded", { id: "t2" })));
  expect(draftOf(refused, "c1").edits).toEqual({ q1: TEXT });
  expect(shownIds(refused)).toEqual(["q1", "t1"]);
});

test("what the provider refuses was asked, and stays with its reason", () => {
  const state = after(ask("q1", "t1"), sent("t1"), frames(refusing("upstream_rate_limited")));
  expect(shownIds(state)).toEqual(["q1", "t1"]);
});

test("a panel that closes does not close the one that has come in its place", () => {
  const opened = after({ type: "open", panel: "settings" }, { type: "open", panel: "shortcuts" });
  expect(reduce(opened, { type: "close", panel: "settings" }).panel).toBe("shortcuts");
  expect(reduce(opened, { type: "close", panel: "shortcuts" }).panel).toBe(null);
});
