import { expect, test } from "vitest";
import { attached, filesIn, filesOf } from "./attachments";
import { NO_DRAFT } from "./drafts";
import { draftIn, keptIn, keptOfNew, textOf } from "./kept";
import { reduce } from "./reduce";
import { INITIAL, type State } from "./state";

const FILE = { id: "f1", name: "sea.png", type: "image/png", size: 5 };
const SENDING = { ...attached(FILE), key: "k", id: null, progress: 0.5 };
const withFiles = (files: State["drafts"][string]["files"]): State =>
  reduce(INITIAL, { type: "attach", chat: "", files });

test("a draft keeps the files that the server has, and no others", () => {
  const kept = keptOfNew(withFiles([attached(FILE), SENDING]));
  if (kept === null) throw new Error("nothing is kept");
  const read = draftIn(keptIn(textOf(kept, "page", 1))?.content ?? {});
  expect(read).toEqual({ ...NO_DRAFT, files: [attached(FILE)], settings: null });
});

test.each([[null], ["f1"], [[{ id: "f1" }]], [[null]], [[{ ...FILE, size: "5" }]]])("%j are no files", (value) => {
  expect(filesIn(value)).toEqual([]);
});

test("a question takes the files out of its box, and the server's ids with it", () => {
  const files = filesOf([attached(FILE)]);
  const state = reduce(withFiles([attached(FILE)]), {
    ...{ type: "ask", from: "", replaces: null, conversation: "c", question: "q", parent: null },
    ...{ text: "hi", files, answer: "a", now: 1 },
  });
  expect(state.drafts).toEqual({});
  expect(state.conversations[0]?.messages.q).toMatchObject({ files: [FILE] });
});

test("who writes on does not wait for the files any more", () => {
  const waiting = reduce(INITIAL, { type: "attach", chat: "", files: [SENDING], waits: true });
  const written = reduce(waiting, { type: "write", chat: "", text: "more" });
  expect(written.drafts[""]).toMatchObject({ files: [SENDING], waits: false });
});
