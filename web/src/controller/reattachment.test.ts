import { beforeEach, expect, test, vi } from "vitest";
import type { Api } from "../connection/api";
import { Refusal } from "../connection/api";
import type { ConversationsApi } from "../connection/conversations-api";
import type { ChatSocket } from "../connection/socket";
import { closeReasonOf } from "../protocol/close-codes";
import type { ConversationTree, ErrorFrame, FrameDown, LiveRun, Message as Stored } from "../protocol/frames";
import type { TurnRequest } from "../protocol/turn-request";
import type { Answer } from "../state/conversation";
import { type Action, conversationWith, INITIAL } from "../state/state";
import { Store } from "../state/store";
import { ENGLISH } from "../testing/english";
import { Reattachment } from "./reattachment";

const TURN: TurnRequest = { type: "chat", id: "t1", message: "hi", conversation: "c1", parent: "c1", grace: 120 };
const QUESTION = stored("q1", "user", null, "hi");
const STARTED: FrameDown = { type: "started", id: "t1", run: "r1", conversation: "c1", question: "q1", seq: 1 };
const GONE = refusal("gone");

function stored(id: string, role: Stored["role"], parent: string | null, text: string): Stored {
  const ends = {
    request: null,
    model: null,
    finish_reason: role === "model" ? "stop" : null,
    error: null,
    answered: null,
  };
  return { id, parent, role, text, thoughts: "", usage: null, created: 0, ...ends };
}

function refusal(code: string, more: Partial<ErrorFrame> = {}): ErrorFrame {
  const nothing = { message: "", field: null, retryable: false, retry_after: null, usage: null };
  return { type: "error", id: null, ref: "t1", code, ...nothing, ...more };
}

/** What goes up the socket, and what it carries. */
class FakeSocket {
  readonly up: unknown[] = [];
  readonly carried = new Set<string>();
  woken = 0;
  readonly wake = () => this.woken++;
  readonly carries = (id: string) => this.carried.has(id);
  readonly ask = (turn: TurnRequest) => {
    this.up.push(turn);
    this.carried.add(turn.id);
  };
  readonly resume = (run: string, after: number, id: string) => {
    this.up.push({ type: "resume", run, after, id });
    this.carried.add(id);
  };
  readonly cancel = (id: string, run?: string) => this.up.push({ type: "cancel", id, run });
}

let store: Store;
let socket: FakeSocket;
let runs: Reattachment;
/** What the server has of the conversation, or why it cannot be read. */
let tree: ConversationTree | Error;
let deleted: string[];

beforeEach(() => {
  store = new Store({ ...INITIAL, words: ENGLISH, grace: 120, connection: { status: "open" } });
  socket = new FakeSocket();
  has([]);
  deleted = [];
  const api = {
    request: (path: string, { method }: RequestInit) => Promise.resolve(deleted.push(`${method} ${path}`)),
  } as unknown as Api;
  const conversations = {
    read: () => (tree instanceof Error ? Promise.reject(tree) : Promise.resolve(tree)),
  } as unknown as ConversationsApi;
  const sent = new Map([["t1", TURN]]);
  runs = new Reattachment(store, socket as unknown as ChatSocket, api, conversations, sent);
  const { question, answer } = { question: "t0", answer: "t1" };
  const fields = { from: "", replaces: null, conversation: "c1", parent: null, text: "hi", question, answer, now: 0 };
  does({ type: "ask", ...fields });
  does({
    type: "stored",
    conversation: "c1",
    stored: {
      id: "c1",
      title: "hi",
      created: 0,
      updated: 0,
      pinned: false,
      archived: false,
      folder: null,
      settings: {},
    },
  });
  does({ type: "sent", answers: ["t1"] });
});

function does(...actions: Action[]): void {
  for (const action of actions) store.dispatch(action);
}

const comes = (...frames: FrameDown[]) => does({ type: "frames", frames, now: 0 });
const breaks = (code = 1006) => does({ type: "lost", reason: closeReasonOf(code) });

function has(messages: Stored[], live: LiveRun[] = []): void {
  tree = {
    id: "c1",
    title: "hi",
    created: 0,
    updated: 1,
    pinned: false,
    archived: false,
    folder: null,
    settings: {},
    messages,
    runs: live,
  };
}

function answer(): Answer {
  const message = conversationWith(store.state, "t1")?.messages.t1;
  if (message?.role !== "model") throw new Error("it is not here");
  return message;
}

test("a run is heard again after the last frame that came, and what comes twice is taken once", () => {
  comes(STARTED, { type: "delta", id: "t1", text: "Hel", seq: 2 }, { type: "delta", id: "t1", text: "lo", seq: 3 });
  breaks();
  expect(answer().status).toBe("reconnecting");
  runs.reattach();
  expect(socket.up).toEqual([{ type: "resume", run: "r1", after: 3, id: "t1" }]);
  expect(answer().status).toBe("streaming");
  comes({ type: "delta", id: "t1", text: "lo", seq: 3 }, { type: "delta", id: "t1", text: " world", seq: 7 });
  expect(answer()).toMatchObject({ text: "Hello world", run: { name: "r1", seq: 7 } });
});

test("what a connection carries already is not asked for again", () => {
  comes(STARTED);
  breaks();
  runs.reattach();
  runs.reattach();
  expect(socket.up).toHaveLength(1);
});

