import { beforeEach, expect, test } from "vitest";
import { Refusal } from "../connection/api";
import type { FilesApi } from "../connection/files-api";
import type { ErrorFrame, ShownFile } from "../protocol/frames";
import { INITIAL } from "../state/state";
import { Store } from "../state/store";
import type { UnstoredTurn } from "../state/unstored-turns";
import { ENGLISH } from "../testing/english";
import { Attachments } from "./attachments";
import type { Identity } from "./identity";
import type { Turns } from "./turns";

interface Upload {
  file: File;
  signal: AbortSignal;
  take: (id: string) => Promise<void>;
  fail: (fault: Error) => Promise<void>;
}

let uploads: Upload[];
let questions: string[];
/** The ids of questions that were sent from chats which were not shown. */
let elsewhere: string[];
let store: Store;
let attachments: Attachments;

beforeEach(() => {
  [uploads, questions, elsewhere] = [[], [], []];
  store = new Store({ ...INITIAL, words: ENGLISH, fileBytes: 100 });
  const upload = (file: File, _: unknown, signal: AbortSignal) =>
    new Promise<ShownFile>((resolve, reject) => {
      const settled = () => new Promise<void>((done) => setTimeout(done));
      uploads.push({
        file,
        signal,
        take: (id) => {
          resolve({ id, name: file.name, type: "text/plain", size: file.size });
          return settled();
        },
        fail: (fault) => {
          reject(fault);
          return settled();
        },
      });
    });
  const api = { upload } as unknown as FilesApi;
  const resume = (queued: readonly UnstoredTurn[]) => elsewhere.push(...queued.map((turn) => turn.question.id));
  const turns = { ask: (text: string) => questions.push(text), resume } as unknown as Turns;
  attachments = new Attachments(store, api, turns, { handle: () => {} } as unknown as Identity);
});

const file = (name: string, content = "words") => new File([content], name, { type: "text/plain" });
const files = () => store.state.drafts[""]?.files ?? [];
const connection = (status: "open" | "connecting") =>
  store.dispatch({ type: "connection", connection: { status } as never });

test("three are sent at once, and the next when one has ended", async () => {
  attachments.add([file("1"), file("2"), file("3"), file("4")]);
  expect(uploads.map((it) => it.file.name)).toEqual(["1", "2", "3"]);
  await uploads[0]?.take("a");
  expect(uploads.map((it) => it.file.name)).toEqual(["1", "2", "3", "4"]);
  expect(files().map(({ id }) => id)).toEqual(["a", null, null, null]);
});

test("what is too large or empty is refused before it is sent", () => {
  attachments.add([file("large", "x".repeat(101)), file("empty", ""), file("good")]);
  expect(files().map(({ refusal }) => refusal)).toEqual([
    "It has 101 bytes: a file may have at most 100 bytes.",
    "It is empty.",
    null,
  ]);
  expect(uploads.map((it) => it.file.name)).toEqual(["good"]);
});

test("one that is removed is not sent on, and its end changes nothing", async () => {
  attachments.add([file("1")]);
  attachments.remove(files()[0]?.key ?? "");
  expect(uploads[0]?.signal.aborted).toBe(true);
  await uploads[0]?.fail(new Error("not sent"));
  expect(files()).toEqual([]);
});

test("a message that waits for its files is asked once they are there", async () => {
  attachments.add([file("1")]);
  store.dispatch({ type: "write", chat: "", text: "hi" });
  store.dispatch({ type: "attach", chat: "", files: files(), waits: true });
  expect(questions).toEqual([]);
  await uploads[0]?.take("a");
  expect(questions).toEqual(["hi"]);
});

/** Begin a chat with a question, as it is asked in the box of the place. */
const ask = (conversation: string, from = "") => {
  const ids = { question: `question of ${conversation}`, answer: `answer of ${conversation}` };
  store.dispatch({ type: "ask", from, conversation, parent: null, replaces: null, text: "hi", now: 0, ...ids });
};

test("a message that waits for its files is asked in its own chat once they are there, whichever is shown", async () => {
  ask("mine");
  attachments.add([file("1")]);
  const waiting = store.state.drafts.mine?.files ?? [];
  store.dispatch({ type: "write", chat: "mine", text: "and this" });
  store.dispatch({ type: "attach", chat: "mine", files: waiting, waits: true });
  ask("other");
  await uploads[0]?.take("a");
  expect(store.state).toMatchObject({ shown: "other", drafts: {} });
  const mine = store.state.conversations.find(({ id }) => id === "mine");
  const question = Object.values(mine?.messages ?? {}).find(({ text }) => text === "and this");
  expect(question).toMatchObject({ role: "user", files: [{ id: "a", name: "1" }] });
  expect(elsewhere).toEqual([question?.id]);
  expect(questions).toEqual([]);
});

test("a message that waits in a new chat begins that while another is shown", async () => {
  attachments.add([file("1")]);
  store.dispatch({ type: "write", chat: "", text: "begin" });
  store.dispatch({ type: "attach", chat: "", files: files(), waits: true });
  ask("other", "elsewhere");
  await uploads[0]?.take("a");
  expect(store.state.shown).toBe("other");
  expect(store.state.conversations.map(({ title }) => title)).toEqual(["hi", "begin"]);
  expect(elsewhere).toHaveLength(1);
});

test("nothing is asked in a chat that is being deleted, unless it is brought back", async () => {
  ask("mine");
  attachments.add([file("1")]);
  store.dispatch({ type: "write", chat: "mine", text: "and this" });
  store.dispatch({ type: "attach", chat: "mine", files: store.state.drafts.mine?.files ?? [], waits: true });
  store.dispatch({ type: "delete", conversation: "mine" });
  await uploads[0]?.take("a");
  expect([questions, elsewhere]).toEqual([[], []]);
  store.dispatch({ type: "undo" });
  expect(questions).toEqual(["and this"]);
});

test("a message whose file is refused waits no longer, and says so", async () => {
  attachments.add([file("1")]);
  store.dispatch({ type: "attach", chat: "", files: files(), waits: true });
  const problem = { code: "invalid_file", message: "The file is empty.", retryable: false } as ErrorFrame;
  await uploads[0]?.fail(new Refusal(problem));
  expect(questions).toEqual([]);
  expect(store.state.drafts[""]).toMatchObject({ waits: false });
  expect(store.state.notice).toMatch("Not sent");
});

test("what did not reach the server is sent again when the connection is back, and what was refused is not", async () => {
  attachments.add([file("1"), file("2")]);
  connection("connecting");
  await uploads[0]?.fail(new Error("not sent"));
  await uploads[1]?.fail(new Refusal({ code: "unsupported", message: "", retryable: false } as ErrorFrame));
  connection("open");
  expect(uploads.map((it) => it.file.name)).toEqual(["1", "2", "1"]);
  await uploads[2]?.take("a");
  expect(files().map(({ id }) => id)).toEqual(["a", null]);
});
