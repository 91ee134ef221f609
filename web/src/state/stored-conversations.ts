// How the state changes with what the server stores: lists, trees, titles, deletions.

import type { ConversationPage, Conversation as StoredConversation } from "../protocol/frames";
import type { Sentence } from "../text/words/words";
import type { Reading } from "./conversation";
import { draftOf, withDraft } from "./drafts";
import { changed, entryOf, type Listing, type Place, withEntry, without, withPage } from "./listing";
import { type Action, change, idOf, PROMPTS, type State } from "./state";
import { type UnstoredTurn, withUnstoredTurns } from "./unstored-turns";

export function listed(state: State, { words, page, isFirst }: Extract<Action, { type: "listed" }>): State {
  const withIt = listings(state, (listing) => {
    if (listing.words !== words) return listing;
    const before = words !== "" && isFirst ? { ...listing, entries: [] } : listing; // what other words had found
    return withPage(before, page, isFirst, (stored) => idOf(state, stored));
  });
  const titles = new Map(page.conversations.map(({ id, title }) => [id, title]));
  const conversations = state.conversations.map((c) => {
    const title = titles.get(c.stored ?? "") || c.title;
    return title === c.title ? c : { ...c, title };
  });
  return { ...withIt, conversations };
}

export function notListed(state: State, words: string, why: Sentence): State {
  return listings(state, (listing) => (listing.words === words ? { ...listing, trouble: why } : listing));
}

/** The store has made or changed a conversation. */
export function noteStored(state: State, id: string, { id: stored, settings }: StoredConversation): State {
  const changing = change(state, id, (c) => ({ ...c, stored, saved: settings, refusal: null }));
  return listings(changing, (listing) => changed(listing, id, { stored }));
}

export function read(state: State, { conversation: id, tree, merge }: Extract<Action, { type: "read" }>): State {
  const questions = tree.messages.flatMap(({ role, text }) => (role === "user" ? [text] : []));
  const prompts = [...new Set([...questions, ...state.prompts])].slice(-PROMPTS);
  const [records, unstored] = unstoredTurnsOf(state, id);
  const reading = change(state, id, (c) => withUnstoredTurns(merge(c, tree), records));
  return listings({ ...reading, prompts, unstored }, (listing) => changed(listing, id, { updated: tree.updated }));
}

/** What is here is shown all the same when the store is away, but not when it has none of it. */
export function notRead(state: State, id: string, reading: Reading): State {
  const notReading = change(state, id, (c) =>
    c.reading.status === "done" && reading.status !== "gone" ? c : { ...c, reading },
  );
  return reading.status === "gone" ? intoBox(notReading, id) : notReading;
}

/** What was asked and edited in a chat that is gone, and is not here, comes back into its box. */
function intoBox(state: State, id: string): State {
  const [records, unstored] = unstoredTurnsOf(state, id);
  const { text, edits } = draftOf(state, id);
  const messages = state.conversations.find((c) => c.id === id)?.messages ?? {};
  const shown = Object.entries(edits).filter(([at]) => at in messages);
  const lost = Object.entries(edits).flatMap(([at, written]) => (at in messages ? [] : [written]));
  const texts = [...records.map(({ question }) => question.text), ...lost, text].filter((written) => written !== "");
  return withDraft({ ...state, unstored }, id, { text: texts.join("\n\n"), edits: Object.fromEntries(shown) });
}

/** The questions that the browser has kept of a conversation, and those of others. */
function unstoredTurnsOf({ unstored, conversations }: State, id: string): [UnstoredTurn[], UnstoredTurn[]] {
  const stored = conversations.find((c) => c.id === id)?.stored ?? null;
  const { own = [], others = [] } = Object.groupBy(unstored, (record) =>
    record.conversation.stored === stored ? "own" : "others",
  );
  return [own, others];
}

/** A chat has another place in the list; an archived one has none. */
export function place(state: State, id: string, { archived, ...place }: Place): State {
  return listings(state, (listing) => (archived ? without(listing, id) : changed(listing, id, place)));
}

/** Put these chats into the list of all. */
export function alsoListed(state: State, page: ConversationPage): State {
  const entries = page.conversations.map((listed) => entryOf(listed, (stored) => idOf(state, stored)));
  return { ...state, list: entries.reduce(withEntry, state.list) };
}

/** Chats that are deleted or archived are listed no more; what was read of them stays until another one is shown. */
export function unlisted(state: State, ids: readonly string[]): State {
  return listings(state, (listing) => ids.reduce(without, listing));
}

export function rename(state: State, id: string, title: string): State {
  const renaming = change(state, id, (c) => ({ ...c, title }));
  return listings(renaming, (listing) => changed(listing, id, { title }));
}

export function startDeleting(state: State, id: string): State {
  const entry = [...state.list.entries, ...(state.found?.entries ?? [])].find((entry) => entry.id === id);
  if (entry === undefined) return state;
  return { ...state, deleting: { entry, wasShown: state.shown === id } };
}

/** A deleted conversation takes with it what was written in it. */
export function forget(state: State): State {
  const { id = "", stored = null } = state.deleting?.entry ?? {};
  const conversations = state.conversations.filter((c) => c.id !== id);
  const unstored = state.unstored.filter(({ conversation }) => conversation.stored !== stored);
  const { [id]: _, ...drafts } = state.drafts;
  const { [id]: __, ...settings } = state.settings;
  const forgotten = { ...state, conversations, unstored, drafts, settings, deleting: null };
  return listings(forgotten, (listing) => without(listing, id));
}

/** Change what is listed, and what is found. */
function listings(state: State, change: (listing: Listing) => Listing): State {
  return { ...state, list: change(state.list), found: state.found && change(state.found) };
}