test("without a connection one is asked for", () => {
  comes(STARTED);
  breaks();
  does({ type: "connection", connection: { status: "resting" } });
  runs.reattach();
  expect([socket.woken, socket.up]).toEqual([1, []]);
});

test("a turn that had not begun and did not arrive is sent again, once", async () => {
  breaks();
  runs.reattach();
  await vi.waitFor(() => expect(socket.up).toEqual([TURN]));
  does({ type: "sent", answers: ["t1"] });
  socket.carried.clear();
  breaks();
  runs.reattach();
  await vi.waitFor(() => expect(answer().status).toBe("lost"));
  expect(socket.up).toEqual([TURN]);
});

test("a turn that had not begun and goes on is heard from its start", async () => {
  has([QUESTION], [{ run: "r1", question: "q1", state: "opening" }]);
  breaks();
  runs.reattach();
  await vi.waitFor(() => expect(socket.up).toEqual([{ type: "resume", run: "r1", after: 0, id: "t1" }]));
  expect(answer().status).toBe("waiting");
});

test("a turn that had not begun and was lost with its server is not sent again", async () => {
  has([QUESTION]);
  breaks();
  runs.reattach();
  await vi.waitFor(() => expect(answer().status).toBe("lost"));
  expect(answer().problem?.advice).toEqual([{ say: "advice_again_costs" }]);
  expect(socket.up).toEqual([]);
});

test("a run that is gone is found in its conversation", async () => {
  comes(STARTED, { type: "delta", id: "t1", text: "Hel", seq: 2 });
  breaks();
  runs.reattach();
  has([QUESTION, stored("a1", "model", "q1", "Hello world")]);
  socket.carried.clear();
  runs.refused(GONE);
  await vi.waitFor(() => expect(answer()).toMatchObject({ status: "done", text: "Hello world", stored: "a1" }));
});

test("of a run that is gone and left nothing, what came stays, and asking again is all that is left", async () => {
  comes(STARTED, { type: "delta", id: "t1", text: "Hel", seq: 2 });
  breaks();
  runs.reattach();
  has([QUESTION]);
  socket.carried.clear();
  runs.refused(GONE);
  await vi.waitFor(() => expect(answer()).toMatchObject({ status: "lost", text: "Hel" }));
  expect(answer().problem).toMatchObject({ advice: [{ say: "advice_again_all" }], setting: null });
});

test("what was ended because nobody came back says so", async () => {
  comes(STARTED, { type: "delta", id: "t1", text: "Hel", seq: 2 });
  breaks();
  has([QUESTION, { ...stored("a1", "model", "q1", "Hello"), finish_reason: "cancelled" }]);
  runs.reattach();
  socket.carried.clear();
  runs.refused(GONE);
  await vi.waitFor(() => expect(answer()).toMatchObject({ status: "lost", text: "Hello", stored: "a1" }));
  expect(answer().problem?.sentence).toEqual({ say: "answer_cut_away" });
});

test("a run that is refused for a while is asked for again later", async () => {
  vi.useFakeTimers();
  comes(STARTED);
  breaks();
  runs.reattach();
  socket.carried.clear();
  runs.refused(refusal("too_many_turns", { retry_after: 2 }));
  expect(answer().status).toBe("reconnecting");
  vi.advanceTimersByTime(1_999);
  expect(socket.up).toHaveLength(1);
  vi.advanceTimersByTime(1);
  expect(socket.up).toHaveLength(2);
  vi.useRealTimers();
});

test("a conversation that cannot be read is read again later", async () => {
  vi.useFakeTimers();
  breaks();
  tree = new Error("unreachable");
  runs.reattach();
  await vi.advanceTimersByTimeAsync(0);
  expect(answer().status).toBe("reconnecting");
  has([QUESTION], [{ run: "r1", question: "q1", state: "opening" }]);
  await vi.advanceTimersByTimeAsync(1_000);
  vi.useRealTimers();
  await vi.waitFor(() => expect(socket.up).toHaveLength(1));
});

test("an answer in a conversation that was deleted is given up", async () => {
  breaks();
  tree = new Refusal(refusal("not_found"));
  runs.reattach();
  await vi.waitFor(() => expect(answer().status).toBe("lost"));
});

test("Stop without a connection is a request, and is said again with the next connection", async () => {
  comes(STARTED, { type: "delta", id: "t1", text: "Hel", seq: 2 });
  breaks();
  await runs.stop(answer());
  expect(deleted).toEqual(["DELETE /runs/r1"]);
  does({ type: "stopping", answer: "t1" });
  runs.reattach();
  expect(socket.up).toEqual([
    { type: "resume", run: "r1", after: 2, id: "t1" },
    { type: "cancel", id: "t1", run: "r1" },
  ]);
  expect(answer().status).toBe("stopping");
});

test("a stopped answer of which the server has no more is stopped", async () => {
  comes(STARTED, { type: "delta", id: "t1", text: "Hel", seq: 2 });
  breaks();
  does({ type: "stopping", answer: "t1" });
  has([QUESTION, { ...stored("a1", "model", "q1", "Hel"), finish_reason: "cancelled" }]);
  runs.refused(GONE);
  await vi.waitFor(() => expect(answer()).toMatchObject({ status: "stopped", problem: null, stored: "a1" }));
});

test("a message that the connection broke for is not sent again", () => {
  breaks(1009);
  runs.reattach();
  expect([answer().status, socket.up]).toEqual(["lost", []]);
});
