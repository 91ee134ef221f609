import { expect, test } from "vitest";
import type { ConversationPage } from "../protocol/frames";
import { groupsOf, type Listing } from "./listing";
import { reduce } from "./reduce";
import { type Action, INITIAL, type State } from "./state";

const after = (...actions: Action[]): State => actions.reduce(reduce, INITIAL);
const page = (next: string | null, ...times: number[]): ConversationPage => ({
  next,
  conversations: times.map((updated) => ({
    id: `c${updated}`,
    title: `at ${updated}`,
    created: 0,
    updated,
    pinned: false,
    archived: false,
    folder: null,
    settings: {},
  })),
});
const listed = (page: ConversationPage, isFirst = true, words = ""): Action => ({
  type: "listed",
  words,
  page,
  isFirst,
});
const ids = ({ entries }: Listing) => entries.map(({ id }) => id);
const ask = (now: number): Action => ({
  type: "ask",
  from: "",
  replaces: null,
  conversation: "new",
  question: "q1",
  parent: null,
  text: "Why?",
  answer: "t1",
  now,
});

test("pages follow each other, and the list goes on where the last one ended", () => {
  const state = after(listed(page("x", 9, 8)), listed(page("y", 7, 6), false));
  expect(ids(state.list)).toEqual(["c9", "c8", "c7", "c6"]);
  expect(state.list.next).toBe("y");
});

test("a first page that is read anew keeps the later ones, but not what is gone from it", () => {
  const state = after(listed(page("x", 9, 8)), listed(page("y", 7, 6), false), listed(page("x", 10, 8)));
  expect(ids(state.list)).toEqual(["c10", "c8", "c7", "c6"]);
  expect(state.list.next).toBe("y");
  expect(ids(reduce(state, listed(page(null, 10))).list)).toEqual(["c10"]);
});

test("a chat is listed with its first question, first of all, and still when it gets a place in the store", () => {
  const withNew = after(listed(page(null, 9, 8)), ask(10_000));
  expect(ids(withNew.list)).toEqual(["new", "c9", "c8"]);
  const stored = {
    id: "c10",
    title: "Why?",
    created: 0,
    updated: 10,
    pinned: false,
    archived: false,
    folder: null,
    settings: {},
  };
  const state = [{ type: "stored", conversation: "new", stored } as Action, listed(page(null, 10, 9, 8))].reduce(
    reduce,
    withNew,
  );
  expect(ids(state.list)).toEqual(["new", "c9", "c8"]);
  expect(state.list.entries[0]?.stored).toBe("c10");
});

test("what is found takes the place of the list once it is here, and answers to other words are dropped", () => {
  const typed = after(listed(page(null, 9, 8)), { type: "search", words: "a" }, { type: "search", words: "ab" });
  expect(typed.found && ids(typed.found)).toEqual(["c9", "c8"]);
  expect(reduce(typed, listed(page(null, 7), true, "a")).found?.isRead).toBe(false);
  const found = reduce(typed, listed(page(null, 8), true, "ab"));
  expect(found.found && ids(found.found)).toEqual(["c8"]);
  expect(reduce(found, { type: "search", words: "" }).found).toBe(null);
  expect(ids(found.list)).toEqual(["c9", "c8"]);
});

test("a new title is told wherever the chat is listed or shown", () => {
  const state = after(
    listed(page(null, 9)),
    { type: "show", conversation: "c9" },
    { type: "search", words: "at" },
    listed(page(null, 9), true, "at"),
    { type: "rename", conversation: "c9", title: "Better" },
  );
  expect([state.list.entries[0], state.found?.entries[0], state.conversations[0]].map((one) => one?.title)).toEqual(
    Array(3).fill("Better"),
  );
});

test("a deleted chat comes back as it was, unless its time is over", () => {
  const deleting = after(
    listed(page(null, 9, 8)),
    { type: "show", conversation: "c9" },
    { type: "delete", conversation: "c9" },
  );
  expect(deleting.shown).toBe(null);
  expect(reduce(deleting, { type: "undo" })).toMatchObject({ shown: "c9", deleting: null });
  const elsewhere = reduce(deleting, { type: "show", conversation: "c8" });
  expect(reduce(elsewhere, { type: "undo" }).shown).toBe("c8");
  const gone = reduce(deleting, { type: "deleted" });
  expect(ids(gone.list)).toEqual(["c8"]);
  expect(gone.conversations).toEqual([]);
});

test("a listing that could not be read says why, until it is", () => {
  const away = after({ type: "not_listed", words: "", why: { say: "unreachable" } });
  expect(away.list.trouble).toEqual({ say: "unreachable" });
  expect(reduce(away, listed(page(null, 1))).list.trouble).toBe(null);
});

test("chats stand under the day of their last word, by the reader's clock", () => {
  const at = (...date: [number, number, number, number]) => new Date(...date).getTime() / 1000;
  const times = [at(2026, 2, 29, 0), at(2026, 2, 28, 23), at(2026, 2, 28, 0), at(2026, 2, 27, 23), at(2025, 2, 29, 1)];
  const entries = times.map((updated, index) => ({ id: String(index), stored: null, title: "", updated }));
  const groups = groupsOf(entries, new Date(2026, 2, 29, 12));
  expect(groups.map(({ name, entries }) => [name, entries.length])).toEqual([
    ["today", 1],
    ["yesterday", 2],
    ["older", 2],
  ]);
});
