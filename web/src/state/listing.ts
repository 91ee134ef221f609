// The chats as the sidebar lists them: the last used first, page by page.

import type { ConversationPage, ListedConversation } from "../protocol/frames";
import type { Sentence } from "../text/words/words";

export interface Entry {
  /** The page's own name for the conversation. */
  id: string;
  stored: string | null;
  title: string;
  /** When something was last said in it, in seconds since the epoch. */
  updated: number;
  pinned?: boolean;
  /** The id of its folder. */
  folder?: string | null;
  /** A line around what was looked for. */
  excerpt?: string;
  /** The stored id of the message in which that stands. */
  message?: string;
}

/** Where a chat stands in the list; what is absent stays as it is. */
export interface Place {
  pinned?: boolean;
  archived?: boolean;
  folder?: string | null;
}

export interface Listing {
  /** The words that are looked for; none where all chats are listed. */
  words: string;
  entries: readonly Entry[];
  /** The cursor of the next page; null at the end. */
  next: string | null;
  /** Whether a first page has come, for these words. */
  isRead: boolean;
  /** Why the last page did not come, as a sentence. */
  trouble: Sentence | null;
}

export interface Group {
  name: "pinned" | "today" | "yesterday" | "older";
  entries: readonly Entry[];
}

export function listingOf(words: string): Listing {
  return { words, entries: [], next: null, isRead: false, trouble: null };
}

/**
 * The listing with another page: the first one, read anew, or the one after those that are here. `idOf` gives the
 * page's name for a stored conversation.
 */
export function withPage(
  listing: Listing,
  page: ConversationPage,
  isFirst: boolean,
  idOf: (stored: string) => string,
): Listing {
  const read = page.conversations.map((listed) => entryOf(listed, idOf));
  const ids = new Set(read.map(({ id }) => id));
  const others = listing.entries.filter(({ id }) => !ids.has(id));
  if (!isFirst) return { ...listing, entries: ordered([...others, ...read]), next: page.next, trouble: null };
  // What should be on this page and is not was deleted elsewhere; what is kept nowhere yet is only here.
  const oldest = page.next === null ? Number.NEGATIVE_INFINITY : (read.at(-1)?.updated ?? 0);
  const isElsewhere = ({ pinned, folder }: Entry) => listing.words === "" && (pinned === true || Boolean(folder));
  const kept = others.filter((entry) => entry.stored === null || entry.updated < oldest || isElsewhere(entry));
  const goesOn = kept.some((entry) => entry.stored !== null && !isElsewhere(entry));
  const entries = ordered([...kept, ...read]);
  return { ...listing, entries, next: goesOn ? listing.next : page.next, isRead: true, trouble: null };
}

/** A chat as the server lists it. */
export function entryOf(
  { id, title, updated, pinned, folder, excerpt, message }: ListedConversation,
  idOf: (stored: string) => string,
): Entry {
  return { id: idOf(id), stored: id, title, updated, pinned, folder, ...(excerpt && message && { excerpt, message }) };
}

/** What was listed until now, while these words are looked for: what they are found in takes its place. */
export function lookingFor(before: Listing, words: string): Listing {
  return { ...before, words, next: null, isRead: false, trouble: null };
}

/** The listing with this entry in its place. */
export function withEntry(listing: Listing, entry: Entry): Listing {
  return { ...listing, entries: ordered([entry, ...listing.entries.filter(({ id }) => id !== entry.id)]) };
}

/** The listing with an entry changed, where it stands in it. */
export function changed(listing: Listing, id: string, changes: Partial<Entry>): Listing {
  return { ...listing, entries: listing.entries.map((entry) => (entry.id === id ? { ...entry, ...changes } : entry)) };
}

export function without(listing: Listing, id: string): Listing {
  return { ...listing, entries: listing.entries.filter((entry) => entry.id !== id) };
}

/** Entries by the day on which something was last said, by the clock and the time zone of `now`. */
export function groupsOf(entries: readonly Entry[], now: Date): Group[] {
  const midnight = (daysAgo: number) =>
    new Date(now.getFullYear(), now.getMonth(), now.getDate() - daysAgo).getTime() / 1000;
  const [today, yesterday] = [midnight(0), midnight(1)];
  const dayOf = (updated: number): Group["name"] =>
    updated >= today ? "today" : updated >= yesterday ? "yesterday" : "older";
  const nameOf = ({ updated, pinned }: Entry) => (pinned ? "pinned" : dayOf(updated));
  const groups = [...Map.groupBy(entries, nameOf)].map(([name, entries]) => ({ name, entries }));
  return [...groups.filter(({ name }) => name === "pinned"), ...groups.filter(({ name }) => name !== "pinned")];
}

function ordered(entries: Entry[]): Entry[] {
  return entries.sort((one, other) => other.updated - one.updated);
}
